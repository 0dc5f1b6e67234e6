"""A decoded picture or animation, a look and a loaded model -> the same, painted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.engine import Engine
from allaprima.engine.progress import Progress
from allaprima.errors import PictureError
from allaprima.look.look import Look
from allaprima.look.painting import Mixture, Prepared
from allaprima.picture.animation import Animation
from allaprima.picture.picture import Picture, scaled_within
from allaprima.style_model import SMALLEST_SIDE

BYTES_OF_DECODED = 12
"""A pixel, between a file and its pixels, or back: Pillow's picture, which has four, a copy, and what is given on."""

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")


def paint(
    engine: Engine,
    content: Picture | Animation,
    look: Look,
    mixtures: Sequence[Mixture],
    progress: Progress | None = None,
) -> Picture | Animation:
    """Repaint a picture or an animation; alpha and metadata stay. A frame is painted when it is asked for.

    Args:
        engine: the model.
        content: what is painted.
        look: how.
        mixtures: of the look's style and, if there is one, of the style where its mask is black: float32 [S] each.
        progress: follows the frames of an animation, or the tiles of a picture that needs them.

    Raises:
        PictureError: it has a side below 16 pixels.
    """
    if min(content.size) < SMALLEST_SIDE:
        width, height = content.size
        raise PictureError(
            f"the picture is {width}×{height} pixels; both sides need at least {SMALLEST_SIDE}: enlarge it first"
        )
    frames = _Counter(content.count if isinstance(content, Animation) else 1, progress)
    prepared = Prepared(look, mixtures, content.size, engine.threads)
    if isinstance(content, Animation):
        return content.map(lambda frame: frames.after(frame.with_pixels(_painted(engine, frame.pixels, prepared))))
    return content.with_pixels(_painted(engine, content.pixels, prepared, progress))


@contextmanager
def room(
    engine: Engine, look: Look, mixtures: Sequence[Mixture], longest: int | None = None
) -> Iterator[Callable[[int, int], None]]:
    """Memory for one picture, from its file to its result, out of what all threads of an engine share.

    Args:
        engine: the model.
        look: how it will be painted.
        mixtures: as for ``paint``.
        longest: its longer side in pixels when it is painted, at most; None is its own.

    Yields:
        What must be called with the picture's width and height before it is decoded: it waits until there is room,
        which is held to the end of the ``with`` block.
    """
    with ExitStack() as stack:

        def opened(width: int, height: int) -> None:
            size = (width, height) if longest is None else scaled_within((width, height), longest)
            prepared = Prepared(look, mixtures, size, engine.threads)
            beside = max(prepared.bytes_beside, BYTES_OF_DECODED * width * height)
            stack.enter_context(engine.room(*prepared.seen, beside))

        yield opened


def _painted(engine: Engine, pixels: Pixels, prepared: Prepared, progress: Progress | None = None) -> Pixels:
    tiles = _Told(progress)
    tell = tiles.tell if progress else None
    with engine.room(*prepared.seen, prepared.bytes_beside):
        result = prepared.paint(
            np.ascontiguousarray(pixels), lambda seen, weights: engine.paint(seen[None], weights, tell)[0]
        )
    tiles.finish()
    return result


class _Told:
    """Whether a caller has been told of any work: of a picture painted in one piece nobody hears before its end."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._told = progress, False

    def tell(self, done: int, total: int) -> None:
        self._told = True
        if self._progress is not None:
            self._progress(done, total)

    def finish(self) -> None:
        if not self._told:
            self.tell(1, 1)


class _Counter:
    """Tells how many frames are done."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def after(self, result: Result) -> Result:
        self._done = min(self._done + 1, self._total)
        if self._progress is not None:
            self._progress(self._done, self._total)
        return result
