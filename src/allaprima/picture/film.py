"""Animated WebP and AVIF: Pillow's encoders, fed one frame after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from allaprima.picture.picture import Picture

_FLAGS, _ALPHA = 20, 0x10
"""In an animated WebP (RFC 9649, 2.7)."""


class _Film(Image.Image):
    """Pictures that come one by one, in the form in which Pillow saves an animation: it seeks, and the next is there.

    Pillow goes through them once, and looks at the first before and after that.
    """

    def __init__(self, first: Picture, others: Iterator[Picture], count: int) -> None:
        super().__init__()
        self._others, self._number = others, 0
        self.n_frames = count
        self.is_animated = count > 1
        self.durations: list[int] = []
        """Milliseconds of each frame so far; Pillow asks for a frame's time when it has the frame."""
        self._take(first)

    def _take(self, picture: Picture) -> None:
        image = picture.as_image()
        if self.durations and image.mode != self.mode:
            image = image.convert(self.mode)
        self.im, self._mode, self._size = image.im, image.mode, image.size
        self.durations.append(picture.duration)

    def seek(self, frame: int) -> None:
        """Go to the next frame; back to the first only in name."""
        if frame == self._number + 1:
            picture = next(self._others, None)
            if picture is None:
                raise EOFError
            self._take(picture)
            self._number = frame

    def tell(self) -> int:
        """The number of the frame."""
        return self._number


def encode(
    first: Picture, others: Iterator[Picture], count: int, kind: str, loop: int, options: dict[str, object]
) -> bytes:
    """An animated WebP or AVIF of pictures of one size, of which one is held at a time.

    Args:
        first: the first frame.
        others: the rest; as the first, all opaque or all with alpha.
        count: how many they are together.
        kind: the format.
        loop: how often they are played; 0 is for ever.
        options: for Pillow, of the whole file.
    """
    buffer = io.BytesIO()
    film = _Film(first, others, count)
    film.save(buffer, kind, save_all=True, duration=film.durations, loop=loop, **options)
    data = bytearray(buffer.getvalue())
    if first.alpha is not None and data[12:16] == b"VP8X":
        data[_FLAGS] |= _ALPHA  # forgotten where all that is transparent is an edge, which the encoder cuts off
    return bytes(data)
