"""The progress bar of every verb: on stderr, with the time that is left, and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

T = TypeVar("T")


def progress(
    items: Iterable[T] | None,
    label: str,
    length: int | None = None,
    show: Callable[[T | None], str | None] | None = None,
) -> ProgressBar[T]:
    """A bar over ``items``, or of ``length`` steps to be moved by ``update``; ``show`` describes the current item."""
    if length is None and items is not None:
        items = list(items)
        length = len(items)
    hidden = not sys.stderr.isatty() or (length or 0) < 2
    return click.progressbar(
        items, length, label, file=sys.stderr, hidden=hidden, show_pos=True, show_eta=True, item_show_func=show
    )
