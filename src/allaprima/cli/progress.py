"""The progress bar of every verb: on stderr, with the time that is left, and only where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, TypeVar

import click

T = TypeVar("T")

_LAYOUT = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{remaining}{postfix}]"
_OPEN_LAYOUT = "{desc}: {n_fmt} [{elapsed}{postfix}]"
PARTS_LAYOUT = "{desc}: {percentage:3.0f}%|{bar}| [{remaining}]"
FRAMES_LAYOUT = (
    "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} frames [{elapsed}, {remaining} left, {rate_noinv_fmt}]"
)


class Bar(Generic[T]):
    """A bar, shown from ``__enter__`` to ``__exit__`` where stderr is a terminal, and nowhere else.

    Args:
        items: what going through the bar gives.
        label: what is being done.
        length: how many steps there are; None if that is not known, or not yet.
        show: describes the current item.
        done: steps that an earlier run has made.
        layout: of the bar, as tqdm takes it.
        keep: whether its last state stays on the screen.
        hidden: whether it is not to be shown at all.
    """

    def __init__(
        self,
        items: Iterable[T] | None,
        label: str,
        length: int | None = None,
        show: Callable[[T | None], str | None] | None = None,
        *,
        done: int = 0,
        layout: str | None = None,
        keep: bool = True,
        hidden: bool = False,
    ) -> None:
        self._items, self._show = items, show
        self._options: dict[str, Any] = {"desc": label, "total": length, "initial": done, "leave": keep}
        self._layout, self._hidden = layout, hidden
        self._bar: Any = None

    def __enter__(self) -> Bar[T]:
        length = self._options["total"]
        if not self._hidden and sys.stderr.isatty() and (length is None or length > 1):
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # no thread beside ours
            layout = self._layout or (_OPEN_LAYOUT if length is None else _LAYOUT)
            self._bar = tqdm(**self._options, file=sys.stderr, bar_format=layout, dynamic_ncols=True)
            if self._options["total"] != length:  # another thread has found out meanwhile
                self.expect(self._options["total"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __iter__(self) -> Iterator[T]:
        for item in self._items or ():
            yield item
            self.update(1, item)

    def update(self, steps: int, item: T | None = None) -> None:
        """So many steps more are done."""
        if self._bar is not None:
            words = self._show(item) if self._show is not None else None
            if words:
                self._bar.set_postfix_str(words, refresh=False)
            self._bar.update(steps)

    def expect(self, length: int) -> None:
        """There are so many steps, as is known by now; may be called by any thread, also before the bar is shown."""
        self._options["total"] = length
        if self._bar is not None:
            self._bar.bar_format = _LAYOUT
            self._bar.total = length


def progress(
    items: Iterable[T] | None,
    label: str,
    length: int | None = None,
    show: Callable[[T | None], str | None] | None = None,
    *,
    done: int = 0,
) -> Bar[T]:
    """A bar over ``items``, or of ``length`` steps to be moved by ``update``; ``show`` describes the current item.

    Of steps that go on from an earlier run, ``done`` were made there.
    """
    if length is None and items is not None:
        items = items if isinstance(items, Sized) else list(items)
        length = len(items)
    return Bar(items, label, length, show, done=done)


@contextmanager
def late_progress(label: str, layout: str = PARTS_LAYOUT) -> Iterator[Callable[[int, int], None]]:
    """A callback that is told what is done and what there is to do; its bar shows with the first call, if one comes."""
    bars: list[Bar[Any]] = []
    at = 0

    def tell(done: int, total: int) -> None:
        nonlocal at
        if not bars:
            at = max(0, done - 1)  # of an earlier run
            bars.append(Bar(None, label, total, layout=layout, keep=False, done=at).__enter__())
        bars[0].update(done - at)
        at = done

    try:
        yield tell
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)


def say(text: str) -> None:
    """A line on stderr, above the bar if there is one."""
    if sys.stderr.isatty() and "tqdm" in sys.modules:
        sys.modules["tqdm"].tqdm.write(text, file=sys.stderr)
    else:
        click.echo(text, err=True)
