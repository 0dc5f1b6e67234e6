"""All that the page may ask for, as plain calls that give plain data; ``server.py`` speaks HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.color import COLORS
from allaprima.errors import AllaPrimaError, OptionError, OutputError
from allaprima.files import write_bytes
from allaprima.live.capture import Capture
from allaprima.live.controls import Controls
from allaprima.live.loop import Loop
from allaprima.live.pace import fitted
from allaprima.live.recording import Recording, free_name
from allaprima.live.shown import Shown
from allaprima.stylizer import Stylizer

THUMBNAIL = 192
"""Pixels on the longer side."""


class Desk:
    """The page's side of a painting loop; many threads may call it.

    Args:
        stylizer: the model.
        capture: the source.
        controls: the choice of the moment.
        shown: what is shown.
        loop: what paints.
        label: the source's name.
        folder: where recordings and snapshots go.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        capture: Capture,
        controls: Controls,
        shown: Shown,
        loop: Loop,
        label: str,
        folder: Path,
    ) -> None:
        self.shown = shown
        self._stylizer, self._capture, self._controls, self._loop = stylizer, capture, controls, loop
        self._label, self._folder = label, folder
        self._saved: dict[str, Path] = {}
        self._problem = ""
        self._saving, self._painting = threading.Lock(), threading.Lock()
        """One file is begun or ended at a time; one small picture is painted at a time."""

    def model(self) -> dict[str, Any]:
        """What does not change: the styles and the words for colors."""
        styles = [{"name": style.name, "credit": style.credit} for style in self._stylizer.styles]
        return {"styles": styles, "colors": list(COLORS), "source": self._label}

    def state(self) -> dict[str, Any]:
        """What changes: the choice, how it goes, the source, and what was saved."""
        stats = self._loop.stats
        source, reason = self._capture.state
        if self._loop.recording is not None and self._loop.recording.failed:
            self._give_up()
        recording = self._loop.recording
        return {
            "choice": asdict(self._controls.choice),
            "fps": round(stats.fps, 1),
            "latency": round(stats.latency * 1000),
            "size": list(stats.size),
            "asleep": stats.asleep,
            "source": source,
            "reason": reason,
            "recording": None if recording is None else recording.path.name,
            "saved": list(self._saved),
            "problem": self._problem,
        }

    def change(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change the choice.

        Raises:
            OptionError: a name or a value that cannot be.
        """
        self._controls.change(values, time.monotonic())
        return self.state()

    def record(self, on: bool) -> dict[str, Any]:
        """Begin a recording, or end the one that runs and keep it.

        Raises:
            OutputError: it cannot be written.
        """
        with self._saving:
            if on and self._loop.recording is None:
                size = self._loop.full_size
                if size is None:
                    raise OutputError("nothing is painted yet")
                path = free_name(self._folder, self._controls.choice.style, ".mp4")
                self._problem = ""
                self._loop.record(Recording(path, size))
            elif not on and (recording := self._loop.end_recording()) is not None:
                kept = recording.finish()
                if kept is not None:
                    self._saved[kept.name] = kept
        return self.state()

    def _give_up(self) -> None:
        """A recording that can go on no longer, as on a full disk; why is part of the state from then on."""
        recording = self._loop.end_recording()
        try:
            if recording is not None:
                recording.finish()
        except AllaPrimaError as error:
            self._problem = str(error)

    def snapshot(self) -> dict[str, Any]:
        """Keep the painting of this moment as a PNG.

        Raises:
            OutputError: nothing is painted yet, or it cannot be written.
        """
        painting = self._loop.painting
        if painting is None:
            raise OutputError("nothing is painted yet")
        with self._saving:
            path = free_name(self._folder, self._controls.choice.style, ".png")
            write_bytes(_encoded(painting, "PNG"), path, overwrite=False)
            self._saved[path.name] = path
        return self.state()

    def saved(self, name: str) -> bytes:
        """A file that this run has saved.

        Raises:
            OptionError: it has saved none of that name.
            OutputError: it is there no longer.
        """
        if name not in self._saved:
            raise OptionError("nothing of that name was saved")
        try:
            return self._saved[name].read_bytes()
        except OSError as error:
            raise OutputError(f"{name} is there no longer") from error

    def thumbnail(self, style: str) -> bytes | None:
        """The frame of this moment, small, in a style, as a JPEG; None where there is no frame.

        Raises:
            StyleError: there is no such style.
        """
        frame = self._loop.frame
        if frame is None:
            return None
        small = Image.fromarray(frame).resize(fitted((frame.shape[1], frame.shape[0]), THUMBNAIL))
        with self._painting:
            return _encoded(self._stylizer.stylize(np.asarray(small), style), "JPEG")


def _encoded(pixels: NDArray[np.uint8], format: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, format)
    return buffer.getvalue()
