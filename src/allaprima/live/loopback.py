"""Paintings as a camera that other programs open: v4l2loopback, on Linux."""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import OutputError
from allaprima.film.color import FromRGB
from allaprima.film.pyav import load_av

Pixels = NDArray[np.uint8]


class VirtualCamera:
    """A device that gets a frame at every tick of a clock, the last painting again where there is no new one.

    Programs show gray where frames of a camera are late.

    Args:
        device: ``/dev/video10``, made by v4l2loopback.
        size: (width, height) in pixels, both even; it stays, since programs refuse a camera that changes.
        fps: frames a second.
        format: FFmpeg's name for what is written.

    Raises:
        OutputError: this is not Linux, or the device is not there or not to be written to.
        EngineError: the extra ``video`` is missing.
    """

    def __init__(self, device: str, size: tuple[int, int], fps: float, format: str = "v4l2") -> None:
        self.device, self._size, self._fps = device, size, fps
        self._newest: Pixels | None = None
        self._ended = threading.Event()
        self._fault: OutputError | None = None
        av = load_av()
        if format == "v4l2":
            check_device(device)
        try:
            self._container: Any = av.open(device, "w", format=format)
            self._stream = self._container.add_stream("rawvideo", rate=max(1, round(fps)))
            self._stream.width, self._stream.height = size
            self._stream.pix_fmt = "yuv420p"
            self._container.start_encoding()
        except (OSError, ValueError) as error:
            raise OutputError(f"{device} takes no frames: {getattr(error, 'strerror', None) or error}") from error
        self._thread = threading.Thread(target=self._run, name="virtual camera", daemon=True)
        self._thread.start()

    def show(self, painted: Pixels) -> None:
        """The painting from now on, uint8 [H, W, 3] of any size.

        Raises:
            OutputError: the device is gone.
        """
        if self._fault is not None:
            raise self._fault
        self._newest = painted

    def close(self) -> None:
        """Free the device."""
        self._ended.set()
        self._thread.join(0.5)

    def _run(self) -> None:
        due, shown, converted = time.monotonic(), None, FromRGB("yuv420p", self._size)
        frame: Any = None
        try:
            while not self._ended.wait(max(0.0, due - time.monotonic())):
                due = max(due + 1 / self._fps, time.monotonic())
                newest = self._newest
                if newest is None:
                    continue
                if newest is not shown:
                    shown = newest
                    frame = converted(newest)
                frame.pts = None
                self._container.mux(self._stream.encode(frame))
        except OSError as error:
            self._fault = OutputError(f"{self.device} takes no more frames: {error.strerror or error}")
        finally:
            self._container.close()


def check_device(device: str, system: str = sys.platform) -> None:
    """Refuse what cannot be a virtual camera.

    Raises:
        OutputError: with what makes one.
    """
    if system != "linux":
        raise OutputError(
            "virtual cameras are made by OBS here: add the page as a browser source, and start OBS's virtual camera"
        )
    number = re.fullmatch(r"/dev/video(\d+)", device)
    if number is None:
        raise OutputError(f"a virtual camera is a device such as /dev/video10, not {device}")
    if not Path(device).exists():
        raise OutputError(
            f"there is no {device}; make it with: sudo modprobe v4l2loopback video_nr={number[1]} "
            'card_label="Alla Prima" exclusive_caps=1'
        )
