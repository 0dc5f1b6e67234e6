"""From a decoded frame, in whichever colors a clip has, to sRGB.

What a clip says of its colors is believed. What it leaves open is taken as players take it: BT.709 from 720 rows up and
BT.601 below, the limited range unless the pixel format says otherwise. BT.709's and BT.601's transfer and primaries
are taken for sRGB's, as players do. HDR (PQ and HLG, Recommendation ITU-R BT.2100) and wide gamuts are mapped to
BT.709 by FFmpeg's scaler with perceptual intent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.film.pyav import load_av

BT709, UNSPECIFIED, FCC, BT470BG, SMPTE170M, SMPTE240M, BT2020, BT2020_CONSTANT = 1, 2, 4, 5, 6, 7, 9, 10
"""Matrix coefficients, by their numbers in Recommendation ITU-T H.273, table 4."""
_MATRICES = {
    BT709: "ITU709", FCC: "FCC", BT470BG: "ITU601", SMPTE170M: "ITU601", SMPTE240M: "SMPTE240M", BT2020: "BT2020",
    BT2020_CONSTANT: "BT2020",
}  # fmt: skip
"""The names that PyAV has for them."""
FULL_RANGE, LIMITED_RANGE = 2, 1
"""Ranges, by FFmpeg's numbers."""
PQ, HLG = 16, 18
"""Transfer characteristics, table 3."""
WIDE_PRIMARIES = (9, 11, 12)
"""BT.2020 and both P3, table 2."""
HD_ROWS = 720

_FAST, _MEANS, _EXACT = 0x4, 0x20, 0x4 | 0x2000 | 0x4000 | 0x40000
"""Flags of FFmpeg's scaler: bicubic; the mean over an area; bicubic with full chroma resolution and exact rounding. For
8 bits the first is within 2 of 255 and takes a tenth of the time; more bits would come out 3 off, for want of
rounding."""
_TO_CHROMA = 0x2 | 0x4000
"""Bilinear, from the chroma of every pixel: it takes 0.7 of the time that every second pixel takes, which is not
vectorized."""

TO_SDR = "out_primaries=bt709:out_transfer=bt709:intent=perceptual"


def has_alpha(frame: Any) -> bool:
    """Whether the frame's pixel format has a channel of alpha; a palette counts as one without."""
    return any(component.is_alpha for component in frame.format.components)


def is_hdr(frame: Any) -> bool:
    """Whether the frame needs more than a matrix to be sRGB."""
    return frame.color_trc in (PQ, HLG) or frame.color_primaries in WIDE_PRIMARIES


class ToRGB:
    """Converts the frames of one clip, all to one size.

    One instance for all of them: the scaler keeps its tables from frame to frame.

    Args:
        first: the first frame.
        size: (width, height) of the result; None is the first frame's.
        reducing: whether the frames are made much smaller: every pixel is the mean of those it stands for.
    """

    def __init__(self, first: Any, size: tuple[int, int] | None = None, *, reducing: bool = False) -> None:
        from av.video.reformatter import ColorRange, Colorspace, VideoReformatter  # noqa: PLC0415 - see pyav.py

        self.width: int
        self.height: int
        self.width, self.height = size or (first.width, first.height)
        self.alpha, self.is_hdr = has_alpha(first), is_hdr(first)
        self._colorspaces, self._ranges = Colorspace, ColorRange
        self._scaler = VideoReformatter()
        deep = any(component.bits > 8 for component in first.format.components)
        self._interpolation = _MEANS if reducing else _EXACT if deep else _FAST
        self._sdr: _ToSDR | None = None

    def __call__(self, frame: Any) -> NDArray[np.uint8]:
        """A decoded frame -> [H, W, 3], or [H, W, 4] if the first had alpha."""
        if is_hdr(frame):
            self._sdr = self._sdr or _ToSDR()
            frame = self._sdr(frame)
        converted = self._scaler.reformat(
            frame,
            self.width,
            self.height,
            "rgba" if self.alpha else "rgb24",
            src_colorspace=self._matrix(frame),
            dst_colorspace=None if frame.format.is_rgb else self._colorspaces.ITU709,
            src_color_range=self._range(frame),
            dst_color_range=self._ranges.JPEG,
            interpolation=self._interpolation,
            threads=1,
        )
        return np.asarray(converted.to_ndarray(), np.uint8)

    def _matrix(self, frame: Any) -> Any:
        if frame.format.is_rgb:
            return None
        name = _MATRICES.get(frame.colorspace)
        if name is None:
            name = "ITU709" if frame.height >= HD_ROWS else "ITU601"
        return getattr(self._colorspaces, name)

    def _range(self, frame: Any) -> Any:
        full = frame.format.is_rgb or frame.format.name.startswith(("yuvj", "gray"))
        if frame.color_range in (FULL_RANGE, LIMITED_RANGE) and not frame.format.is_rgb:
            full = frame.color_range == FULL_RANGE
        return self._ranges.JPEG if full else self._ranges.MPEG


class FromRGB:
    """Converts frames to what an encoder takes: RGB as it is, otherwise the limited range; with the tags that say so.

    One instance for all frames of an output: the scaler keeps its tables from frame to frame.

    Args:
        pix_fmt: FFmpeg's name of the pixel format.
        size: (width, height) to which all are scaled; None is each frame's own.
        matrix: of YUV: BT709 or SMPTE170M.
    """

    def __init__(self, pix_fmt: str, size: tuple[int, int] | None = None, matrix: int = BT709) -> None:
        self._av = load_av()
        from av.video.reformatter import ColorRange, Colorspace, VideoReformatter  # noqa: PLC0415 - see pyav.py

        self._scaler, self._matrix, self._rgb = VideoReformatter(), matrix, not pix_fmt.startswith("yuv")
        width, height = size or (None, None)
        self._choices: dict[str, Any] = {
            "width": width,
            "height": height,
            "format": pix_fmt,
            "src_color_range": ColorRange.JPEG,
            "dst_colorspace": None if self._rgb else getattr(Colorspace, _MATRICES[matrix]),
            "dst_color_range": ColorRange.JPEG if self._rgb else ColorRange.MPEG,
            "interpolation": _TO_CHROMA if size is None else "BICUBIC",
            "threads": 1,
        }

    def __call__(self, pixels: NDArray[np.uint8]) -> Any:
        """uint8 [H, W, 3] or [H, W, 4] as PyAV's frame."""
        pixels = np.ascontiguousarray(pixels)
        frame = self._av.VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
        frame = self._scaler.reformat(frame, **self._choices)
        self.tag(frame)
        return frame

    def tag(self, described: Any) -> None:
        """Say of a frame or an encoder what the colors are."""
        described.color_primaries = described.color_trc = BT709
        if not self._rgb:
            described.colorspace, described.color_range = self._matrix, LIMITED_RANGE


class _ToSDR:
    """HDR and wide gamuts to BT.709, full range RGB, by a filter graph that is made for the first frame."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._like: tuple[object, ...] = ()

    def __call__(self, frame: Any) -> Any:
        like = (frame.width, frame.height, frame.format.name, frame.color_trc, frame.color_primaries)
        if self._graph is None or like != self._like:
            self._graph, self._like = self._made(frame), like
        self._graph.push(frame)
        return self._graph.pull()

    def _made(self, frame: Any) -> Any:
        from av.filter import Graph  # noqa: PLC0415 - see pyav.py

        graph = Graph()
        source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format.name,
                                  time_base=frame.time_base)  # fmt: skip
        scale = graph.add("scale", TO_SDR)
        form = graph.add("format", "gbrap" if has_alpha(frame) else "gbrp")
        sink = graph.add("buffersink")
        source.link_to(scale)
        scale.link_to(form)
        form.link_to(sink)
        graph.configure()
        return graph
