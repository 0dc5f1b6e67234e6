"""Frames that are woven of two fields, which were taken one after the other: each becomes one whole frame."""

from __future__ import annotations

from typing import Any


class Deinterlacer:
    """FFmpeg's ``bwdif``: one frame out for each frame in, with its time; one of them later.

    Args:
        first: the first frame, whose size and format all have.
    """

    def __init__(self, first: Any) -> None:
        from av.filter import Graph  # noqa: PLC0415 - see pyav.py

        self._graph = Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format.name, time_base=first.time_base
        )
        weave = self._graph.add("bwdif", "mode=send_frame:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(weave)
        weave.link_to(sink)
        self._graph.configure()

    def push(self, frame: Any) -> list[Any]:
        """A frame in; those that are ready."""
        self._graph.push(frame)
        return self._ready()

    def finish(self) -> list[Any]:
        """What is left when the clip has ended."""
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> list[Any]:
        from av.error import BlockingIOError as NotYet  # noqa: PLC0415 - see pyav.py
        from av.error import EOFError as NoMore  # noqa: PLC0415

        ready = []
        while True:
            try:
                ready.append(self._graph.pull())
            except (NotYet, NoMore):
                return ready
