"""The same picture gives the same painting, however it is handed over."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import allaprima
from allaprima import PictureError
from support import checkered

STYLE = "udnie"


def picture(mode: str, width: int, height: int) -> Image.Image:
    """A picture in a mode, with a third of it invisible and a third half visible if the mode has alpha."""
    image = Image.fromarray(checkered(width, height)).convert(mode)
    if mode in ("RGBA", "LA"):
        alpha = np.full((height, width), 255, np.uint8)
        alpha[: height // 3], alpha[-height // 3 :] = 0, 128
        image.putalpha(Image.fromarray(alpha))
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@settings(max_examples=20)
@given(
    mode=st.sampled_from(["RGB", "RGBA", "L"]),
    width=st.integers(24, 90),
    height=st.integers(24, 90),
    strength=st.sampled_from([0.0, 0.5, 1.0]),
    options=st.sampled_from([{}, {"color": "photo"}, {"stroke": 32}, {"stroke": "own"}, {"size": 60}]),
)
def test_every_way_gives_the_same(tmp_path_factory, mode, width, height, strength, options):
    image = picture(mode, width, height)
    data, array = png(image), np.asarray(image)
    path = tmp_path_factory.mktemp("pictures") / "picture.png"
    path.write_bytes(data)

    def paint(given):
        return allaprima.stylize(given, STYLE, strength, **options)

    expected = paint(array)
    assert expected.dtype == np.uint8
    for given_as_pil in (path, str(path), image, io.BytesIO(data), Image.open(path)):
        painted = paint(given_as_pil)
        assert isinstance(painted, Image.Image)
        assert np.array_equal(np.asarray(painted), expected)
    with path.open("rb") as file:
        assert np.array_equal(np.asarray(paint(file)), expected)
    for given_as_bytes in (data, bytearray(data), memoryview(data)):
        painted = paint(given_as_bytes)
        assert isinstance(painted, bytes)
        assert np.array_equal(opened(painted), expected)
    if mode != "L":
        batch = paint(np.stack([array, array[::-1]]))
        assert np.array_equal(batch[0], expected)
        assert np.array_equal(batch[1], paint(array[::-1]))
    if not options.get("size"):
        assert expected.shape == ((height, width, 3) if mode == "L" else array.shape)


def test_a_file_is_read_from_its_beginning_and_stays_open(photo):
    with photo.open("rb") as file:
        file.read(5)
        assert allaprima.stylize(file, STYLE).size == (101, 67)
        assert not file.closed


def test_any_object_that_reads_will_do(photo):
    class Reader:
        def read(self) -> bytes:
            return photo.read_bytes()

    assert allaprima.stylize(Reader(), STYLE) == allaprima.stylize(photo, STYLE)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_one_by_path_file_and_bytes(tmp_path, kind):
    frames = [Image.fromarray(checkered(48, 32, seed)) for seed in range(3)]
    path = tmp_path / f"moving.{kind.lower()}"
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[70, 80, 90], loop=0, **options)
    data = path.read_bytes()
    told = []
    by_path = allaprima.stylize(path, STYLE, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    by_bytes, by_file = (
        Image.open(io.BytesIO(allaprima.stylize(data, STYLE))),
        allaprima.stylize(io.BytesIO(data), STYLE),
    )
    assert (by_path.n_frames, by_bytes.n_frames, by_file.n_frames) == (3, 3, 3)
    assert by_bytes.format == kind
    still = Image.open(path)
    for number in range(3):
        for moving in (by_path, by_bytes, by_file, still):
            moving.seek(number)
        expected = np.asarray(allaprima.stylize(still, STYLE).convert("RGB")).astype(int)  # its current frame
        assert np.abs(np.asarray(by_path.convert("RGB")) - expected).max() == 0
        assert np.abs(np.asarray(by_file.convert("RGB")) - expected).max() == 0
        assert np.abs(np.asarray(by_bytes.convert("RGB")) - expected).mean() < 15  # of 256 colors
        assert by_path.info["duration"] == 70 + 10 * number


def test_profile_and_metadata_come_back(tmp_path):
    exif = Image.Exif()
    exif[0x013B], exif.get_ifd(0x8825)[1] = "Jürgen", "N"
    Image.fromarray(checkered(40, 30)).save(tmp_path / "photo.jpg", exif=exif)
    painted = allaprima.stylize(tmp_path / "photo.jpg", STYLE)
    assert painted.info["icc_profile"]
    assert painted.info["exif"]
    painted.save(tmp_path / "painting.jpg")
    allaprima.Stylizer().stylize_file(tmp_path / "photo.jpg", tmp_path / "by_file.jpg", STYLE)
    by_bytes = allaprima.stylize((tmp_path / "photo.jpg").read_bytes(), STYLE)
    for source in (tmp_path / "painting.jpg", tmp_path / "by_file.jpg", io.BytesIO(by_bytes)):
        with Image.open(source) as image:
            assert "icc_profile" in image.info
            assert "rgen" in str(image.getexif()[0x013B])
            assert not image.getexif().get_ifd(0x8825)


def test_format_and_quality_give_bytes(photo):
    for given_as in (photo, photo.read_bytes(), Image.open(photo), np.asarray(Image.open(photo))):
        small, large = (allaprima.stylize(given_as, STYLE, format="webp", quality=q) for q in (10, 95))
        assert Image.open(io.BytesIO(small)).format == "WEBP"
        assert len(small) < len(large)
    assert Image.open(io.BytesIO(allaprima.stylize(photo, STYLE, format=".JPG"))).format == "JPEG"
    with pytest.raises(allaprima.OptionError, match="quality is for a result in bytes"):
        allaprima.stylize(photo, STYLE, quality=50)


def test_size_and_max_pixels(photo):
    assert allaprima.stylize(photo, STYLE, size=50).size == (50, 33)
    for given_as in (photo, photo.read_bytes(), Image.open(photo)):
        with pytest.raises(PictureError, match="more than the limit of 6,000") as caught:
            allaprima.stylize(given_as, STYLE, max_pixels=6000)
        assert caught.value.options == ("max_pixels",)
        assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("given_as", "words"),
    [
        ("missing.jpg", "^missing.jpg: there is no such file"),
        (Path("missing.jpg"), "^missing.jpg: there is no such file"),
        ("https://example.com/a.jpg", "^https://example.com/a.jpg: it is a URL, not a file; download it first"),
        (".", "^.: it is a folder"),
        ("", "^the name of the picture is empty"),
        (b"", "not a picture"),
        (bytearray(b"nothing"), "not a picture"),
        (np.zeros((32, 32, 3)), "must be uint8, not float64; .* 255"),
        (np.zeros((2, 32, 32), np.uint8), r"not uint8 \[2, 32, 32\]"),
        (np.zeros((0, 32, 3), np.uint8), "0, 32, 3"),
        (np.zeros((15, 40), np.uint8), "at least 16"),
    ],
)
def test_what_cannot_be_read_says_so(given_as, words):
    with pytest.raises(PictureError, match=words):
        allaprima.stylize(given_as, STYLE)


@pytest.mark.parametrize("given_as", [None, 3, ["a.jpg"], {"a": 1}, io.StringIO("text")])
def test_what_is_no_picture_is_a_type_error(given_as):
    with pytest.raises(TypeError, match=r"^a (picture is a path|file with a picture must be)"):
        allaprima.stylize(given_as, STYLE)


def test_masks_may_be_whatever_pictures_may(tmp_path):
    photo, mask = checkered(60, 40), Image.new("L", (60, 40))
    mask.paste(255, (0, 0, 30, 40))
    mask.save(tmp_path / "mask.png")
    data = (tmp_path / "mask.png").read_bytes()
    array = np.asarray(mask)
    ways = [tmp_path / "mask.png", data, io.BytesIO(data), mask, mask.convert("RGB"), array, np.dstack([array] * 3)]
    ways += [array > 0, array / 255]
    paintings = [allaprima.stylize(photo, STYLE, mask=way) for way in ways]
    assert all(np.array_equal(painting, paintings[0]) for painting in paintings)
    for wrong in (tmp_path / "none.png", b"nothing"):
        with pytest.raises(PictureError, match=r"^the mask.*: "):
            allaprima.stylize(photo, STYLE, mask=wrong)


def test_an_option_that_does_not_exist_is_a_type_error(photo):
    for function in (allaprima.stylize, allaprima.Stylizer().stylize):
        for name in ("colour", "stroek", "elsewhere", "overwrite"):
            with pytest.raises(TypeError, match=re.escape(name)):
                function(photo, STYLE, **{name: 3})


def test_a_batch_of_none():
    empty = np.zeros((0, 32, 32, 3), np.uint8)
    assert allaprima.stylize(empty, STYLE).shape == empty.shape


def test_a_file_to_a_file(photo, tmp_path):
    stylizer, told = allaprima.Stylizer(), []
    target = tmp_path / "deep" / "painting.png"
    options = {"stroke": 32, "color": "photo", "size": 50}
    found = stylizer.stylize_file(photo, target, STYLE, 0.5, **options, progress=lambda *work: told.append(work))
    assert found == target
    assert told[-1][0] == told[-1][1]
    with Image.open(target) as image:
        assert np.array_equal(np.asarray(image), np.asarray(stylizer.stylize(photo, STYLE, 0.5, **options)))
    before = target.read_bytes()
    with pytest.raises(allaprima.OutputError, match="exists") as caught:
        stylizer.stylize_file(photo, target, STYLE)
    assert caught.value.options == ("overwrite",)
    assert target.read_bytes() == before
    stylizer.stylize_file(photo, target, STYLE, overwrite=True)
    assert target.read_bytes() != before
    with pytest.raises(allaprima.OutputError, match="the photograph itself"):
        stylizer.stylize_file(photo, photo, STYLE, overwrite=True)
    with pytest.raises(PictureError, match=r"none.jpg: there is no such file"):
        stylizer.stylize_file("none.jpg", tmp_path / "x.png", STYLE)
    with pytest.raises(allaprima.AllaPrimaError, match="not written as"):
        stylizer.stylize_file(photo, tmp_path / "x.doc", STYLE)
    for name, words in {"b" * 300 + ".jpg": "too long, 304 bytes", "a\0.jpg": "no file can be called"}.items():
        with pytest.raises(allaprima.OutputError, match=words):
            stylizer.stylize_file(photo, tmp_path / name, STYLE)


@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_array_that_comes_back_is_the_callers_own(mode, strength):
    array = np.asarray(picture(mode, 40, 32)).copy()
    given = [array, array[None]] if mode != "L" else [array]
    for one in given:
        before, painted = one.copy(), allaprima.stylize(one, STYLE, strength)
        painted[...] = 7
        assert np.array_equal(one, before)
