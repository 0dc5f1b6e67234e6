"""Whether a face is still one: a detector looks at photograph and painting.

It needs ``opencv-python-headless`` before version 5, whose wheel brings the cascades of Viola & Jones (2001).
"""
# ruff: noqa: PLC0415 - OpenCV is needed for this index alone

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import ModelError
from allaprima.evaluation.painters import Pixels
from judges.indices import luminance
from judges.judge import Scene, Terms

CASCADE = "haarcascade_frontalface_alt2.xml"
OVERLAP = 0.3
"""Two boxes are of one face if their intersection is at least this share of their union."""

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


class Faces:
    """``faces``: the share of the faces found in the photograph that are found again in the painting."""

    name = "faces"

    def __init__(self) -> None:
        try:
            import cv2

            cascade = Path(cv2.data.haarcascades) / CASCADE
        except (ImportError, AttributeError) as error:
            raise ModelError("faces are found with opencv-python-headless<5, which is not installed") from error
        self.detector: Any = cv2.CascadeClassifier(str(cascade))
        self._faces: tuple[str, list[Box]] = ("", [])

    def fingerprint(self, style: str) -> dict[str, object]:
        """The detector; the style does not matter."""
        return {"judge": self.name, "cascade": CASCADE, "overlap": OVERLAP}

    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """Nothing for a photograph without a face."""
        if self._faces[0] != scene.sha256:
            self._faces = (scene.sha256, self.find(scene.pixels))
        faces = self._faces[1]
        if scene.kind != "face" or not faces:
            return {}
        found = self.find(painted)
        return {"faces": sum(any(overlap(a, b) >= OVERLAP for b in found) for a in faces) / len(faces)}

    def find(self, pixels: Pixels) -> list[Box]:
        """Where faces are."""
        grey: NDArray[np.uint8] = luminance(pixels).round().astype(np.uint8)
        found = self.detector.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=3, minSize=(32, 32))
        return [(int(x), int(y), int(w), int(h)) for x, y, w, h in found]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(0, width) * max(0, height)
    return both / (a[2] * a[3] + b[2] * b[3] - both)
