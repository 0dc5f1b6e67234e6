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


class ToEncode:
    """Makes frames what an encoder takes; one thread at a time may use it.

    Args:
        encoding: how they are encoded.
        size: (width, height) of the frames.
    """

    def __init__(self, encoding: Encoding, size: tuple[int, int]) -> None:
        self._converted, self._channels = FromRGB(encoding.pix_fmt), 4 if encoding.alpha else 3
        self._padding = tuple(side % 2 if CODECS[encoding.codec].even else 0 for side in size)
        self.size = size[0] + self._padding[0], size[1] + self._padding[1]
        """(width, height) of what is encoded."""

    def __call__(self, pixels: NDArray[np.uint8]) -> Any:
        """PyAV's frame of uint8 [H, W, 3] or [H, W, 4], in the encoder's format and with its tags."""
        pixels, (right, bottom) = pixels[..., : self._channels], self._padding
        if right or bottom:
            pixels = np.pad(pixels, [(0, bottom), (0, right), (0, 0)], mode="edge")
        return self._converted(pixels)

    def tag(self, context: Any) -> None:
        """Say of an encoder what the colors are."""
        self._converted.tag(context)


class SegmentEncoder:
    """Encodes frames of one size into a file; the first is a key frame, and nothing refers to what lies outside.

    The file keeps the frames and their order; their times are kept by whoever encodes them (``segments``), so that no
    container's time base rounds them twice. ``open_segment`` makes it.
    """

    def __init__(
        self, container: Any, encoding: Encoding, size: tuple[int, int], rate: Fraction, aspect: Fraction
    ) -> None:
        codec, form = CODECS[encoding.codec], ToEncode(encoding, size)
        stream = container.add_stream(codec.encoder, rate=rate, options=codec.options(encoding.quality))
        stream.width, stream.height = form.size
        stream.pix_fmt = encoding.pix_fmt
        context = stream.codec_context
        context.thread_count = codec.threads
        context.time_base = 1 / rate
        context.sample_aspect_ratio = aspect
        form.tag(context)
        self._container, self._stream, self._count = container, stream, 0

    def write(self, frame: Any) -> None:
        """Encode PyAV's frame, as ``ToEncode`` makes it."""
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
