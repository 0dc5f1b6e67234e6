"""The unfinished painting of a clip: closed segments in a folder beside the result. A run that is killed goes on there.

A segment is three files: its encoded frames, the state of the session after its last frame, and a list of the times of
its frames. The list comes last and by rename: a segment that has one is whole. Only the last one keeps its state, which
is as large as a painting. Nothing of a segment stays in memory. What the painting depends on stands in
``work.json``; segments of another clip, model or look are never mixed in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from allaprima.errors import ExistsError, OutputError
from allaprima.files import write_bytes

SECONDS = 10
"""Of a segment: what a killed run loses at most."""
MOST_FRAMES = 600
_FORMAT = 3

Times = list[tuple[int, int]]
"""When each frame is shown and for how long, in ticks of the clip's time base."""


@dataclass(frozen=True)
class Segment:
    """One that is whole.

    Attributes:
        frames: the file of its frames.
    """

    frames: Path

    @property
    def times(self) -> Times:
        """Of its frames."""
        return [
            (int(pts), int(duration)) for pts, duration in json.loads(self.frames.with_suffix(".json").read_bytes())
        ]

    @property
    def state_file(self) -> Path:
        """Of the session's state after the last of its frames; the last segment has it."""
        return self.frames.with_suffix(".state")


class Work:
    """The folder of an unfinished painting, which is one run's alone while it is entered.

    Args:
        target: the result, beside which the folder lies.
        key: what the painting depends on, in words for messages: "the clip", "the model" …
    """

    def __init__(self, target: Path, key: Mapping[str, str]) -> None:
        self.folder = target.with_name(f".{target.name[:80]}.parts")
        self._key = dict(key)
        self._lock: BinaryIO | None = None

    def __enter__(self) -> Work:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._lock is not None and self._segment(0) is None:  # nothing to go on with
            self.remove()
        self.give_up()

    def give_up(self) -> None:
        """Let another run have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def begin(self, *, resume: bool, overwrite: bool = False) -> list[Segment]:
        """The segments that are there already, in order; none for a new painting.

        Args:
            resume: go on with what is there.
            overwrite: drop what is there, if it is not to be resumed, or was begun from something else.

        Raises:
            ExistsError: something is there that is neither to be resumed nor to be dropped, or that was begun from
                something else than what is wanted.
            OutputError: the folder cannot be written, or another run works in it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.folder / "lock")
            if (first := self._segment(0)) is not None and not (overwrite and not resume):
                different = self._different()
                if not resume:
                    raise ExistsError(
                        f"an unfinished painting of it is there, {self.folder}", options=("resume", "overwrite")
                    )
                if not different and (whole := self._to_go_on(first)):
                    return whole
                if different and not overwrite:
                    raise ExistsError(
                        f"the unfinished painting {self.folder} was begun with another "
                        f"{' and another '.join(different)}",
                        options=("overwrite",),
                    )
            for old in self.folder.iterdir():
                if old.name != "lock":
                    old.unlink()
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be written: {error.strerror or error}") from error
        write_bytes(json.dumps({"format": _FORMAT, "key": self._key}).encode(), self.folder / "work.json")
        return []

    def place(self, number: int) -> Path:
        """Where the frames of a segment go."""
        return self.folder / f"{number:05}.frames"

    def keep(self, number: int, times: Times, state: bytes) -> Segment:
        """Call a segment whole, whose frames have been written."""
        frames = self.place(number)
        write_bytes(state, frames.with_suffix(".state"))
        write_bytes(json.dumps(times).encode(), frames.with_suffix(".json"))
        if number:
            Segment(self.place(number - 1)).state_file.unlink(missing_ok=True)
        return Segment(frames)

    def remove(self) -> None:
        """The painting is finished."""
        with suppress(OSError):
            shutil.rmtree(self.folder)

    def _segment(self, number: int) -> Segment | None:
        segment = Segment(self.place(number))
        try:
            return segment if segment.times and segment.frames.is_file() else None
        except (OSError, ValueError, TypeError):
            return None

    def _to_go_on(self, first: Segment) -> list[Segment]:
        """The whole segments up to the last with a state."""
        whole = [first]
        while (segment := self._segment(len(whole))) is not None:
            whole.append(segment)
        while whole and not whole[-1].state_file.is_file():
            whole.pop()
        return whole

    def _different(self) -> list[str]:
        """In what the painting that is there differs from the one that is wanted."""
        try:
            found = json.loads((self.folder / "work.json").read_bytes())
            known, key = found["format"] == _FORMAT, dict(found["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return ["version of allaprima"]
        if not known:
            return ["version of allaprima"]
        return [name for name in self._key if key.get(name) != self._key[name]]


def _locked(path: Path) -> BinaryIO:
    """An open file that no other process holds.

    Raises:
        OutputError: one does.
    """
    file = path.open("ab")
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ImportError:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OutputError("another run is painting it") from error
    return file
