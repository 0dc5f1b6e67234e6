"""Looks that change while a clip goes on: a timeline of styles, and a mask that is a clip itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import PictureError
from allaprima.film.frame import Frame
from allaprima.film.reader import Clip, open_clip
from allaprima.film.timeline import Timeline
from allaprima.look.look import Look
from allaprima.picture.formats import CLIP_SUFFIXES
from allaprima.picture.reading import mask_of

Rows = NDArray[np.uint8]


@dataclass(frozen=True)
class Direction:
    """What of a look changes with time.

    Attributes:
        timeline: which style when; None is the look's all the time.
        mask: a clip that is the mask: white is painted. Each of its frames stands until the next; its last one stays.
            None is the look's mask all the time.
    """

    timeline: Timeline | None = None
    mask: Path | None = None

    @property
    def styles(self) -> tuple[str, ...]:
        """All that the timeline names."""
        return () if self.timeline is None else tuple(entry.style for entry in self.timeline.entries)

    @contextmanager
    def of(self, look: Look) -> Iterator[Director]:
        """Looks one after the other, as long as the block lasts.

        Raises:
            PictureError: the mask cannot be read.
        """
        with ExitStack() as stack:
            masks = None if self.mask is None else _Masks(stack.enter_context(open_mask(self.mask)))
            yield Director(look, self.timeline, masks)


class Director:
    """Says how each frame is to be painted. ``Direction.of`` makes it."""

    def __init__(self, look: Look, timeline: Timeline | None, masks: _Masks | None) -> None:
        self._look, self._timeline, self._masks = look, timeline, masks

    def at(self, seconds: Fraction) -> Look:
        """The look at a time after the clip's beginning; the times that are asked for never go back.

        The same object comes again as long as nothing changes.
        """
        style = self._look.style if self._timeline is None else self._timeline.at(seconds)
        mask = self._look.mask if self._masks is None else self._masks.at(seconds)
        if style != self._look.style or mask is not self._look.mask:
            self._look = replace(self._look, style=style, mask=mask)
        return self._look


def is_clip(path: Path) -> bool:
    """Whether a name is a clip's."""
    return path.suffix.lower() in CLIP_SUFFIXES


def first_mask(path: Path) -> Rows:
    """The first frame of a mask that is a clip: uint8 [h, w].

    Raises:
        PictureError: it cannot be read.
    """
    with open_mask(path) as clip:
        return _rows(next(clip.frames()))


@contextmanager
def open_mask(path: Path) -> Iterator[Clip]:
    """A clip whose faults are said to be the mask's."""
    with ExitStack() as stack:
        try:
            clip = stack.enter_context(open_clip(path))
        except PictureError as error:
            raise PictureError(f"the mask {path}: {error}") from error
        yield clip


class _Masks:
    """The frames of a mask by time."""

    def __init__(self, clip: Clip) -> None:
        self._frames = clip.frames()
        self._next: Frame | None = next(self._frames)
        self._base, self._start = clip.time_base, self._next.pts if self._next is not None else 0
        self._mask: Rows | None = None

    def at(self, seconds: Fraction) -> Rows:
        """The mask that stands at a time; the times never go back."""
        due: Frame | None = None
        while self._next is not None and ((self._mask is None and due is None) or self._is_due(self._next, seconds)):
            due, self._next = self._next, next(self._frames, None)
        if due is not None:
            self._mask = _rows(due)
        assert self._mask is not None  # an open clip has a first frame
        return self._mask

    def _is_due(self, frame: Frame, seconds: Fraction) -> bool:
        return (frame.pts - self._start) * self._base <= seconds


def _rows(frame: Frame) -> Rows:
    return mask_of(frame.picture)
