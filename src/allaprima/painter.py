"""A decoded picture or animation, a look and a loaded model -> the same, painted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import repeat
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.engine import Engine
from allaprima.engine.held import Statistics
from allaprima.engine.progress import Progress
from allaprima.engine.sessions import Sessions
from allaprima.errors import PictureError
from allaprima.look.look import Look
from allaprima.look.painting import Mixture, Prepared
from allaprima.picture.animation import Animation
from allaprima.picture.picture import Picture, scaled_within
from allaprima.steady.calm import Calm
from allaprima.steady.grid import GRID, Phase, painted_at
from allaprima.style_model import PHOTO, SMALLEST_SIDE, mixture

BYTES_OF_DECODED = 12
"""A pixel, between a file and its pixels, or back: Pillow's picture, which has four, a copy, and what is given on."""

Pixels = NDArray[np.uint8]
Result = TypeVar("Result")


class Painter:
    """A loaded model and how it is to paint; threads may share it.

    Args:
        engine: the model.
        look: how.

    Raises:
        StyleError: a style that the model does not have.
    """

    def __init__(self, engine: Engine, look: Look) -> None:
        self.engine, self.look = engine, look
        names = engine.card.names
        style = names[PHOTO + 1] if look.style is None else look.style
        styles = [style] if look.mask_style is None else [style, look.mask_style]
        self.mixtures: list[Mixture] = [mixture(names, one, look.strength) for one in styles]
        """The weights of the look's style and, if there is one, of the style where its mask is black: float32 [S]."""

    def with_look(self, look: Look) -> Painter:
        """The same model with another look.

        Raises:
            StyleError: a style that the model does not have.
        """
        return Painter(self.engine, look)

    def prepared(self, size: tuple[int, int]) -> Prepared:
        """The look, ready for pictures of one size, (width, height)."""
        return Prepared(self.look, self.mixtures, size, self.engine.threads)

    @overload
    def paint(self, content: Picture, progress: Progress | None = ...) -> Picture: ...
    @overload
    def paint(self, content: Picture | Animation, progress: Progress | None = ...) -> Picture | Animation: ...

    def paint(self, content: Picture | Animation, progress: Progress | None = None) -> Picture | Animation:
        """Repaint a picture or an animation; alpha and metadata stay. A frame is painted when it is asked for.

        Args:
            content: what is painted.
            progress: follows the frames of an animation, or the tiles of a picture that needs them.

        Raises:
            PictureError: it has a side below 16 pixels.
        """
        check_size(*content.size)
        prepared = self.prepared(content.size)
        if isinstance(content, Animation):
            frames = _Counter(content.count, progress)
            return content.map(lambda frame: frames.after(frame.with_pixels(self.paint_pixels(frame.pixels, prepared))))
        return content.with_pixels(self.paint_pixels(content.pixels, prepared, progress))

    @contextmanager
    def room(self, longest: int | None = None) -> Iterator[Callable[[int, int], None]]:
        """Memory for one picture, from its file to its result, out of what all threads of an engine share.

        Args:
            longest: its longer side in pixels when it is painted, at most; None is its own.

        Yields:
            What must be called with the picture's width and height before it is decoded: it waits until there is room,
            which is held to the end of the ``with`` block.
        """
        with ExitStack() as stack:

            def opened(width: int, height: int) -> None:
                size = (width, height) if longest is None else scaled_within((width, height), longest)
                prepared = self.prepared(size)
                high, wide = (side + GRID for side in prepared.seen)  # frames may be painted with a margin
                beside = max(prepared.bytes_beside, BYTES_OF_DECODED * width * height)
                stack.enter_context(self.engine.room(high, wide, beside))

            yield opened

    def paint_pixels(self, pixels: Pixels, prepared: Prepared, progress: Progress | None = None) -> Pixels:
        """Repaint uint8 [H, W, 3] -> uint8 [H, W, 3].

        Args:
            pixels: the picture.
            prepared: the look, ready for its size.
            progress: follows its tiles.

        Raises:
            OutOfMemoryError: there was less memory than allowed.
        """
        told = _Told(progress)
        tell = told.tell if progress else None

        def network(seen: Pixels, weights: Mixture) -> Pixels:
            painted: Pixels = self.engine.paint(seen[None], weights, tell)[0]
            return painted

        with self.engine.room(*prepared.seen, prepared.bytes_beside):
            result = prepared.paint(np.ascontiguousarray(pixels), network)
        told.finish()
        return result

    def paint_frame(
        self, seen: Pixels, prepared: Prepared, phase: Phase, beside: int, *, many: bool, calm: Calm | None = None
    ) -> list[Pixels]:
        """What the network makes of a frame, uint8 [h, w, 3], in each of the mixtures that need it.

        Args:
            seen: the frame as the network sees it.
            prepared: the look, ready for the frame's size.
            phase: how its content is to lie on the network's grid.
            beside: bytes that the caller takes.
            many: whether other threads paint other frames at the same time.
            calm: whose statistics the paintings have; None is the frame's own. It may get those of this frame.

        Raises:
            OutOfMemoryError: there was less memory than allowed.
        """
        measured = calm.measured if calm else None
        held = None
        if calm and calm.held and measured is None:
            held = calm.held.networks(lambda statistics: [*map(self.engine.held, statistics, prepared.painted)])
        statistics: list[Statistics | None] = []

        def paint(picture: Pixels, weights: Mixture, network: Sessions | None) -> Pixels:
            own = None
            if measured is None:
                paintings = self.engine.paint(picture[None], weights, beside=many, held=network)
            else:
                paintings, own = self.engine.paint_and_measure(picture[None], weights, beside=many)
            statistics.append(own)
            painted: Pixels = paintings[0]
            return painted

        height, width = prepared.seen
        with self.engine.room(height + GRID, width + GRID, prepared.bytes_beside + beside):
            paintings = [
                painted_at(phase, seen, partial(paint, weights=weights, network=network))
                for weights, network in zip(prepared.painted, held or repeat(None), strict=False)
            ]
        known = [one for one in statistics if one is not None]
        if measured is not None and len(known) == len(paintings):
            measured.statistics = known
        return paintings


def check_size(width: int, height: int) -> None:
    """Refuse what is too small to be painted.

    Raises:
        PictureError: a side below 16 pixels.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise PictureError(
            f"the picture is {width}×{height} pixels; both sides need at least {SMALLEST_SIDE}: enlarge it first"
        )


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
