"""Pixels through the command ``allaprima stylize -``. Nothing but Python's own library, which is all that GIMP has."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

CHANNELS_TO_COLOR = {3: 2, 4: 6}
"""Of a PNG: color type by the number of channels."""


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """A PNG of rows of bytes, three or four a pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    stride = width * channels
    if len(pixels) != stride * height:
        raise ValueError(f"{len(pixels)} bytes are not {width}×{height} pixels of {channels}")
    rows = b"".join(b"\0" + pixels[row * stride : (row + 1) * stride] for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, CHANNELS_TO_COLOR[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"sRGB", b"\0")
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def stylize(picture: bytes, style: str, strength: float, command: str = "allaprima", model: str = "") -> bytes:
    """A picture's file as the command paints it: a PNG of the same size.

    Args:
        picture: what is in the file.
        style: a style or a mixture.
        strength: 0..1.
        command: its name or path.
        model: a bank or the path of a style model; empty is the command's own choice.

    Raises:
        RuntimeError: the command is not there, or says why it cannot paint.
    """
    found = shutil.which(Path(command).expanduser())
    if found is None:
        raise RuntimeError(
            f"There is no command {command} here. Install Alla Prima, or name the command with its path."
        )
    words = [found, "stylize", "-", "--style", style, "--strength", f"{strength:g}", "--format", "png", "-o", "-"]
    words += ["--model", model] if model else []
    # GIMP's own Python, and what it sets for it, is not the command's.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(words, input=picture, capture_output=True, env=surroundings, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip() or f"{command} ended with {done.returncode}")
    return done.stdout
