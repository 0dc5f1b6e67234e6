"""TIFF that Pillow cannot read: float colour, 32 and 64 bits, 16-bit grey with alpha, samples in unusual numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from allaprima.errors import PictureError

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin."""

PAGES = "pages"
"""Where an opened TIFF's ``info`` has how many pages the file has."""

_GREYS, _RGB, _SEPARATED, _ORIENTATION, _ICC = (0, 1), 2, 5, 274, 34675
_UNASSOCIATED, _ASSOCIATED = 2, 1
UNIT_RANGE = 2.0
"""Float samples that stay below run to 1, with what a resize overshoots; others to 255."""


def open_tiff(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The first page, scaled to 8 bits: "L", "LA", "RGB", "RGBA" or "CMYK", with its ICC profile and orientation.

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: samples that have no meaning as a picture here.
        Exception: whatever tifffile meets in a damaged file.
    """
    import tifffile  # noqa: PLC0415 - a tenth of a second, and few files need it

    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages[0]
        height, width = int(page.imagelength), int(page.imagewidth)
        check_size(width, height)
        samples, extra = int(page.samplesperpixel), tuple(int(kind) for kind in page.extrasamples)
        photometric = int(page.photometric)
        colours = {_RGB: 3, _SEPARATED: 4}.get(photometric, 1 if photometric in _GREYS else 0)
        if not 0 < colours <= samples <= 8 or page.imagedepth != 1:
            raise PictureError(f"it is a TIFF of a kind that is not read: {samples} samples, photometric {photometric}")
        data = page.asarray()
        planar = page.planarconfig == 2 and samples > 1
        shape = (samples, height, width) if planar else (height, width, samples)
        pixels = np.moveaxis(data.reshape(shape), 0, 2) if planar else data.reshape(shape)
        tags = {code: page.tags[code].value for code in (_ORIENTATION, _ICC) if code in page.tags}
        pages = len(tiff.pages)
    image = _to_8_bit(pixels, colours, extra, inverted=photometric == 0)
    image.info[PAGES] = pages
    if isinstance(tags.get(_ICC), bytes):
        image.info["icc_profile"] = tags[_ICC]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = int(tags.get(_ORIENTATION, 1))
    image.info["exif"] = exif.tobytes()
    return image


def _to_8_bit(samples: NDArray[Any], colours: int, extra: tuple[int, ...], *, inverted: bool) -> Image.Image:
    """[H, W, samples] of any type -> a Pillow image; the first extra sample is the alpha if its kind says so."""
    pixels: NDArray[Any] = samples[..., :colours] * np.float32(_scale(samples[..., :colours]))
    if inverted:
        pixels = 255 - pixels
    alpha = None
    if extra and extra[0] in (_ASSOCIATED, _UNASSOCIATED) and colours in (1, 3) and samples.shape[2] > colours:
        alpha = samples[..., colours] * np.float32(_scale(samples[..., colours]))
        if extra[0] == _ASSOCIATED:
            pixels = pixels * (255 / np.maximum(alpha, 1e-6))[..., None]
    bands = [_rounded(band) for band in np.moveaxis(pixels, 2, 0)] + ([] if alpha is None else [_rounded(alpha)])
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[colours] + ("" if alpha is None else "A")
    return Image.merge(mode, [Image.fromarray(band) for band in bands])


def _rounded(values: NDArray[Any]) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = np.clip(np.rint(np.nan_to_num(values)), 0, 255).astype(np.uint8)
    return rounded


def _scale(samples: NDArray[Any]) -> float:
    """What brings samples to 0..255."""
    if samples.dtype.kind == "f":
        top = np.nan_to_num(samples).max(initial=0.0)
        return 255.0 if top <= UNIT_RANGE else 1.0
    return 255.0 / (1 if samples.dtype.kind == "b" else np.iinfo(samples.dtype).max)
