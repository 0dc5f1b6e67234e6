"""ICC profiles made of three curves and a matrix, for samples of more than 8 bits, which LittleCMS gets none of here.

In linear light the darker half of what the eye tells apart lies below a fifth of white: of 8 bits few would be left.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.picture.light import to_signal
from allaprima.picture.profiles import SRGB_COLORANTS

Curve = Callable[[NDArray[Any]], NDArray[Any]]


def matrix_conversion(profile: bytes | None) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """A conversion of numbers 0..1, [..., 3], to sRGB, 0..255 not rounded; None if the profile is of another kind."""
    if not profile or profile[16:24] != b"RGB XYZ ":
        return None
    with suppress(struct.error, KeyError, ValueError, np.linalg.LinAlgError):
        tags = _tags(profile)
        if b"A2B0" in tags:  # a table, which goes before the matrix
            return None
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        columns = [np.array(struct.unpack_from(">3i", tags[name], 8)) / 65536 for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        matrix = np.linalg.solve(SRGB_COLORANTS, np.column_stack(columns)).T

        def convert(numbers: NDArray[Any]) -> NDArray[Any]:
            clipped = np.clip(np.nan_to_num(numbers), 0, 1)
            light = np.stack([curve(clipped[..., channel]) for channel, curve in enumerate(curves)], axis=-1)
            return to_signal(light @ matrix)

        return convert
    return None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The elements of a profile (ICC.1, 7.3)."""
    (count,) = struct.unpack_from(">I", profile, 128)
    rows = (struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(min(count, 100)))
    return {name: profile[place : place + size] for name, place, size in rows}


def _curve(data: bytes) -> Curve:
    """From numbers 0..1 to light 0..1 (ICC.1, 10.6 and 10.18).

    Raises:
        ValueError: it is of no kind that the standard has.
    """
    if data[:4] == b"curv":
        (count,) = struct.unpack_from(">I", data, 8)
        if count == 0:
            return lambda x: x
        if count == 1:
            gamma = struct.unpack_from(">H", data, 12)[0] / 256
            return lambda x: x**gamma
        table = np.frombuffer(data, ">u2", count, 12) / 65535
        places = np.linspace(0, 1, count)
        return lambda x: np.interp(x, places, table)
    if data[:4] != b"para":
        raise ValueError
    (kind,) = struct.unpack_from(">H", data, 8)
    g, a, b, c, d, e, f = (*_parameters(data, kind), *[0.0] * 7)[:7]
    if kind == 0:
        return lambda x: x**g
    if kind in (1, 2):  # 0 or an offset below -b/a
        return lambda x: np.where(x >= -b / a, np.maximum(a * x + b, 0) ** g, 0) + (c if kind == 2 else 0)
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)


def _parameters(data: bytes, kind: int) -> list[float]:
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind)
    if count is None:
        raise ValueError
    return [value / 65536 for value in struct.unpack_from(f">{count}i", data, 12)]
