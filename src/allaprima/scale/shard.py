"""A share of the pictures, for those who have a job scheduler and nothing else."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from allaprima.errors import OptionError


@dataclass(frozen=True)
class Shard:
    """One of several shares, which need not know of each other.

    A picture's name alone decides whose it is, so that shares agree even if pictures come or go meanwhile.

    Attributes:
        index: which one, from 0.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    def __contains__(self, name: str) -> bool:
        if self.count == 1:
            return True
        digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest) % self.count == self.index


def parse_shard(text: str | None) -> Shard:
    """``"3/16"`` -> the fourth of sixteen shares; None is all.

    Raises:
        OptionError: it is no share.
    """
    if text is None:
        return Shard()
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise OptionError(f'the shard "{text}" is not a share such as 0/16')
    index, count = int(match[1]), int(match[2])
    if index >= count:
        last = f"the last is {count - 1}/{count}" if count else "there must be one at least"
        raise OptionError(f'there is no shard "{text}"; {last}')
    return Shard(index, count)
