"""What lies in one folder of a store, taken page by page where the store allows it and kept in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from allaprima.scale import s3
from allaprima.scale.store import Facts


def listed(fs: Any, path: str) -> Iterator[dict[str, Any]]:
    """What fsspec tells of each object and folder in a folder, in any order.

    Raises:
        Exception: whatever the store raises.
    """
    pages = s3.pages(fs, path) if hasattr(fs, "_iterdir") else iter(())
    try:
        first = next(pages, [])
    except Exception:  # ls has words for it
        first = []
    if not first:
        yield from fs.ls(path, detail=True)
        return
    yield from first
    for page in pages:
        yield from page


class Columns(Sequence[Facts]):
    """Facts in 24 bytes each, where tuples of them take 180.

    Args:
        facts: whose versions have 16 hexadecimal digits.
    """

    def __init__(self, facts: Iterable[Facts] = ()) -> None:
        self._sizes, self._versions, self._times = array("Q"), array("Q"), array("d")
        for one in facts:
            self.append(one)

    def append(self, facts: Facts) -> None:
        """Add one."""
        self._sizes.append(facts.size)
        self._versions.append(int(facts.version, 16))
        self._times.append(facts.modified)

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, place: int) -> Facts: ...
    @overload
    def __getitem__(self, place: slice) -> Columns: ...
    def __getitem__(self, place: int | slice) -> Facts | Columns:
        if isinstance(place, slice):
            return Columns(self[one] for one in range(*place.indices(len(self))))
        return Facts(self._sizes[place], f"{self._versions[place]:016x}", self._times[place])
