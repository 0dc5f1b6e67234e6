"""Stores by the places they are for: plain folders, which need no package, or whatever fsspec has an address for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allaprima.errors import EngineError, PictureError, how_to_install
from allaprima.files import write_bytes
from allaprima.picture.folder import Unreadable, names_below
from allaprima.picture.formats import SOUGHT
from allaprima.provenance import read_stamp
from allaprima.scale.store import Found, Listing, Store, is_address


class Folder:
    """A plain folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folders(self, leave_out: str, unreadable: Unreadable) -> Iterator[Listing]:
        """See ``Store``."""
        for folder, names in names_below(self._root, Path(leave_out), unreadable, SOUGHT):
            inside = folder.relative_to(self._root).as_posix()
            if names:
                yield Listing("" if inside == "." else f"{inside}/", names, ())

    def path(self, name: str) -> Path:
        """See ``Store``."""
        return self._root / name

    def read(self, name: str) -> bytes:
        """See ``Store``."""
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise PictureError(f"it cannot be read: {error.strerror or error}") from error

    def fetch(self, name: str, place: Path) -> None:
        """See ``Store``."""
        place.write_bytes(self.read(name))

    def find(self, names: list[str]) -> list[Found | None]:
        """See ``Store``."""
        found: list[Found | None] = []
        for name in names:
            path = self.path(name)
            try:
                found.append(Found(read_stamp(path), path.stat().st_mtime))
            except OSError:
                found.append(None)
        return found

    def write(self, name: str, data: bytes | Path, *, overwrite: bool) -> None:
        """See ``Store``."""
        write_bytes(data if isinstance(data, bytes) else data.read_bytes(), self.path(name), overwrite=overwrite)


def open_store(place: str) -> Store:
    """The store of a folder or an address.

    Raises:
        EngineError: an address needs a package that is not installed.
        PictureError: there is no store for such addresses.
    """
    if not is_address(place):
        return Folder(Path(place))
    try:
        from allaprima.scale.remote import Remote  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        name = (error.name or "fsspec").partition(".")[0]
        raise EngineError(f"addresses need the package {name}: {how_to_install('cloud')}") from error
    return Remote(place)
