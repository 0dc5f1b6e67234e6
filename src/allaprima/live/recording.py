"""Recording what is shown to a file, with the times at which it was seen; and keeping single paintings."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import AllaPrimaError, OutputError
from allaprima.files import is_taken, replacing
from allaprima.film.color import FromRGB
from allaprima.film.pyav import load_av

Pixels = NDArray[np.uint8]

TICKS = 90_000
"""A second."""
_WAITING = 4
"""Frames at most that wait to be encoded; where more come, some are left out, and the one before stands longer."""
_LAST = TICKS // 30
"""Ticks that the last frame stands."""


class _EmptyError(Exception):
    """There is nothing to keep."""


class Recording:
    """A clip that grows while it is painted; H.264 in mp4. It has its name when it is whole.

    Args:
        path: where it is to be.
        size: (width, height) in pixels, both even; frames of other sizes are scaled.

    Raises:
        OutputError: there is something, or nothing can be written there.
        EngineError: the extra ``video`` is missing.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        load_av()
        if is_taken(path):
            raise OutputError(f"{path} exists")
        self.path = path
        self._size = size
        self._frames: queue.Queue[tuple[Pixels, float] | None] = queue.Queue(_WAITING)
        self._ready = threading.Event()
        self._fault: Exception | None = None
        self._is_empty = False
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._fault is not None:
            raise self._fault

    @property
    def failed(self) -> bool:
        """Whether it can go on no longer, as on a full disk; ``finish`` says why."""
        return self._fault is not None

    def add(self, painted: Pixels, captured: float) -> None:
        """Add a painting, uint8 [H, W, 3]; ``captured`` is in seconds of a monotonic clock."""
        with suppress(queue.Full):
            self._frames.put_nowait((painted, captured))

    def finish(self) -> Path | None:
        """End it; the file is there, or None if nothing was painted meanwhile.

        Raises:
            OutputError: it could not be written.
        """
        while self._thread.is_alive():
            with suppress(queue.Full):
                self._frames.put(None, timeout=0.1)
                break
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return None if self._is_empty else self.path

    def _write(self) -> None:
        try:
            with replacing(self.path, overwrite=False) as file:
                self._encode(file)
        except _EmptyError:
            self._is_empty = True
        except AllaPrimaError as error:
            self._fault = error
        except Exception as error:
            self._fault = OutputError(f"{self.path} cannot be written: {error}")
        finally:
            self._ready.set()

    def _encode(self, file: Any) -> None:
        av = load_av()
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "20", "bf": "0"})
            stream.width, stream.height = self._size
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.time_base = Fraction(1, TICKS)
            converted = FromRGB("yuv420p", self._size)
            converted.tag(context)
            container.start_encoding()
            self._ready.set()
            first, last, held = None, -1, None
            while (item := self._frames.get()) is not None:
                pixels, captured = item
                first = captured if first is None else first
                frame = converted(pixels)
                frame.pts, frame.time_base = max(last + 1, round((captured - first) * TICKS)), Fraction(1, TICKS)
                if held is not None:
                    _encode_one(container, stream, held, frame.pts - held.pts)
                held, last = frame, frame.pts
            if held is None:
                raise _EmptyError
            _encode_one(container, stream, held, _LAST)
            container.mux(stream.encode())


def _encode_one(container: Any, stream: Any, frame: Any, duration: int) -> None:
    frame.duration = duration
    for packet in stream.encode(frame):
        container.mux(packet)


def free_name(folder: Path, stem: str, suffix: str, now: datetime | None = None) -> Path:
    """A name in a folder that nothing has: ``irises_2026-11-25_16-30-12.mp4``."""
    stamp = f"{now or datetime.now():%Y-%m-%d_%H-%M-%S}"
    path, number = folder / f"{stem}_{stamp}{suffix}", 1
    while is_taken(path):
        number += 1
        path = folder / f"{stem}_{stamp}_{number}{suffix}"
    return path
