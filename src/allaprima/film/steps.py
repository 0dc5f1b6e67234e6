"""The steps from a frame to its painting, each in threads of its own.

Frames are decoded, seen, computed side by side, blended in their order, and finished, while whoever takes them encodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from allaprima.film.overlap import overlapped, side_by_side
from allaprima.session import FrameInWork, Session

Item = TypeVar("Item")
Painting = TypeVar("Painting")
Result = TypeVar("Result")


@contextmanager
def painted(
    items: Iterable[Item],
    session: Session,
    see: Callable[[Item], FrameInWork],
    blend: Callable[[FrameInWork], Callable[[], Painting]],
    finish: Callable[[Item, FrameInWork, Painting], Result],
    ends: Callable[[Item], bool] = lambda _: False,
) -> Iterator[Iterator[tuple[Item, Result, bytes | None]]]:
    """Each item with what is made of its painting, in order.

    Args:
        items: frames, and what belongs to them; they are made in a thread of their own.
        session: that paints them.
        see: takes the first step of an item by ``session.see``.
        blend: joins a frame with what stays of the one before it, in a thread of its own, and gives what gives its
            painting, in the thread of ``finish``.
        finish: makes of a painting what is wanted, in a thread of its own.
        ends: whether the session's state after an item is wanted, which is the third thing that comes out.
    """

    def compute(seen: tuple[Item, FrameInWork]) -> tuple[Item, FrameInWork]:
        item, frame = seen
        return item, frame.compute(many=True)

    def blended(
        computed: Iterable[tuple[Item, FrameInWork]],
    ) -> Iterator[tuple[Item, FrameInWork, Callable[[], Painting], bytes | None]]:
        for item, frame in computed:
            shown = blend(frame)
            yield item, frame, shown, session.state() if ends(item) else None

    with (
        overlapped(items) as read,
        overlapped((item, see(item)) for item in read) as seen,
        overlapped(side_by_side(compute, seen, session.at_once)) as computed,
        overlapped(blended(computed)) as begun,
        overlapped((item, finish(item, frame, shown()), state) for item, frame, shown, state in begun) as finished,
    ):
        yield finished
