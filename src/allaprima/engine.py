"""An ONNX Runtime session over a style model: arrays in, arrays out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from allaprima.errors import ModelError, PictureError
from allaprima.style_model import CARD_KEY, IMAGE, STYLE, STYLIZED, Card

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""In order of preference; the first is there with ``onnxruntime-gpu`` only."""


class Engine:
    """One loaded style model.

    Args:
        model: an ``.onnx`` file that follows the contract in ``style_model.py``.
        threads: how many threads compute; None leaves it to ONNX Runtime, which takes every physical core.

    Raises:
        ModelError: the file is missing, not ONNX, or not a style model.
    """

    def __init__(self, model: Path, threads: int | None = None) -> None:
        if not model.is_file():
            raise ModelError(f"there is no style model at {model}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0
        available = onnxruntime.get_available_providers()
        try:
            self._session = onnxruntime.InferenceSession(
                str(model), options, providers=[name for name in PROVIDERS if name in available]
            )
        except Exception as error:  # ONNX Runtime has no common base class for its exceptions
            raise ModelError(f"{model} is not a readable ONNX model") from error
        try:
            self.card = Card.from_json(self._session.get_modelmeta().custom_metadata_map.get(CARD_KEY))
        except ModelError as error:
            raise ModelError(f"{model}: {error}") from error
        if {IMAGE, STYLE} != {node.name for node in self._session.get_inputs()}:
            raise ModelError(f"{model} is no style model: its inputs are not {IMAGE} and {STYLE}")

    def run(self, image: NDArray[np.uint8], mixture: NDArray[np.float32]) -> NDArray[np.uint8]:
        """image: uint8 [N, H, W, 3], RGB; mixture: float32 [S] -> uint8 [N, H, W, 3].

        Raises:
            PictureError: it could not be computed, which a lack of memory explains best.
        """
        try:
            result: NDArray[np.uint8] = self._session.run([STYLIZED], {IMAGE: image, STYLE: mixture})[0]
        except Exception as error:  # as above
            height, width = image.shape[1:3]
            raise PictureError(
                f"the network failed on {width}×{height} pixels, probably for lack of memory: make it smaller (--size)"
            ) from error
        return result
