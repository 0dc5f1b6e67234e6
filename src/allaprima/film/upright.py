"""Turning frames as the camera was held: ISO/IEC 14496-12's display matrix, as FFmpeg hands it on."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = tuple[int, int, int, int]
"""The signs (a, b, c, d) of a matrix that moves a pixel (x, y) to (a·x + c·y, b·x + d·y); others are never seen."""

AS_IT_IS: Matrix = (1, 0, 0, 1)


def display_matrix(frame: Any) -> Matrix:
    """How a decoded frame is to be turned, to the nearest quarter turn, mirrored or not.

    To be asked for once in a stream: PyAV's frame and its side data then refer to each other, so that its pixels stay
    in memory until the garbage collector comes by, which at 720p may be after 200 MB.
    """
    from av.sidedata.sidedata import Type  # noqa: PLC0415 - see pyav.py

    data = next((bytes(one) for one in frame.side_data if one.type == Type.DISPLAYMATRIX), None)
    if data is None:
        return AS_IT_IS
    a, b, _, c, d = struct.unpack("<5i", data[:20])
    if max(abs(a), abs(d)) >= max(abs(b), abs(c)):
        return (-1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1)
    return (0, -1 if b < 0 else 1, -1 if c < 0 else 1, 0)


def swaps_sides(matrix: Matrix) -> bool:
    """Whether what was wide becomes high."""
    return matrix[0] == 0


def turned(pixels: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    """[H, W, C] as the matrix says, [H, W, C] or [W, H, C], in one piece of memory."""
    if matrix == AS_IT_IS:
        return pixels
    a, b, c, d = matrix
    if swaps_sides(matrix):
        pixels, rows, columns = pixels.swapaxes(0, 1), b, c
    else:
        rows, columns = d, a
    return np.ascontiguousarray(pixels[:: rows or 1, :: columns or 1])
