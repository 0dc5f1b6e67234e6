"""The colors of an AVIF's picture, not of what else lies in the file."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from allaprima.picture.heif import _color_codes


def ftyp(major: bytes, *others: bytes) -> bytes:
    return struct.pack(">I4s4sI", 16 + 4 * len(others), b"ftyp", major, 0) + b"".join(others)


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def test_the_colors_of_another_item_are_not_the_pictures(tmp_path: Path):
    """The codes of a gain map, in PQ, lie before those of the picture."""

    def nclx(primaries: int, transfer: int) -> bytes:
        return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, 0, 128))

    for wide in (False, True):
        item = ">I" if wide else ">H"
        index = ">H" if wide else ">B"
        links = b"".join(
            struct.pack(item, number) + b"\1" + struct.pack(index, place) for number, place in ((2, 1), (1, 2))
        )
        flags = bytes([wide, 0, 0, wide])
        properties = box(b"ipco", nclx(9, 16) + nclx(12, 13)) + box(b"ipma", flags + struct.pack(">I", 2) + links)
        primary = box(b"pitm", bytes([wide, 0, 0, 0]) + struct.pack(item, 1))
        meta = box(b"meta", bytes(4) + primary + box(b"iprp", properties))
        data = ftyp(b"avif") + box(b"free", bytes(2**17)) + meta
        assert _color_codes(io.BytesIO(data)) == (12, 13)
        for end in range(len(data) - len(meta), len(data)):
            assert _color_codes(io.BytesIO(data[:end])) in (None, (12, 13), (9, 16))
