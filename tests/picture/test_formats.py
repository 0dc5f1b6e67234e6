"""Formats told apart by content, found by every usual name, and what each can hold."""

from __future__ import annotations

import io
import struct
import threading

import numpy as np
import pytest
from PIL import Image

from allaprima.errors import OutputError, PictureError
from allaprima.picture.content import format_of_content
from allaprima.picture.formats import SUFFIXES, WRITABLE, check_size_of_format, suffix_for
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture
from odd import saved
from support import checkered


def read(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data))


@pytest.mark.parametrize("suffix", sorted(Image.registered_extensions()))
def test_what_is_read_when_named_is_found_in_a_folder(suffix):
    kind = Image.registered_extensions()[suffix]
    if kind in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO"):
        assert suffix in SUFFIXES


@pytest.mark.parametrize(
    ("own", "result"),
    [
        (".jfif", "JPEG"), (".jpe", "JPEG"), (".MPO", "JPEG"), (".JPG", "JPEG"), (".apng", "PNG"), (".avifs", "AVIF"),
        (".heic", "PNG"), (".jp2", "PNG"), (".pfm", "PNG"), (".tiff", "TIFF"),
    ],
)  # fmt: skip
def test_a_result_has_the_format_of_its_picture(own, result):
    assert WRITABLE[suffix_for(own).lower()] == result


def ftyp(major: bytes, *others: bytes) -> bytes:
    return struct.pack(">I4s4sI", 16 + 4 * len(others), b"ftyp", major, 0) + b"".join(others)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        *((ftyp(brand), "HEIF") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")),
        *((ftyp(brand, b"avif"), "AVIF") for brand in (b"avif", b"mif1", b"msf1", b"miaf")),
        *((ftyp(brand, b"mif1", b"heic"), "HEIF") for brand in (b"mif1", b"msf1")),
        (ftyp(b"avis", b"msf1"), "AVIF"),
        (b"\xff\xd8\xff\xe1", "JPEG"),
        (b"Pf\n1 1\n-1\n", "PFM"),
    ],
)
def test_formats_by_content(start, kind):
    assert format_of_content(start.ljust(64, b"\0")) == kind


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\xff\x0a", "JPEG XL"), (b"8BPS\0\1", "Photoshop"), (b"%PDF-1.7", "PDF"), (b"<svg xmlns", "SVG"),
        (ftyp(b"isom", b"mp42"), "video"), (ftyp(b"qt  "), "video"), (b"P7\nWIDTH 2\n", "PAM"),
        (ftyp(b"abcd"), "known format"), (b"nothing at all", "known format"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(start, words):
    with pytest.raises(PictureError, match=words):
        read(start.ljust(300, b"\0"))


@pytest.mark.parametrize(
    ("kind", "most"), [("JPEG", 65_500), ("WEBP", 16_383), ("GIF", 65_535), ("AVIF", 65_536)]
)  # fmt: skip
def test_what_a_format_holds(kind, most):
    check_size_of_format(kind, most, 1)
    for size in ((most + 1, 1), (1, most + 1)):
        with pytest.raises(OutputError, match=f"{most:,}"):
            check_size_of_format(kind, *size)
    suffix = next(suffix for suffix, own in WRITABLE.items() if own == kind)
    if kind != "AVIF":  # whose encoder takes minutes for that
        with Image.open(io.BytesIO(Picture(np.zeros((1, most, 3), np.uint8)).encode(suffix))) as image:
            assert image.size == (most, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".gif", ".webp"])
def test_a_picture_too_large_for_its_format_is_one_sentence(suffix):
    with pytest.raises(OutputError, match="holds no side above"):
        Picture(np.zeros((1, 70_000, 3), np.uint8)).encode(suffix)


def test_the_limit_of_a_host_program_is_neither_asked_nor_changed(monkeypatch):
    data = saved(Image.fromarray(checkered(64, 48)), "PNG")
    tiff = saved(Image.fromarray(checkered(64, 48)), "TIFF")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    seen, stop = set(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.add(Image.MAX_IMAGE_PIXELS)

    thread = threading.Thread(target=watch)
    thread.start()
    for _ in range(50):
        assert read(data).size == read(tiff).size == (64, 48)
    stop.set()
    thread.join()
    assert seen == {100}
