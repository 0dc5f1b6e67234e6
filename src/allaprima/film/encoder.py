"""Frames to a file that holds them alone: one closed segment of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.film.color import FromRGB
from allaprima.film.encoding import CODECS, Encoding
from allaprima.film.pyav import load_av, own_priority


class SegmentEncoder:
    """Encodes frames of one size into a file; the first is a key frame, and nothing refers to what lies outside.

    The file keeps the frames and their order; their times are kept by whoever encodes them (``segments``), so that no
    container's time base rounds them twice. ``open_segment`` makes it.
    """

    def __init__(
        self, container: Any, encoding: Encoding, size: tuple[int, int], rate: Fraction, aspect: Fraction
    ) -> None:
        codec = CODECS[encoding.codec]
        self._container, self._converted = container, FromRGB(encoding.pix_fmt)
        self._padding = tuple(side % 2 if codec.even else 0 for side in size)
        stream = container.add_stream(codec.encoder, rate=rate, options=codec.options(encoding.quality))
        stream.width, stream.height = (side + more for side, more in zip(size, self._padding, strict=True))
        stream.pix_fmt = encoding.pix_fmt
        context = stream.codec_context
        context.thread_count = codec.threads
        context.time_base = 1 / rate
        context.sample_aspect_ratio = aspect
        self._converted.tag(context)
        self._stream, self._count = stream, 0

    def write(self, pixels: NDArray[np.uint8]) -> None:
        """Encode uint8 [H, W, 3] or [H, W, 4]."""
        right, bottom = self._padding
        if right or bottom:
            pixels = np.pad(pixels, [(0, bottom), (0, right), (0, 0)], mode="edge")
        frame = self._converted(pixels)
        frame.pts, frame.time_base = self._count, self._stream.codec_context.time_base
        self._count += 1
        with own_priority():  # the first frame opens the encoder
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Encode what is held back."""
        self._container.mux(self._stream.encode())


@contextmanager
def open_segment(
    path: Path, encoding: Encoding, size: tuple[int, int], rate: Fraction, aspect: Fraction = Fraction(1)
) -> Iterator[SegmentEncoder]:
    """A new segment.

    Args:
        path: its file; it is whole when the block has ended.
        encoding: how.
        size: (width, height) of the frames.
        rate: frames a second, for the encoder's choices alone.
        aspect: the width of a pixel over its height.
    """
    av = load_av()
    with av.open(str(path), "w", format=part_format(encoding), options={"fflags": "+bitexact"}) as container:
        encoder = SegmentEncoder(container, encoding, size, rate, aspect)
        yield encoder
        encoder.finish()


def part_format(encoding: Encoding) -> str:
    """The container of segments: one that holds the codec and tells a player's colors."""
    return "mov" if encoding.codec in ("h264", "hevc", "prores") else "matroska"
