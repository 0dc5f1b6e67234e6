"""A source, opened: its frames as they come, each turned into pixels only if it is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.errors import PictureError
from allaprima.film.color import ToRGB
from allaprima.film.pyav import load_av
from allaprima.film.upright import AS_IT_IS, Matrix, display_matrix, swaps_sides, turned
from allaprima.live.clock import ClockPicture
from allaprima.live.place import Place

Pixels = NDArray[np.uint8]

OPENING, SILENCE = 10.0, 5.0
"""Seconds in which a source must open, and in which the next frame must come."""
_LAST = 1 / 30
"""Seconds that the last frame of a clip stands before the first comes again."""
_FAULTY_PACKETS = 100
"""In a row; then the source is given up."""


@dataclass(frozen=True)
class Grab:
    """A frame as it came.

    Attributes:
        captured: when, in seconds of a monotonic clock.
        size: (width, height), upright.
        convert: (width, height) -> uint8 [height, width, 3], upright sRGB.
    """

    captured: float
    size: tuple[int, int]
    convert: Callable[[int, int], Pixels]


class Stream(Protocol):
    """An open source."""

    def grabs(self, stopped: Event) -> Iterator[Grab]:
        """Its frames as they come; it ends when it is ``stopped`` or has no more.

        Raises:
            OSError: the source is gone.
        """

    def close(self) -> None:
        """Free it."""


def open_stream(place: Place) -> Stream:
    """Open a source.

    Raises:
        PictureError: it cannot be opened, or has no pictures.
        EngineError: the extra ``video`` is missing.
    """
    if place.kind == "test":
        return _Test()
    return _Video(place)


class _Test:
    def __init__(self) -> None:
        self._picture = ClockPicture()

    def grabs(self, stopped: Event) -> Iterator[Grab]:
        for captured, pixels in self._picture.frames(stopped):
            yield Grab(captured, self._picture.size, partial(_resized, pixels))

    def close(self) -> None:
        pass


class _Video:
    """What FFmpeg opens."""

    def __init__(self, place: Place) -> None:
        av = load_av()
        self._place = place
        self._faults = (av.error.InvalidDataError, av.error.BlockingIOError)
        self._convert: ToRGB | None = None
        self._turn = Lock()
        self._container = _opened(av, place)
        try:
            self._stream = self._container.streams.video[0]
        except IndexError as error:
            self._container.close()
            raise PictureError(f"{place.label} has no pictures") from error
        ends = place.kind == "network" and self._container.duration is not None
        self._is_clip = ends or place.kind == "file"
        self._is_paced = self._is_clip or "hls" in self._container.format.name
        self._stream.thread_type = "AUTO" if self._is_paced else "SLICE"  # frame threads hold frames back

    def grabs(self, stopped: Event) -> Iterator[Grab]:
        """Frames as they come; those of a clip in its own time, again and again."""
        while not stopped.is_set():
            start, first = time.monotonic(), None
            size, matrix = (0, 0), AS_IT_IS
            for frame in self._frames(stopped):
                if size != (frame.width, frame.height):  # not for every frame: it keeps them in memory
                    size, matrix = (frame.width, frame.height), display_matrix(frame)
                if self._is_paced and frame.time is not None:
                    first = frame.time if first is None else first
                    if stopped.wait(max(0.0, start + frame.time - first - time.monotonic())):
                        return
                yield self._grab(frame, matrix)
            if not self._is_clip or stopped.wait(_LAST):
                return
            self._container.seek(0)

    def close(self) -> None:
        with self._turn:
            self._container.close()

    def _frames(self, stopped: Event) -> Iterator[Any]:
        faulty = 0
        packets = self._container.demux(self._stream)
        while not stopped.is_set():
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
                faulty = 0
            except self._faults:  # a damaged packet, or a camera that is not ready yet
                faulty += 1
                if faulty > _FAULTY_PACKETS:
                    raise
                packets = self._container.demux(self._stream)  # an error has ended the old one
                stopped.wait(0.01)

    def _grab(self, frame: Any, matrix: Matrix) -> Grab:
        lies = swaps_sides(matrix)
        size = (frame.height, frame.width) if lies else (frame.width, frame.height)

        def convert(width: int, height: int) -> Pixels:
            with self._turn:
                convert = self._convert = self._convert or ToRGB(frame)
                convert.alpha = False
                convert.width, convert.height = (height, width) if lies else (width, height)
                return turned(convert(frame), matrix)

        return Grab(time.monotonic(), size, convert)


def _opened(av: Any, place: Place) -> Any:
    fault: Exception | None = None
    for options in place.attempts:
        try:
            return av.open(
                place.address, format=place.format, options=dict(options), timeout=(OPENING, SILENCE), mode="r"
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            fault = error
            if isinstance(error, (FileNotFoundError, PermissionError)):
                break
    reason = getattr(fault, "strerror", None) or fault
    busy = "; another program may be using it" if place.kind == "camera" and "busy" in str(reason).lower() else ""
    raise PictureError(f"{place.label} cannot be opened: {str(reason)[:1].lower()}{str(reason)[1:]}{busy}") from fault


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
