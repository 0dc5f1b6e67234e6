"""Object stores and remote file systems, by fsspec."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs

from allaprima.errors import EngineError, ExistsError, OutputError, PictureError
from allaprima.picture.folder import Unreadable, has_suffix
from allaprima.picture.formats import SOUGHT
from allaprima.provenance import NEAR, Stamp, digest, stamp_in
from allaprima.scale import s3
from allaprima.scale.listing import Columns, listed
from allaprima.scale.store import Facts, Found, Listing, is_address

_PUT_WHOLE = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "oss", "memory"}
"""Stores in which an object appears when all of it is there. Elsewhere it is written beside its place and renamed."""
_VERSIONS = ("ETag", "etag", "e_tag", "generation", "md5Hash", "content_md5", "version")
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "updated", "created")
_HEAD = 2**12
"""Bytes at the beginning of a result, where most have their stamp."""


class Remote:
    """A tree below an address; see ``Store``.

    Raises:
        EngineError: the package for such addresses is not installed.
        PictureError: there is none.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        scheme = address.split(":", maxsplit=1)[0]
        try:
            options = s3.options() if scheme.lower() in s3.SCHEMES else {}
            self._fs, self._root = url_to_fs(address, use_listings_cache=False, **options)
        except ImportError as error:
            raise EngineError(f"addresses of {scheme}:// need another package: {error}") from error
        except ValueError as error:
            raise PictureError(f"{address} is no address: {error}") from error
        self._root = self._root.rstrip("/")
        names = self._fs.protocol if isinstance(self._fs.protocol, tuple | list) else (self._fs.protocol,)
        self._puts_whole = not _PUT_WHOLE.isdisjoint(names)

    def folders(self, leave_out: str, unreadable: Unreadable) -> Iterator[Listing]:
        """See ``Store``."""
        left_out = self._below(leave_out) if is_address(leave_out) else None
        waiting = [""]
        while waiting:
            inside = waiting.pop()
            folders: list[str] = []
            names: list[str] = []
            facts = Columns()
            try:
                for info in listed(self._fs, self._path(inside).rstrip("/")):
                    name = info["name"].rstrip("/").rpartition("/")[2]
                    if self._below_root(info["name"]).rstrip("/") == inside.rstrip("/") or name.startswith("."):
                        continue
                    if info["type"] == "directory":
                        folders.append(f"{inside}{name}/")
                    elif has_suffix(name, SOUGHT):
                        names.append(name)
                        facts.append(_facts(info))
            except Exception as error:  # stores have errors of their own
                if not inside:
                    raise PictureError(f"{self._address} cannot be searched: {_words(error)}") from error
                unreadable(Path(self._address) / inside, OSError(_words(error)))
                continue
            waiting += sorted((name for name in folders if name.rstrip("/") != left_out), reverse=True)
            if names:
                order = sorted(range(len(names)), key=names.__getitem__)
                yield Listing(inside, [names[place] for place in order], Columns(facts[place] for place in order))

    def path(self, name: str) -> None:
        """See ``Store``."""

    def read(self, name: str) -> bytes:
        """See ``Store``."""
        try:
            return bytes(self._fs.cat_file(self._path(name)))
        except Exception as error:
            raise PictureError(f"it cannot be read: {_words(error)}") from error

    def fetch(self, name: str, place: Path) -> None:
        """See ``Store``."""
        try:
            self._fs.get_file(self._path(name), str(place))
        except Exception as error:
            raise PictureError(f"it cannot be read: {_words(error)}") from error

    def find(self, names: list[str]) -> list[Found | None]:
        """See ``Store``; heads of all results are asked for at once, where most have their stamp."""
        paths = [self._path(name) for name in names]
        heads = self._fs.cat_ranges(paths, [0] * len(paths), [_HEAD] * len(paths), on_error="return")
        return [self._found(path, head) for path, head in zip(paths, heads, strict=True)]

    def write(self, name: str, data: bytes | Path, *, overwrite: bool) -> None:
        """See ``Store``."""
        path = self._path(name)
        try:
            if not overwrite and self._is_taken(path):
                raise ExistsError(f"{name} exists", options=("overwrite",))
            if self._puts_whole:
                self._put(path, data)
                return
            parent, _, last = path.rpartition("/")
            self._fs.makedirs(parent, exist_ok=True)
            part = f"{parent}/.{last[:50]}.{secrets.token_hex(4)}.part"
            try:
                self._put(part, data)
                self._fs.mv(part, path)
            except BaseException:
                with suppress(Exception):
                    self._fs.rm_file(part)
                raise
        except ExistsError:
            raise
        except Exception as error:
            raise OutputError(f"{name} cannot be written: {_words(error)}") from error

    def _is_taken(self, path: str) -> bool:
        """Whether there is an object; s3fs's ``exists`` lists a folder of that name too, which costs as a PUT does."""
        try:
            self._fs.cat_file(path, 0, 1)
        except FileNotFoundError:
            return False
        except (
            Exception
        ):  # an empty object has no range; some file systems do not tell what is missing from other faults
            return bool(self._fs.exists(path))
        return True

    def _put(self, path: str, data: bytes | Path) -> None:
        if isinstance(data, bytes):
            self._fs.pipe_file(path, data)
        else:
            self._fs.put_file(str(data), path)

    def _found(self, path: str, head: bytes | Exception) -> Found | None:
        if isinstance(head, FileNotFoundError):
            return None
        stamp = None if isinstance(head, Exception) else stamp_in(head)
        if stamp is not None:
            return Found(stamp, 0.0)
        try:  # an empty object has no range, and many formats have metadata elsewhere
            info = self._fs.info(path)
            return Found(self._stamp_elsewhere(path, int(info["size"])), _modified(info))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise OutputError(f"{path} cannot be read: {_words(error)}") from error

    def _stamp_elsewhere(self, path: str, size: int) -> Stamp | None:
        if size <= _HEAD:
            return None
        stamp = stamp_in(self._fs.cat_file(path, 0, min(NEAR, size)))
        if stamp is None and size > NEAR:
            stamp = stamp_in(self._fs.cat_file(path, max(NEAR, size - NEAR), size))
        return stamp

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _below(self, address: str) -> str:
        return self._below_root(str(self._fs._strip_protocol(address))).rstrip("/")

    def _below_root(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")


def _facts(info: dict[str, Any]) -> Facts:
    size, modified = int(info.get("size") or 0), _modified(info)
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    return Facts(size, digest(version or modified, size), modified)


def _modified(info: dict[str, Any]) -> float:
    """Seconds since 1970; 0 where the store does not tell."""
    for key in _TIMES:
        value = info.get(key)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            with suppress(ValueError):
                return datetime.fromisoformat(value).timestamp()
    return 0.0


def _words(error: Exception) -> str:
    """The first line of a store's error."""
    words = str(error) or type(error).__name__
    return "there is nothing" if isinstance(error, FileNotFoundError) else words.splitlines()[0]
