"""Where pictures lie and results go: what ``stores.py`` has of plain folders, and ``remote.py`` of all other places."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from allaprima.picture.folder import Unreadable
from allaprima.provenance import Stamp

_ADDRESS = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class Facts(NamedTuple):
    """What beside its name a listing may tell of a picture; ``Row`` describes it."""

    size: int = 0
    version: str = ""
    modified: float = 0.0


class Listing(NamedTuple):
    """The pictures of one folder.

    Attributes:
        folder: its name below the root, "" or ending in a slash.
        names: its pictures, sorted.
        facts: what is known of each of them; empty where nothing is.
    """

    folder: str
    names: list[str]
    facts: Sequence[Facts]


class Found(NamedTuple):
    """A result that is there."""

    stamp: Stamp | None
    modified: float


class Store(Protocol):
    """A tree of pictures; names are below its root, with slashes."""

    def folders(self, leave_out: str, unreadable: Unreadable) -> Iterator[Listing]:
        """Every folder with pictures.

        Args:
            leave_out: a folder or address that is not searched.
            unreadable: is told of folders that cannot be searched.

        Raises:
            PictureError: the root itself cannot be searched.
        """

    def path(self, name: str) -> Path | None:
        """The file of a name; None if it is no file on this machine."""

    def read(self, name: str) -> bytes:
        """The bytes of a picture.

        Raises:
            PictureError: it cannot be read.
        """

    def fetch(self, name: str, place: Path) -> None:
        """Copy a picture or clip to a file.

        Raises:
            PictureError: it cannot be read.
        """

    def find(self, names: list[str]) -> list[Found | None]:
        """For each name the result that is there, if there is one."""

    def write(self, name: str, data: bytes | Path, *, overwrite: bool) -> None:
        """Put a result in its place, whole or not at all; a path is a file whose bytes are taken.

        Raises:
            ExistsError: its place is taken, and nothing may be replaced.
            OutputError: it cannot be written.
        """


def is_address(text: str) -> bool:
    """Whether a text is an address such as ``s3://bucket/photos``; a web page's is not."""
    return _ADDRESS.match(text) is not None


def whole(text: str) -> str:
    """A folder as every worker of a machine finds it, or an address, without a slash at its end."""
    if is_address(text):
        parts = urlsplit(text)
        if parts.scheme.lower() != "file":
            return text.rstrip("/")
        text = unquote(parts.path)
    return os.path.abspath(text)  # noqa: PTH100 - links stay, which other machines may resolve otherwise
