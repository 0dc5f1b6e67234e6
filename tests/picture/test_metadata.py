"""Who, when and with what: from every format into every other, in every alphabet, and never at the picture's cost."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

import allaprima
from allaprima.picture.formats import WITHOUT_EXIF, WRITABLE
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture
from support import checkered

BASE, IFD = ExifTags.Base, ExifTags.IFD
COPYRIGHT, ARTIST, MOMENT = "© 2024 Jürgen Müller", "東京 Jürgen", "2024:05:01 10:00:00"
SOURCES = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
TARGETS = sorted(suffix for suffix, kind in WRITABLE.items() if kind not in WITHOUT_EXIF)


def of_a_camera(encoding: str = "utf-8") -> Image.Exif:
    exif = Image.Exif()
    exif[BASE.Make] = "Camera"
    exif[BASE.Copyright] = COPYRIGHT.encode(encoding)
    exif[BASE.Artist] = (ARTIST if encoding == "utf-8" else "Jürgen").encode(encoding)
    exif[BASE.Orientation] = 1
    exif[IFD.Exif] = {
        BASE.DateTimeOriginal: MOMENT,
        BASE.ExposureTime: 0.004,
        BASE.ISOSpeedRatings: 400,
        BASE.MakerNote: bytes(range(256)) * 8,
        BASE.UserComment: b"UNICODE\0" + "ü".encode("utf-16"),
    }
    exif[IFD.GPSInfo] = {1: "N", 2: (48.0, 51.0, 30.0)}
    whole = Image.Exif()
    whole.load(exif.tobytes())  # so that a TIFF can be written
    whole[BASE.Copyright], whole[BASE.Artist] = exif[BASE.Copyright], exif[BASE.Artist]
    return whole


def photograph(kind: str, encoding: str = "utf-8") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, kind, exif=of_a_camera(encoding))
    return buffer.getvalue()


def kept(data: bytes) -> tuple[dict[int, str], dict[int, object]]:
    """Texts, and the moment."""
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        texts = {tag: str(exif[tag]).encode("latin-1").decode("utf-8") for tag in (BASE.Copyright, BASE.Artist)}
        return texts, dict(exif.get_ifd(IFD.Exif))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", SOURCES)
def test_from_every_format_into_every_other(kind, target):
    texts, moment = kept(read_picture(io.BytesIO(photograph(kind))).encode(target))
    assert texts == {BASE.Copyright: COPYRIGHT, BASE.Artist: ARTIST}
    assert moment[BASE.DateTimeOriginal] == MOMENT
    assert float(moment[BASE.ExposureTime]) == pytest.approx(0.004)
    assert BASE.MakerNote not in moment


@pytest.mark.parametrize("target", TARGETS)
def test_latin_1_becomes_utf_8(target):
    texts, _ = kept(read_picture(io.BytesIO(photograph("JPEG", "latin-1"))).encode(target))
    assert texts == {BASE.Copyright: COPYRIGHT, BASE.Artist: "Jürgen"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_open_file_is_not_needed_to_write(tmp_path: Path, target):
    """The metadata of a TIFF, whose file has been closed meanwhile."""
    (tmp_path / "a.tif").write_bytes(photograph("TIFF"))
    picture = read_picture(tmp_path / "a.tif", keep_gps=True)
    (tmp_path / "a.tif").unlink()
    with Image.open(io.BytesIO(picture.encode(target))) as image:
        assert image.getexif().get_ifd(IFD.GPSInfo)[1] == "N"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_what_python_gets_keeps_it_when_saved(tmp_path: Path, suffix):
    (tmp_path / "photo.jpg").write_bytes(photograph("JPEG"))
    painted = Picture.to_pil(read_picture(tmp_path / "photo.jpg"))
    assert painted.info["exif"]
    painted.save(tmp_path / f"painting{suffix}")
    texts, moment = kept((tmp_path / f"painting{suffix}").read_bytes())
    assert (texts[BASE.Copyright], moment[BASE.DateTimeOriginal]) == (COPYRIGHT, MOMENT)
    with Image.open(tmp_path / f"painting{suffix}") as again:
        assert again.info["icc_profile"] == painted.info["icc_profile"]


def test_a_copy_over_the_wire_keeps_it_too(tmp_path: Path):
    painting = pickle.loads(pickle.dumps(read_picture(io.BytesIO(photograph("JPEG"))).to_pil()))
    painting.save(tmp_path / "a.tif", compression="tiff_lzw")
    with Image.open(tmp_path / "a.tif") as again:
        assert again.info["icc_profile"] == painting.info["icc_profile"]
        assert str(again.getexif()[BASE.Artist]).encode("latin-1").decode() == ARTIST


def test_a_saved_painting_can_be_told_otherwise():
    picture = read_picture(io.BytesIO(photograph("JPEG")))
    buffer = io.BytesIO()
    picture.to_pil().save(buffer, "JPEG", exif=b"", icc_profile=None)
    with Image.open(buffer) as again:
        assert "icc_profile" not in again.info
        assert not len(again.getexif())


def test_the_painting_of_a_photograph_is_a_photograph_with_its_author(tmp_path: Path):
    (tmp_path / "photo.jpg").write_bytes(photograph("JPEG"))
    allaprima.stylize(str(tmp_path / "photo.jpg"), "great_wave").save(tmp_path / "painting.jpg")
    assert kept((tmp_path / "painting.jpg").read_bytes())[0][BASE.Copyright] == COPYRIGHT


def test_a_tiff_that_pillow_does_not_read_keeps_its_author():
    buffer = io.BytesIO()
    pixels = checkered(48, 32).astype(np.float32) / 255
    tifffile.imwrite(
        buffer,
        pixels,
        photometric="rgb",
        metadata=None,
        extratags=[(BASE.Copyright, 2, None, COPYRIGHT.encode(), True)],
    )
    picture = read_picture(io.BytesIO(buffer.getvalue()))
    assert picture.exif[BASE.Copyright] == COPYRIGHT.encode()


@pytest.mark.parametrize("suffix", TARGETS)
def test_metadata_that_cannot_be_written_does_not_cost_the_picture(suffix):
    exif = Image.Exif()
    exif[BASE.Artist] = object()
    assert read_picture(io.BytesIO(Picture(checkered(48, 32), exif=exif).encode(suffix))).size == (48, 32)


def test_very_long_texts_do_not_cost_the_picture():
    exif = Image.Exif()
    exif[BASE.ImageDescription] = "x" * 60_000
    exif[BASE.Artist] = "Ada"
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, "JPEG", exif=exif)
    data = read_picture(io.BytesIO(buffer.getvalue())).encode(".jpg")
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[BASE.Artist] == "Ada"


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Jürgen</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_author_and_copyright_of_xmp(kind):
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, kind, xmp=XMP)
    texts, _ = kept(read_picture(io.BytesIO(buffer.getvalue())).encode(".jpg"))
    assert texts == {BASE.Copyright: "© Ada", BASE.Artist: "Ada; Jürgen"}


def test_what_exif_says_goes_before_xmp():
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, "JPEG", exif=of_a_camera(), xmp=XMP)
    assert kept(read_picture(io.BytesIO(buffer.getvalue())).encode(".jpg"))[0][BASE.Artist] == ARTIST


@pytest.mark.parametrize("packet", [b"", b"<x", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", XMP[:200], b"\xff" * 50])
def test_damaged_xmp_does_not_cost_the_picture(packet):
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, "JPEG", xmp=packet)
    assert not len(read_picture(io.BytesIO(buffer.getvalue())).exif)


def test_author_and_copyright_of_iptc():
    def field(number: int, text: bytes) -> bytes:
        return bytes([0x1C, 2, number]) + len(text).to_bytes(2, "big") + text

    fields = field(80, "Jürgen".encode("latin-1")) + field(116, b"Agency")
    block = b"8BIM\x04\x04\0\0" + len(fields).to_bytes(4, "big") + fields + bytes(len(fields) % 2)
    segment = b"Photoshop 3.0\0" + block
    buffer = io.BytesIO()
    Image.fromarray(checkered(48, 32)).save(buffer, "JPEG")
    data = buffer.getvalue()
    marker = b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment
    texts, _ = kept(read_picture(io.BytesIO(data[:2] + marker + data[2:])).encode(".jpg"))
    assert texts == {BASE.Copyright: "Agency", BASE.Artist: "Jürgen"}
