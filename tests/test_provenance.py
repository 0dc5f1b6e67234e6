"""What a result says of how it was made."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from allaprima.file_painter import FilePainter
from allaprima.look.look import Look
from allaprima.painter import Painter
from allaprima.picture.animation import Animation
from allaprima.picture.formats import WRITABLE
from allaprima.picture.metadata import with_software
from allaprima.picture.picture import Picture
from allaprima.provenance import Stamp, digest, read_stamp, stamped, standing, version_of, with_comment
from allaprima.stylizer import Stylizer
from support import checkered, touch

STAMP = Stamp("0123456789abcdef", 60_628)


def encoded(content: Picture | Animation, suffix: str) -> bytes:
    data = stamped(content, STAMP).encode(suffix)
    return with_comment(data, STAMP) if suffix == ".gif" else data


@pytest.mark.parametrize("suffix", sorted(set(WRITABLE) - {".bmp"}))
@pytest.mark.parametrize("described", [False, True], ids=["bare", "described"])
def test_every_format_but_bmp_keeps_the_stamp(tmp_path, suffix, described):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)  # more than 128 KiB in every format
    exif = Image.Exif()
    if described:
        exif[0x013B] = "an artist " * 700
        exif = with_software(exif, "a camera")
    path = touch(tmp_path / f"a{suffix}", encoded(Picture(noise, exif=exif), suffix))
    assert read_stamp(path) == STAMP
    with Image.open(path) as image:
        assert image.size == (400, 300)
        image.load()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".avif"])
def test_animations_keep_it(tmp_path, suffix):
    frames = [Picture(checkered(40, 30, seed), duration=80) for seed in range(3)]
    path = touch(tmp_path / f"a{suffix}", encoded(Animation(frames, (40, 30), 3), suffix))
    assert read_stamp(path) == STAMP
    with Image.open(path) as image:
        assert image.n_frames == 3


def test_the_photographs_metadata_stay(tmp_path):
    exif = Image.Exif()
    exif[0x8298] = "Jürgen".encode()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    exif[0x8769] = {0x9003: "2024:05:06 07:08:09"}
    picture = stamped(Picture(checkered(20, 20), exif=exif), STAMP)
    data = picture.encode(".jpg")
    read = Image.open(touch(tmp_path / "a.jpg", data)).getexif()
    assert "Jürgen".encode() in data
    assert read[0x0131] == str(STAMP)
    assert read.get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"


def test_a_file_without_stamp_has_none(tmp_path):
    assert read_stamp(touch(tmp_path / "a.jpg", b"x" * 300_000)) is None
    assert read_stamp(tmp_path / "gone.jpg") is None


def at(path, second):
    os.utime(path, (second, second))
    return path


def test_how_a_result_stands(tmp_path):
    source = at(touch(tmp_path / "a.jpg", b"y" * 100), 1000)
    target = tmp_path / "b.jpg"

    def stands(look="0123456789abcdef"):
        return standing(source, target, look)

    assert stands() == "missing"
    at(touch(target, b"by somebody else"), 2000)
    assert stands() == "done"
    at(target, 500)
    assert stands() == "other"
    at(touch(target, str(Stamp("0123456789abcdef", 100)).encode()), 2000)
    assert stands() == "done"
    assert stands("another look 000") == "stale"
    at(source, 3000)  # painted again since
    assert stands() == "stale"
    at(touch(source, b"y" * 101), 1000)  # only half of it was there, and a copy keeps its time
    assert stands() == "stale"
    assert standing(source, source, "0123456789abcdef") == "other"


def test_a_photograph_is_known_by_its_bytes(tmp_path):
    source, target = touch(tmp_path / "a.jpg", b"y" * 100), tmp_path / "b.jpg"
    touch(target, str(Stamp("0123456789abcdef", 100, version_of(source))).encode())

    def stands():
        return standing(source, target, "0123456789abcdef")

    assert stands() == "done"
    at(source, 4_000_000_000)  # copied, say, together with its result
    assert stands() == "done"
    at(touch(source, b"z" * 100), 1000)  # another one of the same size, which keeps its time
    at(target, 2000)
    assert stands() == "stale"
    at(target, 4_000_000_000)  # newer than any moment at which something was done to the photograph: it is not read
    assert stands() == "done"


def test_a_version_is_that_of_the_bytes_wherever_they_are(tmp_path):
    path = touch(tmp_path / "a.jpg", b"y" * (2**20 + 1))
    stream = io.BytesIO(path.read_bytes())
    stream.seek(5)
    assert version_of(path) == version_of(stream) == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert version_of(tmp_path) == version_of(tmp_path / "gone.jpg") == ""


def test_digests_tell_values_apart():
    values = [1, 1.5, "1", None, True, (1,), (1, 2), ((1,), 2), np.zeros(3), np.zeros((3, 1)), np.zeros(3, np.uint8)]
    assert len({digest(value) for value in values}) == len(values)
    assert digest("a", "b") != digest("ab", "")
    assert digest(np.arange(4)) == digest(np.arange(4))


@pytest.fixture(scope="module")
def painter() -> FilePainter:
    return FilePainter(Stylizer().painter(Look("udnie")))


def with_look(painter: FilePainter, look: Look) -> FilePainter:
    return replace(painter, painter=Painter(painter.painter.engine, look))


def test_every_choice_about_the_look_counts(painter):
    mask = np.full((8, 8), 255, np.uint8)
    looks = [
        Look("udnie"), Look("cossacks"), Look("udnie:0.5,cossacks:0.5"), Look("udnie", 0.5), Look("udnie", stroke=512),
        Look("udnie", stroke="own"), Look("udnie", color="photo"), Look("udnie", mask=mask),
        Look("udnie", mask=mask, feather=3.0), Look("udnie", mask=mask, invert_mask=True),
        Look("udnie", mask=mask // 2),
        Look("udnie", mask=mask, mask_style="cossacks"),
    ]  # fmt: skip
    others = [
        replace(painter, size=100),
        replace(painter, quality=50),
        replace(painter, keep_gps=True),
        FilePainter(Stylizer("fine").painter(Look("udnie"))),
    ]
    digests = [with_look(painter, look).digest for look in looks] + [other.digest for other in others]
    assert len(set(digests)) == len(digests)


def test_what_is_said_otherwise_is_the_same(painter):
    for same in (Look("udnie:2"), Look("udnie", stroke=1024), Look({"udnie": 1.0})):
        assert with_look(painter, same).digest == painter.digest
    assert replace(painter, max_pixels=10**6).digest == painter.digest


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif"])
def test_a_result_of_stylize_file_is_known_to_resume(tmp_path, suffix):
    """It is the very file that the command makes, and is left alone until something is chosen otherwise."""
    photo, target = tmp_path / "photo.png", tmp_path / f"painted{suffix}"
    Image.fromarray(checkered(48, 32)).save(photo)
    stylizer = Stylizer(threads=1)
    stylizer.stylize_file(photo, target, "udnie", 0.5)
    painter = FilePainter(stylizer.painter(Look("udnie", 0.5)))
    assert standing(photo, target, painter.digest) == "done"
    assert target.read_bytes() == painter.paint_file(photo, suffix)
    assert standing(photo, target, with_look(painter, Look("udnie")).digest) == "stale"
