"""A loaded style model, in ONNX Runtime or OpenVINO: arrays in, arrays out, in bounded memory."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from allaprima.engine.held import HeldNorms, Statistics
from allaprima.engine.machine import cores
from allaprima.engine.memory import BOUND, Budget, sensible_memory
from allaprima.engine.progress import Progress
from allaprima.engine.runtime import Session, memory_faults, open_session, shrinking
from allaprima.engine.sessions import Sessions
from allaprima.errors import EngineError, ModelError, OptionError, StyleError
from allaprima.options import ENGINES
from allaprima.style_model import CARD_KEY, IMAGE, STYLE, STYLIZED, Card

if TYPE_CHECKING:
    from allaprima.engine.tiles import TilePainter

_SHRINK_ABOVE = 4
"""A run that leaves more than this part of the memory in the runtime's pool (a quarter) gives it back at its end.
Smaller ones do not, since taking it again costs a tenth of the time."""

_PLANNED = 2**20
"""Pixels. Smaller pictures, such as frames of a film, are painted with a plan of their memory (``open_session``) where
all of it is plenty for them."""
_AT_ONCE = 4
"""Frames of a film side by side, at most: each takes memory."""
_BYTES_OF_PLANNED = 2
"""Times the memory of the same picture without a plan; peaks of the process were 1.4 to 1.8 times as much."""


class Engine:
    """One loaded style model; threads may share it, and share its memory.

    Args:
        model: an ``.onnx`` file that follows the contract in ``style_model.py``. It may have further inputs and
            outputs, which ``run`` takes and gives by name.
        threads: how many threads compute; None leaves it to ONNX Runtime, which takes every physical core.
        memory: bytes that the process may take, whoever paints in it with this model. Pictures wait for each other
            where they would take more; one that would take more alone is painted in tiles. None is
            ``sensible_memory()``.
        workers: how many pictures are painted at a time, at most, so that those in tiles can share the memory.
        exact: tiles get exact statistics of the whole picture, not those of a sample (``tiles.py``).
        engine: what computes, one of ``ENGINES``. Tiles are always ONNX Runtime's.

    Raises:
        ModelError: the file is missing, not ONNX, or not a style model.
        EngineError: the engine is not installed, or not for this machine.
        OptionError: the memory or a number of threads is below 1.
    """

    def __init__(
        self,
        model: Path,
        threads: int | None = None,
        memory: int | None = None,
        *,
        workers: int = 1,
        exact: bool = False,
        engine: str = ENGINES[0],
    ) -> None:
        if engine not in ENGINES:
            raise EngineError(f"there is no engine {engine}; choose one of: {', '.join(ENGINES)}", options=("engine",))
        for name, number in (("threads", threads), ("memory", memory), ("workers", workers)):
            if number is not None and (not isinstance(number, int) or number < 1):
                unit = "bytes" if name == "memory" else name
                raise OptionError(f"{name} must be a whole number of {unit}, at least 1, not {number!r}")
        if not model.is_file():
            raise ModelError(f"there is no style model at {model}")
        self._threads = threads
        self._exact = exact
        self.budget = Budget(sensible_memory() if memory is None else memory, workers)
        """The memory that all who paint with this engine share."""
        self._model = model.read_bytes()
        try:
            session = open_session(self._model, threads, planned=True)
        except Exception as error:  # ONNX Runtime has no common base class for its exceptions
            raise ModelError(f"{model} is not a readable ONNX model") from error
        try:
            self.card = Card.from_json(session.get_modelmeta().custom_metadata_map.get(CARD_KEY))
        except ModelError as error:
            raise ModelError(f"{model}: {error}") from error
        self.inputs = tuple(node.name for node in session.get_inputs())
        """The names of what the model takes, ``image`` and ``style`` among them."""
        self.outputs = tuple(node.name for node in session.get_outputs())
        """The names of what it gives, ``stylized`` among them."""
        if not {IMAGE, STYLE} <= set(self.inputs):
            raise ModelError(f"{model} is no style model: {IMAGE} and {STYLE} are not among its inputs")
        if STYLIZED not in self.outputs:
            raise ModelError(f"{model} is no style model: {STYLIZED} is not among its outputs")
        self._measured = False
        self._turns = threading.Semaphore(cores())  # more at a time would take memory, and no core has time for them
        self._onnxruntime = engine == ENGINES[0]
        self._half = engine == "openvino-bf16"
        self._sessions = self._sessions_of(self._model, session if self._onnxruntime else None)
        if not self._onnxruntime:
            self._sessions.get(planned=False, beside=False)

    @property
    def threads(self) -> int:
        """How many threads may work on a picture."""
        return self._threads or cores()

    @property
    def at_once(self) -> int:
        """How many pictures are best computed side by side where there are many."""
        return min(self.threads, _AT_ONCE)

    def paint(
        self,
        image: NDArray[np.uint8],
        mixture: NDArray[np.float32],
        progress: Progress | None = None,
        *,
        beside: bool = False,
        held: Sessions | None = None,
    ) -> NDArray[np.uint8]:
        """Paint pictures of one size, in tiles where a whole picture needs more memory than allowed.

        image: uint8 [N, H, W, 3], RGB; mixture: float32 [S] -> uint8 [N, H, W, 3]. ``progress`` follows a
        picture in tiles, in percent. ``beside`` others that are computed at the same time it gets its share of the
        threads; the result is the same. ``held`` is a network of this mixture with statistics of another picture, which
        is not for tiles.

        Raises:
            StyleError: the mixture is not of as many weights as the model has styles.
            ModelError: the model takes further inputs, which ``run`` can give, or cannot paint in tiles.
            OutOfMemoryError: there was less memory than allowed.
        """
        styles = len(self.card.styles)
        if mixture.shape != (styles,):
            raise StyleError(f"a mixture has one weight for each of the model's {styles} styles, not {mixture.size}")
        if further := set(self.inputs) - {IMAGE, STYLE}:
            raise ModelError(f"this model takes more than a picture and a style: {', '.join(sorted(further))}")
        needed = self.needed(image.shape)
        if len(image) > 1 and needed > self.budget.total:
            return np.concatenate([self.paint(one[None], mixture, progress, beside=beside) for one in image])
        height, width = image.shape[1:3]
        with self.budget.reserve(needed) as granted, self._turns, memory_faults(width, height):
            if granted >= needed:
                if held is not None:
                    return self._run(held, {IMAGE: image}, [STYLIZED], needed, beside)[0]
                return self._run(self._sessions, {IMAGE: image, STYLE: mixture}, [STYLIZED], needed, beside)[0]
            return np.stack([self._tiles.paint(one, mixture, granted, self._exact, progress) for one in image])

    def paint_and_measure(
        self, image: NDArray[np.uint8], mixture: NDArray[np.float32], *, beside: bool = False
    ) -> tuple[NDArray[np.uint8], Statistics | None]:
        """As ``paint``, for one picture, with the statistics that its norms had, for ``held``.

        None are given where the network is of a kind that cannot hold them, or the picture is painted in tiles.
        They are always ONNX Runtime's.

        Raises:
            StyleError, ModelError, OutOfMemoryError: as ``paint``.
        """
        needed = self.needed(image.shape)
        height, width = image.shape[1:3]
        with self.budget.reserve(needed) as granted:
            if granted < needed or not self._held_norms.possible:
                return self.paint(image, mixture, beside=beside), None
            painted = [] if self._onnxruntime else [self.paint(image, mixture, beside=beside)]
            names = [*self._held_norms.statistics_names, STYLIZED][: None if self._onnxruntime else -1]
            with self._turns, memory_faults(width, height):
                values = self._run(self._measuring, {IMAGE: image, STYLE: mixture}, names, needed, beside)
            painted += values[len(self._held_norms.statistics_names) :]
            return painted[0], self._held_norms.statistics(values)

    def held(self, statistics: Statistics, mixture: NDArray[np.float32]) -> Sessions:
        """A network that paints in a mixture, float32 [S], with the statistics that ``paint_and_measure`` gave.

        It is for pictures that look much like the measured one, and faster than the model itself. Where the statistics
        are those of the picture, the painting is the same but for rounding.
        """
        return self._sessions_of(self._held_norms.model(statistics, mixture), for_frames=True)

    def run(self, feeds: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Run the whole model once, without tiles.

        Args:
            feeds: every input by name; ``image`` is uint8 [N, H, W, 3].
            outputs: the names of those wanted; None is all.

        Raises:
            OutOfMemoryError: there was less memory than allowed.
        """
        names = list(self.outputs if outputs is None else outputs)
        shape = feeds[IMAGE].shape
        needed = self.needed(shape)
        with self.budget.reserve(min(needed, self.budget.total)), self._turns, memory_faults(shape[2], shape[1]):
            return dict(zip(names, self._run(self._sessions, dict(feeds), names, needed), strict=True))

    @contextmanager
    def room(self, height: int, width: int, beside: int) -> Iterator[None]:
        """Wait for the memory to paint a picture of that size, and hold it for all that this thread paints inside.

        Args:
            height: of what the network sees, in pixels.
            width: likewise.
            beside: bytes that the caller takes for itself, such as the picture and its result.
        """
        with self.budget.reserve(self.needed((1, height, width)), beside):
            yield

    def needed(self, shape: tuple[int, ...]) -> int:
        """Bytes of working memory to paint a batch [N, H, W, …] in one run, at most."""
        pixels = math.prod(shape[:3])
        if not self._measured and pixels * BOUND <= self.budget.free // 4:  # plenty, whatever others ask for
            return pixels * BOUND
        self._measured = True
        return pixels * self._tiles.bytes_per_pixel * (_BYTES_OF_PLANNED if self._is_planned(pixels) else 1)

    def _is_planned(self, pixels: int) -> bool:
        return self._onnxruntime and pixels <= _PLANNED and pixels * BOUND <= self.budget.total // 2

    def _run(
        self, sessions: Sessions, feeds: dict[str, Any], names: list[str], needed: int, beside: bool = False
    ) -> list[NDArray[Any]]:
        planned = self._is_planned(math.prod(feeds[IMAGE].shape[:3]))
        session = sessions.get(planned=planned, beside=beside and self.at_once > 1)
        if self._onnxruntime and not planned and needed > self.budget.total // _SHRINK_ABOVE:
            return list(session.run(names, feeds, shrinking()))  # type: ignore[call-arg]
        return list(session.run(names, feeds))

    def _sessions_of(
        self, model: bytes, alone: Session | None = None, *, for_frames: bool = False, always_onnxruntime: bool = False
    ) -> Sessions:
        def opened(planned: bool, beside: bool) -> Session:
            if not (self._onnxruntime or always_onnxruntime):
                from allaprima.engine.openvino import OpenVinoSession  # noqa: PLC0415 - an extra

                at_once = self.at_once if beside else 1
                return OpenVinoSession(model, self._threads, half=self._half, at_once=at_once, soon=for_frames)
            threads = self.threads // self.at_once if beside else self._threads
            session: Session = open_session(model, threads, planned=planned, alone=not beside)
            return session

        return Sessions(opened, alone)

    @cached_property
    def _held_norms(self) -> HeldNorms:
        return HeldNorms(self._model, len(self.card.styles), lambda model: open_session(model, 1))

    @cached_property
    def _measuring(self) -> Sessions:
        return self._sessions_of(self._held_norms.measuring(painting=self._onnxruntime), always_onnxruntime=True)

    @cached_property
    def _tiles(self) -> TilePainter:
        from allaprima.engine.tiles import TilePainter  # noqa: PLC0415 - few pictures need it

        return TilePainter(self._model, len(self.card.styles), self.open)

    def open(self, model: bytes) -> onnxruntime.InferenceSession:
        """An ONNX Runtime session of a model's bytes on the best device, with this engine's threads."""
        return open_session(model, self._threads)
