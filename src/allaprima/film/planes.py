"""Clips whose frames stay in YUV: what most clips are, and what most encoders take.

The network's painting becomes YUV as soon as it is there, and is blended with those before it in that form, which is
smaller than RGB and needs no other to be encoded.

Where the network sees frames reduced (``stroke``), only they become RGB, and the painting is enlarged in YUV: luminance
gets the frame's fine detail back as in ``look/stroke.py``, and chroma, which has half the resolution, has about the
painting's size already. So no frame is ever RGB at full size, and FFmpeg's scaler, which is vectorized, does what numpy
does there. It takes a fifth of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.film.color import BT709, FULL_RANGE, HD_ROWS, UNSPECIFIED, FromRGB, ToRGB, is_hdr
from allaprima.film.pyav import load_av
from allaprima.look.enlarging import MIDDLE
from allaprima.look.stroke import BLOCK, bits_of, slopes
from allaprima.steady.planes import Planes

Pixels = NDArray[np.uint8]
FORMAT = "yuv420p"
_BAND = 2**15
"""Pixels of rows in work at a time, which stay in the cache."""
_LIMITED = 219 / 255
"""The limited range of luminance, of the full one."""


def stay_in_yuv(frame: Any) -> bool:
    """Whether a decoded frame is as encoders take them: 4:2:0 of 8 bits, BT.709 in the limited range, of even sides."""
    if frame.format.name != FORMAT or frame.width % 2 or frame.height % 2 or is_hdr(frame):
        return False
    tagged: bool = frame.colorspace == BT709 or (frame.colorspace == UNSPECIFIED and frame.height >= HD_ROWS)
    return tagged and bool(frame.color_range != FULL_RANGE)


def planes_of(frame: Any) -> Planes:
    """The planes of a frame of Y, U and V, which share its memory."""
    return tuple(_pixels(plane) for plane in frame.planes)


class InPlanes:
    """Makes the paintings of a clip's frames what encoders take; one thread at a time may use each method.

    Args:
        size: (H, W) of the clip, even.
        small: (h, w) of what the network sees, which may be as large.
    """

    def __init__(self, size: tuple[int, int], small: tuple[int, int]) -> None:
        self.size, self._small = size, small
        self._half = size[0] // 2, size[1] // 2
        self._tags = FromRGB(FORMAT)
        self._to_yuv = FromRGB(FORMAT if small == size else "yuv444p")  # chroma would be enlarged from a quarter
        self._to_rgb: ToRGB | None = None
        self._reduce = _Scaler("AREA")
        self._luminance, self._colors, self._chroma = (_Scaler("BICUBIC") for _ in range(3))
        self._slopes = _Scaler("BILINEAR")
        height, width = (round(side * -(-of // BLOCK) * BLOCK / of) for side, of in zip(size, small, strict=True))
        self._with_rest = height, width
        """(H, W) of what blocks of the reduced frame reach, which may be beyond its end."""

    def of_painting(self, painted: Pixels) -> Planes:
        """A painting, uint8 [h, w, 3], in the planes in which it is blended."""
        return planes_of(self._to_yuv(painted))

    def pixels(self, painting: Planes) -> Pixels:
        """A painting as large as the clip, in the planes that ``of_painting`` gives, as RGB again."""
        frame = self.frame(None, painting, 0)
        self._to_rgb = self._to_rgb or ToRGB(frame)
        return self._to_rgb(frame)

    def frame(self, planes: Planes | None, painting: Planes, share: float) -> Any:
        """The painting as PyAV's frame, with tags.

        Args:
            planes: the clip's frame; None, if it did not ``stay_in_yuv`` and is not reduced.
            painting: of what the network saw of it, in the planes that ``of_painting`` gives.
            share: of the photograph in it; with all of it the frame comes back as it is.
        """
        frame = load_av().VideoFrame(*self.size[::-1], FORMAT)
        self._tags.tag(frame)
        results = planes_of(frame)
        if planes is not None and share < 1 and self._small != self.size:
            self._enlarge(results, planes[0], painting, share)
        else:
            for result, plane in zip(results, painting if planes is None or share < 1 else planes, strict=True):
                result[:] = plane
        return frame

    def _enlarge(self, results: Planes, luminance: Pixels, painting: Planes, share: float) -> None:
        """A painting of the reduced frame, with the detail of the frame's own luminance [H, W], into ``results``."""
        self._make_sharp(results[0], luminance, painting[0], share)
        for result, chroma in zip(results[1:], painting[1:], strict=True):
            result[:] = chroma if self._small == self._half else self._chroma(chroma, self._half)

    def _make_sharp(self, result: Pixels, luminance: Pixels, painted: Pixels, share: float) -> None:
        reduced = self._reduce(luminance, self._small)
        found = slopes(reduced, painted[..., None], share, _LIMITED)[0]
        bits = bits_of(found)
        slope = self._slopes((np.rint(found * 2**bits) + MIDDLE).astype(np.uint8), self._with_rest)
        smooth, color = self._luminance(reduced, self.size), self._colors(painted, self.size)
        height, width = self.size
        count = max(1, _BAND // width)
        for top in range(0, height, count):
            rows = slice(top, min(top + count, height))
            change = np.subtract(luminance[rows], smooth[rows], dtype=np.int16)
            change *= (slope[rows, :width] ^ np.uint8(MIDDLE)).view(np.int8)  # less it, as a signed byte
            change += 1 << (bits - 1)
            change >>= bits
            change += color[rows]
            np.clip(change, 0, 255, out=change)
            result[rows] = change


class _Scaler:
    """One plane at a time to another size."""

    def __init__(self, kernel: str) -> None:
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - see pyav.py

        self._frames, self._scaler, self._kernel = load_av().VideoFrame, VideoReformatter(), kernel

    def __call__(self, plane: Pixels, size: tuple[int, int]) -> Pixels:
        """uint8 [h, w] -> [H, W], its memory shared with nobody's."""
        frame = self._frames.from_ndarray(np.ascontiguousarray(plane), format="gray")
        scaled = self._scaler.reformat(frame, size[1], size[0], "gray", interpolation=self._kernel, threads=1)
        return _pixels(scaled.planes[0])


def _pixels(plane: Any) -> Pixels:
    rows: Pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
