"""A loaded style model, in ONNX Runtime or OpenVINO: arrays in, arrays out."""

from __future__ import annotations

import math
import os
import threading
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from allaprima.engine.memory import sensible_memory
from allaprima.engine.openvino import OpenVinoSession
from allaprima.engine.stages import Session
from allaprima.engine.tiles import BYTES_PER_PIXEL_BOUND, Progress, TilePainter
from allaprima.errors import EngineError, ModelError, PictureError
from allaprima.options import ENGINES
from allaprima.style_model import CARD_KEY, IMAGE, STYLE, STYLIZED, Card

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""In order of preference; the first is there with ``onnxruntime-gpu`` only."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Engine:
    """One loaded style model.

    Args:
        model: an ``.onnx`` file that follows the contract in ``style_model.py``.
        threads: how many threads compute; None leaves it to ONNX Runtime, which takes every physical core.
        memory: bytes that the process may take; pictures that need more are painted in tiles. None is
            ``sensible_memory()``.
        exact: tiles get exact statistics of the whole picture, not those of a sample (``tiles.py``).
        engine: what computes, one of ``ENGINES``. Tiles are always ONNX Runtime's.

    Raises:
        ModelError: the file is missing, not ONNX, or not a style model.
        EngineError: the engine is not installed, or not for this machine.
    """

    def __init__(
        self,
        model: Path,
        threads: int | None = None,
        memory: int | None = None,
        *,
        exact: bool = False,
        engine: str = ENGINES[0],
    ) -> None:
        if engine not in ENGINES:
            raise EngineError(f"there is no engine {engine}; choose one of: {', '.join(ENGINES)}")
        if not model.is_file():
            raise ModelError(f"there is no style model at {model}")
        self._threads = threads
        self._memory = sensible_memory() if memory is None else memory
        self._exact = exact
        self._measuring = threading.Lock()
        try:
            self._model = model.read_bytes()
            session = self.open(self._model)
        except Exception as error:  # ONNX Runtime has no common base class for its exceptions
            raise ModelError(f"{model} is not a readable ONNX model") from error
        try:
            self.card = Card.from_json(session.get_modelmeta().custom_metadata_map.get(CARD_KEY))
        except ModelError as error:
            raise ModelError(f"{model}: {error}") from error
        if {IMAGE, STYLE} != {node.name for node in session.get_inputs()}:
            raise ModelError(f"{model} is no style model: its inputs are not {IMAGE} and {STYLE}")
        self._session: Session = session
        if engine != ENGINES[0]:
            self._session = OpenVinoSession(self._model, threads, half=engine == "openvino-bf16")

    @property
    def threads(self) -> int:
        """How many threads may work on a picture."""
        return self._threads or cores()

    def run(
        self, image: NDArray[np.uint8], mixture: NDArray[np.float32], progress: Progress | None = None
    ) -> NDArray[np.uint8]:
        """Paint, in tiles where the whole picture needs more memory than allowed.

        image: uint8 [N, H, W, 3], RGB; mixture: float32 [S] -> uint8 [N, H, W, 3].

        Raises:
            PictureError: it could not be computed, which a lack of memory explains best.
        """
        height, width = image.shape[1:3]
        try:
            if not self._fits(image.shape):
                return np.stack([self._tiles.paint(one, mixture, self._memory, self._exact, progress) for one in image])
            result: NDArray[np.uint8] = self._session.run([STYLIZED], {IMAGE: image, STYLE: mixture})[0]
        except ModelError:
            raise
        except Exception as error:  # as above
            raise PictureError(
                f"the network failed on {width}×{height} pixels, probably for lack of memory: "
                "make it smaller (--size) or allow less memory (--memory), which takes smaller tiles"
            ) from error
        return result

    def _fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a batch [N, H, W, 3] can be painted in one run."""
        pixels = math.prod(shape[:3])
        if pixels * BYTES_PER_PIXEL_BOUND <= self._memory:
            return True
        with self._measuring:  # by one thread alone
            return self._tiles.fits(pixels, self._memory)

    @cached_property
    def _tiles(self) -> TilePainter:
        return TilePainter(self._model, len(self.card.styles), self.open)

    def open(self, model: bytes) -> onnxruntime.InferenceSession:
        """An ONNX Runtime session of a model's bytes on the best device, with this engine's threads."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = self._threads or 0
        available = onnxruntime.get_available_providers()
        return onnxruntime.InferenceSession(model, options, providers=[name for name in PROVIDERS if name in available])
