"""A photograph's colours in a painting, by luminance or by histogram matching.

Both ways are of Gatys, Bethge, Hertzmann & Shechtman 2016, *Preserving Color in Neural Artistic Style Transfer*.
Pictures are arrays [H, W, 3] in RGB, luminances [H, W]; all in one range, whichever (0..1, 0..255). Results are float64
of that range and not clipped to it: who makes pixels of them rounds and clips.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Color = Literal["style", "photo", "luminance", "histogram"]
COLORS: tuple[Color, ...] = get_args(Color)
"""Whose colors a painting has:

- ``style``: as it was painted;
- ``luminance``: the photograph's, the painting gives the luminance alone;
- ``photo``: likewise, and the luminance has the photograph's mean and contrast, so that a dark style darkens nothing;
- ``histogram``: the painting's, mapped linearly to the mean and covariance of the photograph's.
"""

Array = NDArray[Any]
Floats = NDArray[np.float64]

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in Y, the luminance of YIQ (ITU-R BT.601), the space that the paper takes."""


def luminance_of(picture: Array) -> Floats:
    """Y of YIQ: [H, W, 3] -> [H, W]."""
    luminance: Floats = picture @ LUMINANCE
    return luminance


def with_luminance(picture: Array, luminance: Array) -> Floats:
    """The picture's chroma, I and Q of YIQ, with another luminance: [H, W, 3], [H, W] -> [H, W, 3].

    In YIQ, a change of Y alone adds the same to red, green and blue, so nothing need be converted.
    """
    changed: Floats = picture + (luminance - luminance_of(picture))[..., None]
    return changed


def keep_color(painted: Array, photo: Array) -> Floats:
    """Luminance-only transfer: the luminance of ``painted`` with the photo's chroma, [H, W, 3] twice -> [H, W, 3]."""
    return with_luminance(photo, luminance_of(painted))


def match_luminance(source: Array, target: Array) -> Floats:
    """A luminance, shifted and scaled to the mean and the standard deviation of another.

    Before a style's brightness is transferred alone, so that a dark painting does not darken a bright photograph.
    A source without contrast only takes the mean.
    """
    scale, shift = luminance_map(source, target)
    matched: Floats = scale * source + shift
    return matched


def luminance_map(source: Array, target: Array) -> tuple[float, float]:
    """What ``match_luminance`` does to a luminance, scale and shift, to be applied to other pixels."""
    deviation = source.std()
    varies = deviation > 1e-9 * np.abs(source).max()  # below it lies rounding, which would be blown up
    scale = float(target.std() / deviation) if varies else 0.0
    return scale, float(target.mean() - scale * source.mean())


def match_color(source: Array, target: Array) -> Floats:
    """Color histogram matching: the source with the target's mean and covariance of colours, [H, W, 3] -> [H, W, 3]."""
    matrix, offset = color_map(source, target)
    matched: Floats = source @ matrix.T + offset
    return matched


def color_map(source: Array, target: Array) -> tuple[Floats, Floats]:
    """What ``match_color`` does to a colour, A [3, 3] and b [3] of x -> A x + b, to be applied to other pixels.

    A = Σ_target^½ Σ_source^-½ is the paper's choice among the solutions, which is that of *Image Analogies* (Hertzmann
    et al. 2001). A direction in which the source does not vary, as in a grey picture every one but grey, has nothing
    to be scaled and stays empty.
    """
    matrix = _power(_covariance(target), 0.5) @ _power(_covariance(source), -0.5)
    return matrix, target.mean((0, 1)) - matrix @ source.mean((0, 1))


def _covariance(picture: Array) -> Floats:
    """Of the channels over all pixels: [H, W, 3] -> [3, 3]."""
    return np.cov(picture.reshape(-1, 3), rowvar=False, bias=True)


def _power(matrix: Floats, exponent: float) -> Floats:
    """A symmetric positive semidefinite matrix to a power; its null space stays one."""
    values, vectors = np.linalg.eigh(matrix)
    varies = values > 1e-9 * max(values[-1], 1e-12)  # below it lies rounding
    powers = np.where(varies, np.where(varies, values, 1.0) ** exponent, 0.0)
    result: Floats = (vectors * powers) @ vectors.T
    return result
