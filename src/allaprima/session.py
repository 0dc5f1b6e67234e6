"""Frames of a clip, one after the other -> their paintings, which belong together."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import OptionError, PictureError
from allaprima.look.look import Look
from allaprima.look.painting import Finish, Prepared
from allaprima.options import OPTIONS
from allaprima.painter import Painter, check_size
from allaprima.steady.shot import Shot

Pixels = NDArray[np.uint8]

_FORMAT = 3
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
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3:
            raise PictureError("a frame must be an array of uint8, [H, W, 3] or [H, W, 4]")
        height, width, channels = pixels.shape
        if channels not in (3, 4):
            raise PictureError(f"a frame has 3 or 4 channels, not {channels}")
        check_size(width, height)
        finish = self._begun(pixels[..., :3])

        def finished() -> Pixels:
            painted = finish()
            if channels == 4:
                return np.dstack([painted, pixels[..., 3]])
            return painted.copy() if np.shares_memory(painted, pixels) else painted

        return finished

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

    def _begun(self, pixels: Pixels) -> Finish:
        prepared = self._ready((pixels.shape[1], pixels.shape[0]))
        if self._steady == 0:
            self._shot = Shot()
            painted = self._painter.paint_pixels(pixels, prepared)
            return lambda: painted
        self._shot.begin(np.stack(self._painter.mixtures), self._steady, _SMALL_CHANGE)
        finish = self._painter.begin_frame(pixels, prepared, self._shot)
        self._shot.end()
        return finish

    def _ready(self, size: tuple[int, int]) -> Prepared:
        if self._prepared is None or size != self._size:
            self._prepared, self._size = self._painter.prepared(size), size
        return self._prepared
