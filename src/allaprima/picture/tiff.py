"""TIFF: by Pillow and libtiff where they know the kind, by tifffile where they do not.

Pillow does not know color in floats or 32 bits, samples of 10, 12 or 14 bits but for one kind, 16-bit gray with alpha,
and separate planes of most kinds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from allaprima.errors import PictureError
from allaprima.picture.content import raw_photograph
from allaprima.picture.matrix_profile import matrix_conversion
from allaprima.picture.metadata import true_part
from allaprima.picture.samples import NOTES, to_bytes, white_of_floats, white_of_integers

_SUBFILE, _WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _PLANAR = 254, 256, 258, 259, 262, 284
_ORIENTATION, _SUB_IFDS, _EXTRA_SAMPLES, _ICC, _DNG = 274, 330, 338, 34675, 50706
_GRAYS, _RGB, _SEPARATED, _YCBCR = (0, 1), 2, 5, 6
_RGB_SAMPLES = 3
_SENSOR = (32803, 34892)
"""Photometric interpretations of what a sensor saw: through a color filter array, and linear (DNG 1.4)."""
_UNASSOCIATED, _ASSOCIATED = 2, 1
_PACKBITS = 32773
_UNPACKED_HERE = (1, 8, 32946, _PACKBITS)
"""Compressions that tifffile knows without another package: none, deflate, and runs."""
_SEPARATE_PLANES = 2
_PAGES_LOOKED_AT = 8
_BAND = 2**20
"""Pixels that are converted at a time."""
_READ_AHEAD = 2**24
"""Bytes that tifffile reads at a time."""


class _Tiff(TiffImageFile):
    """As Pillow reads it, but for two things: subsampled YCbCr, and a limit that is not ours."""

    def _setup(self) -> None:
        """Subsampled YCbCr without compression goes to libtiff too, which is had by a word on the compression."""
        plain = self.tag_v2.get(_PHOTOMETRIC) == _YCBCR and self.tag_v2.get(_COMPRESSION, 1) == 1
        if plain:
            self.tag_v2[_COMPRESSION] = _PACKBITS  # what libtiff itself reads in the file is not changed
        super()._setup()
        if plain:
            self.tag_v2[_COMPRESSION] = 1

    def load_prepare(self) -> None:
        if self._im is None:  # else Pillow would compare the size with a limit of its own
            self.im = Image.new(self.mode, self._tile_size).im
        super().load_prepare()


def open_tiff(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The first page; the pixels may be decoded later, when they are asked for.

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: a raw photograph, or samples that have no meaning as a picture here.
        Exception: whatever Pillow and tifffile meet in a damaged file.
    """
    tags = _directory(file, None)
    if _is_raw(file, tags):
        raise raw_photograph()
    file.seek(0)
    with suppress(SyntaxError, KeyError):  # "unknown pixel mode"
        image = _Tiff(file)
        if tags.get(_SUBFILE, 0) & 1:
            _go_to_the_whole(image)
        if not _is_wrong_in_pillow(image):
            return image
    file.seek(0)
    return _by_tifffile(file, check_size)


def _go_to_the_whole(image: TiffImageFile) -> None:
    """Where the first page is a preview of another, to that one."""
    for number in range(1, min(image.n_frames, _PAGES_LOOKED_AT)):
        image.seek(number)
        if not image.tag_v2.get(_SUBFILE, 0) & 1:
            return
    image.seek(0)


def _is_wrong_in_pillow(image: TiffImageFile) -> bool:
    """Kinds that Pillow opens and then fails at, or takes for others."""
    bits = image.tag_v2.get(_BITS, (1,))
    if image.mode == "I" and bits == (32,):  # Pillow's I has a sign, and half as many grays
        return True
    if _loses_shades_in_pillow(image):
        return True
    if image.tag_v2.get(_PLANAR) != _SEPARATE_PLANES:
        return False
    extra = image.tag_v2.get(_EXTRA_SAMPLES, ())
    if image.tag_v2.get(_COMPRESSION, 1) == 1:
        return set(bits) != {8} or len(bits) == 1 or bool(extra)
    return _ASSOCIATED in extra or len(bits) == 2  # of which libtiff in Pillow loses the alpha


def _loses_shades_in_pillow(image: TiffImageFile) -> bool:
    """Whether it has color of 16 bits, of which Pillow keeps 8, and a profile that can be applied to all 16."""
    known = image.mode == "RGB" or (image.mode == "RGBA" and _EXTRA_SAMPLES in image.tag_v2)
    if not known or image.tag_v2.get(_BITS, (1,))[0] != 16 or image.tag_v2.get(_COMPRESSION, 1) not in _UNPACKED_HERE:
        return False
    return matrix_conversion(image.info.get("icc_profile")) is not None


def _directory(file: BinaryIO, place: int | None) -> ImageFileDirectory_v2:
    """The tags at a place in the file, or of its first page; what is damaged is left out."""
    file.seek(0)
    head = file.read(8)
    if head[2:3] == b"\x2b":
        head += file.read(8)
    tags = ImageFileDirectory_v2()
    with suppress(Exception):  # also for a BigTIFF with the high byte first, which Pillow does not know
        tags = ImageFileDirectory_v2(head)
        file.seek(tags.next if place is None else place)
        tags.load(file)
    return tags


def _is_raw(file: BinaryIO, tags: ImageFileDirectory_v2) -> bool:
    """Whether a TIFF is a camera's raw file: it says so, or a sensor's picture is there or behind a small first one.

    Reduced pictures behind a full one, as pyramids have them, are no sign.
    """
    with suppress(Exception):
        if _DNG in tags or tags.get(_PHOTOMETRIC) in _SENSOR:
            return True
        places = tags.get(_SUB_IFDS, ())
        below = [_directory(file, place) for place in ((places,) if isinstance(places, int) else places)[:8]]
        if any(other.get(_PHOTOMETRIC) in _SENSOR for other in below):
            return True
        if tags.get(_SUBFILE, 0) & 1:
            return any(other.get(_WIDTH, 0) > tags.get(_WIDTH, 0) for other in below)
    return False


def _by_tifffile(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The first page, scaled to 8 bits: "L", "LA", "RGB", "RGBA" or "CMYK", with its ICC profile and orientation."""
    import tifffile  # noqa: PLC0415 - a tenth of a second, and few files need it

    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else it tells stderr about every damaged tag
    try:
        tiff = tifffile.TiffFile(file)
    except tifffile.TiffFileError as error:
        raise UnidentifiedImageError(str(error)) from error
    with tiff:
        page: Any = tiff.pages[0]
        check_size(int(page.imagewidth), int(page.imagelength))
        samples, extra = int(page.samplesperpixel), tuple(int(kind) for kind in page.extrasamples)
        photometric = int(page.photometric)
        colors = {_RGB: 3, _SEPARATED: 4}.get(photometric, 1 if photometric in _GRAYS else 0)
        if not 0 < colors <= samples <= 8 or page.imagedepth != 1:
            raise PictureError(f"it is a TIFF of a kind that is not read: {samples} samples, photometric {photometric}")
        try:
            pieces, profile = _Pieces(tiff, page), page.tags[_ICC].value if _ICC in page.tags else None
            convert = matrix_conversion(profile) if colors == _RGB_SAMPLES and pieces.bits > 8 else None
            image = _to_8_bit(pieces, colors, extra, inverted=photometric == 0, convert=convert)
        except (ValueError, NotImplementedError, KeyError) as error:
            if "imagecodecs" not in str(error):
                raise
            raise PictureError(
                f"it is a TIFF of a kind that is not read: {page.bitspersample} bits, compression "
                f"{getattr(page.compression, 'name', page.compression)}; save it without compression"
            ) from error
        turn = int(page.tags[_ORIENTATION].value) if _ORIENTATION in page.tags else 1
        image.format, image.n_frames = "TIFF", len(tiff.pages)  # type: ignore[attr-defined]
    if isinstance(profile, bytes) and convert is None:
        image.info["icc_profile"] = profile
    exif = _exif(file)
    exif[ExifTags.Base.Orientation] = turn
    image.info["exif"] = exif.tobytes()
    return image


def _exif(file: BinaryIO) -> Image.Exif:
    """What of a TIFF's tags a painting may keep; nothing of a BigTIFF's, which Pillow does not take for EXIF."""
    exif = Image.Exif()
    with suppress(Exception):
        file.seek(0)
        exif.load_from_fp(file)
        return true_part(exif, keep_gps=True)
    return Image.Exif()


class _Pieces:
    """A page's samples, some rows or one tile at a time: (first row, first column, array [h, w, samples]).

    It can be gone through more than once.
    """

    def __init__(self, tiff: Any, page: Any) -> None:
        self._tiff, self._page = tiff, page
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self.samples = int(page.samplesperpixel)
        self.bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
        self._packed = page.sampleformat in (None, 1) and self.bits not in (1, 8, 16, 32, 64)
        self.kind = np.dtype(np.uint16 if self._packed else page.dtype)

    def __iter__(self) -> Iterator[tuple[int, int, NDArray[Any]]]:
        page = self._page
        planar = page.planarconfig == _SEPARATE_PLANES and self.samples > 1
        if self._packed and not planar and not page.is_tiled:
            yield from self._unpacked()
        elif planar or page.is_memmappable:
            data = page.asarray(out="memmap") if page.is_memmappable else page.asarray()
            shape = (self.height, self.width)
            data = np.moveaxis(data.reshape(self.samples, *shape), 0, 2) if planar else data.reshape(*shape, -1)
            yield from self._rows(data, 0)
        else:
            for data, (_, _, top, left, _), shape in page.segments(maxworkers=1, buffersize=_READ_AHEAD):
                if data is not None:
                    cut = data[0, : min(shape[1], self.height - top), : min(shape[2], self.width - left)]
                    yield from self._rows(cut, top, left)

    def _rows(self, data: NDArray[Any], top: int, left: int = 0) -> Iterator[tuple[int, int, NDArray[Any]]]:
        step = max(1, _BAND // max(1, data.shape[1]))
        for first in range(0, data.shape[0], step):
            yield top + first, left, data[first : first + step]

    def _unpacked(self) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Strips of samples of 2 to 15 bits, packed without a gap but at the end of each row."""
        import tifffile  # noqa: PLC0415

        page, places = self._page, 2 ** np.arange(self.bits - 1, -1, -1, dtype=np.uint16)
        if page.predictor != 1 or page.compression not in _UNPACKED_HERE:
            raise NotImplementedError("requires imagecodecs")
        unpack: Any = tifffile.TIFF.DECOMPRESSORS[page.compression]
        row_bits = self.width * self.samples * self.bits
        row_bytes, top = (row_bits + 7) // 8, 0
        for place, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            data = self._tiff.filehandle.seek(place) and self._tiff.filehandle.read(count)
            strip = np.frombuffer(data if page.compression == 1 else unpack(data), np.uint8)
            rows = min(page.rowsperstrip, self.height - top)
            strip = strip[: rows * row_bytes].reshape(rows, row_bytes)
            for first, _, part in self._rows(strip, top):
                bits = np.unpackbits(part, axis=1)[:, :row_bits].reshape(len(part), self.width, self.samples, -1)
                yield first, 0, bits @ places
            top += rows


def _to_8_bit(
    pieces: _Pieces,
    colors: int,
    extra: tuple[int, ...],
    *,
    inverted: bool,
    convert: Callable[[NDArray[Any]], NDArray[Any]] | None,
) -> Image.Image:
    """A page as a Pillow image; the first extra sample is the alpha if its kind says so.

    Args:
        pieces: the samples.
        colors: how many of them are colors.
        extra: the kinds of the others.
        inverted: whether 0 is white.
        convert: from colors 0..1 to sRGB 0..255.
    """
    note = ""
    if pieces.kind.kind == "f":
        count = pieces.height * pieces.width * colors
        white, note = white_of_floats((part[..., :colors] for _, _, part in pieces), count)
    else:
        white = white_of_integers(pieces.kind, pieces.bits)
    opaque = 1.0 if pieces.kind.kind == "f" and white < 255 else white
    has_alpha = bool(extra) and extra[0] in (_ASSOCIATED, _UNASSOCIATED) and colors in (1, 3)
    has_alpha = has_alpha and pieces.samples > colors
    result = np.zeros((pieces.height, pieces.width, colors + has_alpha), np.uint8)
    for top, left, part in pieces:
        place = (slice(top, top + part.shape[0]), slice(left, left + part.shape[1]))
        values = part[..., :colors] * np.float32(255 / white)
        if has_alpha:
            alpha = part[..., colors] * np.float32(255 / opaque)
            result[(*place, colors)] = to_bytes(alpha)
            if extra[0] == _ASSOCIATED:
                values *= (255 / np.maximum(alpha, 1e-6))[..., None]
        if convert is not None:
            values = convert(values / 255)
        result[(*place, slice(0, colors))] = to_bytes(255 - values if inverted else values)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[colors] + ("A" if has_alpha else "")
    image = Image.frombytes(mode, (pieces.width, pieces.height), result.reshape(-1).data)
    if note:
        image.info[NOTES] = [note]
    return image
