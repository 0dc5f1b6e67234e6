"""Paintings of any size as frames of one size, in the colors that encoders and cameras have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.film.pyav import load_av

BT709 = 1
"""Matrix, primaries and transfer in Recommendation ITU-T H.273; also the limited range in FFmpeg's numbers."""


class Scaler:
    """Turns uint8 [H, W, 3] into PyAV's frames, yuv420p in BT.709 and the limited range.

    One instance for all frames of a recording or a camera: each one keeps tables of its own.

    Args:
        size: (width, height) of the frames in pixels, both even.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._av = load_av()
        from av.video.reformatter import ColorRange, Colorspace, VideoReformatter  # noqa: PLC0415 - an extra

        self._size, self._scaler = size, VideoReformatter()
        self._matrix, self._full, self._limited = Colorspace.ITU709, ColorRange.JPEG, ColorRange.MPEG

    def __call__(self, pixels: NDArray[np.uint8]) -> Any:
        """A painting as a frame."""
        frame = self._scaler.reformat(
            self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24"),
            *self._size,
            "yuv420p",
            src_color_range=self._full,
            dst_colorspace=self._matrix,
            dst_color_range=self._limited,
            interpolation="BICUBIC",
            threads=1,
        )
        frame.colorspace = frame.color_range = frame.color_primaries = frame.color_trc = BT709
        return frame
