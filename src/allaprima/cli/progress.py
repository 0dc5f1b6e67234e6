"""The progress bar of every verb: on stderr, with the time that is left, and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

T = TypeVar("T")


def progress(
    items: Iterable[T] | None,
    label: str,
    length: int | None = None,
    show: Callable[[T | None], str | None] | None = None,
    *,
    done: int = 0,
    spent: float = 0.0,
) -> ProgressBar[T]:
    """A bar over ``items``, or of ``length`` steps to be moved by ``update``; ``show`` describes the current item.

    Of steps that go on from an earlier run, ``done`` were made there, in ``spent`` seconds.
    """
    if length is None and items is not None:
        items = list(items)
        length = len(items)
    hidden = not sys.stderr.isatty() or (length or 0) < 2
    bar = click.progressbar(
        items, length, label, file=sys.stderr, hidden=hidden, show_pos=True, show_eta=True, item_show_func=show
    )
    bar.pos = done
    bar.start -= spent
    return bar


@contextmanager
def late_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A callback that is told what is done and what there is to do; its bar shows with the first call, if one comes."""
    bars: list[Any] = []

    def tell(done: int, total: int) -> None:
        if not bars:
            bars.append(progress(None, label, total))
            bars[0].__enter__()
        bars[0].update(done - bars[0].pos)

    try:
        yield tell
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)
