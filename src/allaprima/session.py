"""Frames of a clip, one after the other -> their paintings, which belong together."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import OptionError, PictureError
from allaprima.look.look import Look
from allaprima.look.painting import Prepared
from allaprima.options import OPTIONS
from allaprima.painter import Painter, check_size
from allaprima.steady.planes import Planes
from allaprima.steady.shot import Seen, Shot
from allaprima.style_model import share_of_photo

Pixels = NDArray[np.uint8]

_FORMAT = 7
"""Of a state."""
_SMALL_CHANGE = 0.1
"""Of a style's weight from one frame to the next: paintings in looks that differ by more are not blended."""


class Session:
    """Paints the frames of one clip in their order; ``Stylizer.session`` makes it. One thread at a time may use it.

    What it remembers of the frames before is its state: ``state`` gives it as bytes, and a session of the same model,
    look and steadiness that has ``restore``-d them goes on to the byte as this one does.

    Args:
        painter: the model, and how it is to paint.
        steady: from 0, every frame painted by itself, to 1.

    Raises:
        OptionError: a steadiness outside 0..1.
    """

    def __init__(self, painter: Painter, steady: float) -> None:
        self._painter = painter
        self._prepared: Prepared | None = None
        self._size = (0, 0)
        self._shot = Shot()
        self.steady = steady

    @property
    def look(self) -> Look:
        """How the next frame is painted; another may be given at any time.

        Raises:
            StyleError: it has a style that the model does not have.
        """
        return self._painter.look

    @look.setter
    def look(self, look: Look) -> None:
        self._painter = Painter(self._painter.engine, look)
        self._prepared = None

    @property
    def steady(self) -> float:
        """From 0, every frame painted by itself, to 1; it may be changed at any time."""
        return self._steady

    @steady.setter
    def steady(self, steady: float) -> None:
        OPTIONS["steady"].check(steady)
        self._steady = float(steady)

    def paint(self, pixels: Pixels) -> Pixels:
        """Paint the next frame.

        Args:
            pixels: uint8 [H, W, 3], or [H, W, 4] with alpha, which is kept. A frame of another size than the one
                before begins a new shot.

        Returns:
            uint8 of the same shape, the caller's own.

        Raises:
            PictureError: it is no such array, or has a side below 16 pixels.
            OutOfMemoryError: there was less memory than allowed.
        """
        return self.begin(pixels)()

    def begin(self, pixels: Pixels) -> Callable[[], Pixels]:
        """Paint the next frame as far as those after it depend on it.

        Args:
            pixels: as for ``paint``. They must stay as they are until the painting is finished.

        Returns:
            What does the rest and gives the painting, as ``paint`` does. Another thread may call it, once, while this
            one begins the frames that follow.

        Raises:
            PictureError, OutOfMemoryError: as ``paint``.
        """
        frame = self._seen(pixels)
        frame.compute()
        frame.follow()
        return frame.blend()

    def see(self, pixels: Pixels) -> FrameInWork:
        """Look at the next frame, of which nothing is painted yet: the first of the steps that ``begin`` takes.

        Args:
            pixels: as for ``begin``.

        Returns:
            The frame, for the other steps. Those of as many frames as ``at_once`` may overlap.

        Raises:
            PictureError: as ``paint``.
        """
        frame = self._seen(pixels)
        frame.follow()
        return frame

    @property
    def at_once(self) -> int:
        """How many threads may well compute frames side by side."""
        return self._painter.engine.at_once

    def reset(self) -> None:
        """Forget the frames before: the next one is painted as if it were the first."""
        self._shot = Shot()

    def state(self) -> bytes:
        """All that is remembered of the frames before."""
        buffer = io.BytesIO()
        arrays = {"format": np.array(_FORMAT), **self._shot.arrays()}
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    def restore(self, state: bytes) -> None:
        """Go on where the session went on that gave this state.

        Raises:
            OptionError: it is no state, or another version's.
        """
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as file:
                known = file["format"] == _FORMAT
                shot = Shot.of(file) if known else None
        except (AttributeError, EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise OptionError("this is not the state of a session") from error
        if shot is None:
            raise OptionError("this state of a session is from another version of allaprima")
        self._shot = shot

    def _seen(self, pixels: Pixels) -> FrameInWork:
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3:
            raise PictureError("a frame must be an array of uint8, [H, W, 3] or [H, W, 4]")
        height, width, channels = pixels.shape
        if channels not in (3, 4):
            raise PictureError(f"a frame has 3 or 4 channels, not {channels}")
        check_size(width, height)
        if self._steady == 0:
            self._shot = Shot()
        return FrameInWork(self._painter, self._ready((width, height)), self._shot, pixels, self._steady)

    def _ready(self, size: tuple[int, int]) -> Prepared:
        if self._prepared is None or size != self._size:
            self._prepared, self._size = self._painter.prepared(size), size
        return self._prepared


class FrameInWork:
    """A frame on its way to its painting; ``Session.see`` makes it.

    Every step is taken once: ``compute`` on any thread and beside other frames; then ``blend``, frame after frame in
    their order; then, on any thread, what that gives.
    """

    def __init__(self, painter: Painter, prepared: Prepared, shot: Shot, pixels: Pixels, steady: float) -> None:
        self._painter, self._prepared, self._shot, self._pixels = painter, prepared, shot, pixels
        self._photo = np.ascontiguousarray(pixels[..., :3])
        self._reduced = prepared.reduced(self._photo)
        self._seen: Seen | None = None
        if steady > 0:
            self._seen = shot.see(self._reduced, np.array(prepared.painted, np.float32), steady, _SMALL_CHANGE)
        self._paintings: list[Pixels] = []

    @property
    def share(self) -> float:
        """Of the photograph itself in the painting, 0 to 1; where there is a mask, where it is white."""
        return share_of_photo(self._painter.mixtures[0])

    @property
    def plain(self) -> bool:
        """Whether what the network makes is the painting: as large as the frame, in the colors of the style."""
        return self._prepared.plain

    def follow(self) -> None:
        """Let the next frame that is seen come after this one."""
        if self._seen is not None:
            self._shot.follow(self._seen)

    def compute(self, *, many: bool = False) -> FrameInWork:
        """What takes the longest: the network.

        Args:
            many: whether other threads compute other frames at the same time.

        Raises:
            OutOfMemoryError: there was less memory than allowed.
        """
        prepared, phase = self._prepared, (0, 0) if self._seen is None else self._seen.phase
        beside = Shot.bytes_beside(*prepared.seen, len(prepared.painted))
        calm = None if self._seen is None else self._seen.calm
        self._paintings = self._painter.paint_frame(self._reduced, prepared, phase, beside, many=many, calm=calm)
        return self

    def blend(self) -> Callable[[], Pixels]:
        """Join it with what stays of the frame before, and be remembered.

        Returns:
            What gives the painting, uint8 [H, W, 3] or [H, W, 4], the caller's own.
        """
        shown = self._blended([(painting,) for painting in self._paintings])
        return lambda: self._finished([show()[0] for show in shown])

    def blend_planes(self, convert: Callable[[Pixels], Planes]) -> Callable[[], Planes]:
        """As ``blend``, in other planes than RGB and of the size that the network sees.

        Only for a look without a mask in the style's own colors, as that of a ``plain`` frame is.

        Args:
            convert: makes uint8 [h, w, 3] planes of Y, U and V.

        Returns:
            What gives the painting's planes; those of the photograph where nothing else is to be seen.
        """
        if not self._paintings:
            self._blended([])
            photo = convert(self._reduced)
            return lambda: photo
        (shown,) = self._blended([convert(painting) for painting in self._paintings])
        return shown

    def _blended(self, paintings: list[Planes]) -> list[Callable[[], Planes]]:
        if self._seen is not None:
            return self._shot.blend(self._seen, paintings)
        return [lambda painting=painting: painting for painting in paintings]  # type: ignore[misc]

    def _finished(self, paintings: list[Pixels]) -> Pixels:
        painted = self._prepared.finished(self._photo, self._reduced, paintings)
        if self._pixels.shape[2] == 4:
            return np.dstack([painted, self._pixels[..., 3]])
        return painted.copy() if np.shares_memory(painted, self._pixels) else painted
