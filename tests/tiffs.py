"""TIFF files of any kind, written by hand: few writers know samples of 10, 12 or 14 bits, or planes with alpha."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

_SHORT, _LONG = 3, 4


def packed(rows: np.ndarray, bits: int, order: str) -> bytes:
    """Unsigned samples [H, n], each in so many bits, every row from a new byte."""
    if bits in (8, 16, 32):
        return rows.astype(f"{order}u{bits // 8}").tobytes()
    digits = rows.astype(np.uint32)[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint32) & 1
    return np.packbits(digits.astype(np.uint8).reshape(len(rows), -1), axis=1).tobytes()


def directory(tags: dict[int, tuple[int, Sequence[int]]], order: str, place: int, following: int = 0) -> bytes:
    """An IFD that lies at ``place``, with its long values behind it."""
    head, tail = struct.pack(order + "H", len(tags)), b""
    after = place + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        body = struct.pack(f"{order}{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        head += struct.pack(order + "HHI", tag, kind, len(values))
        if len(body) > 4:
            head += struct.pack(order + "I", after + len(tail))
            tail += body + bytes(len(body) % 2)
        else:
            head += body.ljust(4, b"\0")
    return head + struct.pack(order + "I", following) + tail


def tiff(
    samples: np.ndarray,
    bits: int = 8,
    photometric: int = 1,
    *,
    extra: int | None = None,
    planar: bool = False,
    order: str = "<",
    deflate: bool = False,
    rows_per_strip: int = 7,
    more: dict[int, tuple[int, Sequence[int]]] | None = None,
) -> bytes:
    """Unsigned samples [H, W, S] as a TIFF.

    Args:
        samples: 0 to 2^bits - 1.
        bits: of a sample.
        photometric: interpretation (TIFF 6.0, tag 262).
        extra: what the last sample is: 1 premultiplied alpha, 2 alpha.
        planar: whether each sample has a plane.
        order: "<" or ">".
        deflate: compressed.
        rows_per_strip: height of a strip.
        more: further tags.
    """
    height, width, count = samples.shape
    planes = list(np.moveaxis(samples, 2, 0)) if planar else [samples.reshape(height, width * count)]
    strips = [
        packed(plane[top : top + rows_per_strip], bits, order)
        for plane in planes
        for top in range(0, height, rows_per_strip)
    ]
    if deflate:
        strips = [zlib.compress(strip) for strip in strips]
    places = np.cumsum([8] + [len(strip) for strip in strips])
    tags: dict[int, tuple[int, Sequence[int]]] = {
        256: (_SHORT, [width]),
        257: (_SHORT, [height]),
        258: (_SHORT, [bits] * count),
        259: (_SHORT, [8 if deflate else 1]),
        262: (_SHORT, [photometric]),
        273: (_LONG, [int(place) for place in places[:-1]]),
        277: (_SHORT, [count]),
        278: (_SHORT, [rows_per_strip]),
        279: (_LONG, [len(strip) for strip in strips]),
        284: (_SHORT, [2 if planar else 1]),
        **({} if extra is None else {338: (_SHORT, [extra])}),
        **(more or {}),
    }
    body = b"".join(strips)
    place = 8 + len(body)
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, place)
    return start + body + directory(tags, order, place)
