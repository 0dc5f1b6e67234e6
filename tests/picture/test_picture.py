"""Every kind of picture comes in upright and in its right colors, and goes out whole."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from allaprima.errors import OutputError, PictureError
from allaprima.picture.picture import Picture, write_picture
from allaprima.picture.reading import read_picture
from odd import SRGB_TO_XYZ, icc_profile
from support import checkered

RED, GREEN, BLUE, GRAY = (200, 30, 40), (20, 180, 60), (30, 50, 210), (128, 128, 128)


def quadrants(width: int = 48, height: int = 32) -> Image.Image:
    """Red, green / blue, gray: any turn or swap of channels shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, GRAY
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    height, width = pixels.shape[:2]
    places = [(4, 4), (4, width - 5), (height - 5, 4), (height - 5, width - 5)]
    return [tuple(int(v) for v in pixels[place]) for place in places]


def near(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int) -> bool:
    return bool(np.abs(np.subtract(found, wanted)).max() <= tolerance)


def read(image: Image.Image, kind: str, **options: object) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return read_picture(buffer)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation):
    upright = quadrants()
    turns = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for turn in turns.get(orientation, []):
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = read(stored, "JPEG", exif=exif, quality=95, subsampling=0)
    assert picture.size == (48, 32)
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GRAY], 6)
    again = Image.open(io.BytesIO(picture.encode(".jpg")))
    assert again.size == (48, 32)
    assert ExifTags.Base.Orientation not in again.getexif()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "TGA"])
def test_formats(kind):
    options = (
        {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": "4:4:4"} if kind == "AVIF" else {}
    )
    assert near(corners(read(quadrants(), kind, **options).pixels), [RED, GREEN, BLUE, GRAY], 3)


def test_palette_and_gif():
    palette = quadrants().quantize(8)
    assert near(corners(read(palette, "PNG").pixels), [RED, GREEN, BLUE, GRAY], 8)
    assert near(corners(read(palette, "GIF").pixels), [RED, GREEN, BLUE, GRAY], 8)


def test_palette_with_transparency():
    palette = quadrants().quantize(4, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG", transparency=palette.getpixel((4, 4)))
    picture = read_picture(io.BytesIO(buffer.getvalue()))
    assert picture.alpha is not None
    assert picture.alpha[4, 4] == 0
    assert picture.alpha[-4, -4] == 255


@pytest.mark.parametrize("mode", ["L", "1", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB"])
def test_modes(mode):
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(quadrants(), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    else:
        image = quadrants().convert(mode)
    picture = Picture.from_pil(image)
    assert picture.pixels.shape == (32, 48, 3)
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    if mode in ("RGBA", "YCbCr", "HSV"):
        assert near(corners(picture.pixels), [RED, GREEN, BLUE, GRAY], 6)
    if mode in ("L", "LA"):
        assert (np.ptp(picture.pixels, axis=2) == 0).all()


def test_cmyk_jpeg_has_its_colors():
    assert near(corners(read(quadrants().convert("CMYK"), "JPEG", quality=95).pixels), [RED, GREEN, BLUE, GRAY], 12)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_gray(kind):
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    picture = read(Image.fromarray(ramp), kind)
    expected = np.rint(ramp / 257.0)
    assert np.abs(picture.pixels[..., 0] - expected).max() <= 1


@pytest.mark.parametrize("top", [1.0, 1.02])
def test_float_tiff(top):
    ramp = np.linspace(0, top, 64 * 64, dtype=np.float32).reshape(64, 64)
    expected = np.clip(ramp * 255, 0, 255)
    assert np.abs(read(Image.fromarray(ramp), "TIFF").pixels[..., 1] - expected).max() <= 1


@pytest.mark.parametrize("top", [200, 300, 65535])
def test_sixteen_bit_pgm(top):
    ramp = np.linspace(0, top, 64 * 64).reshape(64, 64).astype(">u2")
    picture = read_picture(io.BytesIO(b"P5 64 64 65535\n" + ramp.tobytes()))
    assert np.abs(picture.pixels[..., 0] - np.rint(ramp / 257.0)).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_icc_profile_is_converted_to_srgb(mode):
    picture = read(quadrants().convert(mode), "PNG", icc_profile=icc_profile(SRGB_TO_XYZ[:, ::-1], 2.2))
    swapped = [color[::-1] for color in (RED, GREEN, BLUE, GRAY)]
    assert near(corners(picture.pixels), swapped, 12)


def test_a_broken_profile_is_ignored_as_viewers_do():
    picture = read(quadrants(), "PNG", icc_profile=b"not a profile")
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GRAY], 0)


def test_alpha_is_kept_where_it_can_be_and_lies_on_white_where_not():
    image = quadrants().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    picture = Picture.from_pil(image)
    for suffix in (".png", ".webp", ".tiff", ".avif"):
        again = Image.open(io.BytesIO(picture.encode(suffix, quality=100)))
        assert again.mode == "RGBA"
        assert np.abs(np.asarray(again)[..., 3].astype(int) - picture.alpha).max() <= 2
    flat = np.asarray(Image.open(io.BytesIO(picture.encode(".jpg"))))
    assert flat[0].min() > 240  # transparent at the top: white shows


def test_the_color_under_full_transparency_does_not_leak():
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:24, 8:24] = (*GREEN, 255)
    assert (Picture.from_pil(Image.fromarray(pixels)).pixels == GREEN).all()


def test_metadata_that_stays_true_is_kept():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 10:00:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    picture = read(quadrants(), "JPEG", exif=exif)
    kept = Image.open(io.BytesIO(picture.encode(".jpg"))).getexif()
    assert kept[ExifTags.Base.Artist] == "Ada"
    assert kept.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:01 10:00:00"
    assert not kept.get_ifd(ExifTags.IFD.GPSInfo)
    assert ExifTags.Base.Orientation not in kept


def test_the_place_is_kept_if_asked_for():
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 51.0, 30.0)})
    buffer = io.BytesIO()
    quadrants().save(buffer, "JPEG", exif=exif)
    picture = read_picture(buffer, keep_gps=True)
    place = Image.open(io.BytesIO(picture.encode(".jpg"))).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert (place[1], [float(part) for part in place[2]]) == ("N", [48.0, 51.0, 30.0])


def test_heic():
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    assert near(corners(read(quadrants(64, 64), "HEIF", quality=95).pixels), [RED, GREEN, BLUE, GRAY], 12)


def test_heic_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match="pip install pillow-heif"):
        read_picture(io.BytesIO(b"\0\0\0\x18ftypheic" + bytes(100)))


def test_pictures_above_the_limit_are_refused_and_the_limit_can_be_raised():
    buffer = io.BytesIO()
    quadrants().save(buffer, "PNG")
    with pytest.raises(PictureError, match=r"48×32 pixels, more than the limit of 1,000; .*raise the limit to 1536"):
        read_picture(buffer, max_pixels=1000)
    buffer.seek(0)
    assert read_picture(buffer, max_pixels=1536).size == (48, 32)


def test_bands_are_the_whole(monkeypatch):
    image = Image.fromarray(np.dstack([checkered(70, 50), checkered(70, 50, 1)[..., 0]]))
    pictures = {mode: image.convert(mode) for mode in ("RGBA", "P", "LA", "CMYK", "F")}
    whole = {mode: Picture.from_pil(picture) for mode, picture in pictures.items()}
    monkeypatch.setattr("allaprima.picture.srgb._BAND", 70 * 7)
    for mode, picture in pictures.items():
        assert np.array_equal(Picture.from_pil(picture).pixels, whole[mode].pixels), mode


def test_malformed_metadata_does_not_cost_the_picture():
    for exif in (
        b"Exif\0\0nonsense",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12" + b"\xff" * 30,
    ):
        picture = read(quadrants(), "JPEG", exif=exif, quality=95)
        assert near(corners(picture.pixels), [RED, GREEN, BLUE, GRAY], 6)
        assert picture.encode(".jpg")


def test_one_damaged_field_does_not_cost_the_orientation():
    make, orientation = struct.pack("<HHIf", 0x010F, 11, 1, 1.5), struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + make + orientation + b"\0\0\0\0"
    picture = read(quadrants().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95, subsampling=0)
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GRAY], 6)
    assert picture.encode(".tiff")


def test_within_bounds_the_longer_side():
    picture = Picture(checkered(200, 100))
    assert picture.within(50).size == (50, 25)
    assert picture.within(500) is picture


def test_writing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch):
    target = tmp_path / "deep" / "er" / "a.png"
    write_picture(Picture(checkered(20, 20)), target)
    before = target.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_picture(Picture(checkered(20, 20, seed=1)), target)
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


def test_unknown_formats_are_named():
    with pytest.raises(OutputError, match=r"use one of: \.jpg"):
        Picture(checkered(20, 20)).encode(".xyz")
