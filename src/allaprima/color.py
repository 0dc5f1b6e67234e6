"""A photograph's colors in a painting, by luminance or by histogram matching.

Both ways are of Gatys, Bethge, Hertzmann & Shechtman 2016, *Preserving Color in Neural Artistic Style Transfer*.
Pictures are arrays [H, W, 3] in RGB, luminances [H, W]; all in one range, whichever (0..1, 0..255). Results are float64
of that range and not clipped to it: who makes pixels of them rounds and clips.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, get_args

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

_BAND = 2**17
"""Pixels of a picture that are looked at together."""

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
    deviation = source.std()
    varies = deviation > 1e-9 * np.abs(source).max()  # below it lies rounding, which would be blown up
    scale = target.std() / deviation if varies else 0.0
    matched: Floats = scale * source + (target.mean() - scale * source.mean())
    return matched


def match_color(source: Array, target: Array) -> Floats:
    """Color histogram matching: the source with the target's mean and covariance of colors, [H, W, 3] -> [H, W, 3]."""
    matrix, offset = color_map(Moments.of(source), Moments.of(target))
    matched: Floats = source @ matrix.T + offset
    return matched


class Moments(NamedTuple):
    """Mean [3] and covariance [3, 3] of a picture's colors."""

    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, picture: Array) -> Moments:
        """Over all pixels of [H, W, 3], in bands of rows, so that a large picture takes no more memory than a band."""
        count = picture.shape[0] * picture.shape[1]
        rows = max(1, _BAND // picture.shape[1])
        bands = [picture[top : top + rows].reshape(-1, 3) for top in range(0, picture.shape[0], rows)]
        mean = sum((band.sum(0, dtype=np.float64) for band in bands), np.zeros(3)) / count
        covariance = sum(((band - mean).T @ (band - mean) for band in bands), np.zeros((3, 3))) / count
        return cls(mean, covariance)


def luminance_map(source: Moments, target: Moments) -> tuple[float, float]:
    """What ``match_luminance`` does, scale and shift, to the luminance of one picture for that of another."""
    (mean, variance), (wanted_mean, wanted_variance) = (
        (LUMINANCE @ moments.mean, max(0.0, LUMINANCE @ moments.covariance @ LUMINANCE)) for moments in (source, target)
    )
    varies = variance > 1e-12 * max(np.trace(source.covariance), 1e-6)  # as above
    scale = float(np.sqrt(wanted_variance / variance)) if varies else 0.0
    return scale, float(wanted_mean - scale * mean)


def color_map(source: Moments, target: Moments) -> tuple[Floats, Floats]:
    """What ``match_color`` does to a color, A [3, 3] and b [3] of x -> A x + b.

    A = Σ_target^½ Σ_source^-½ is the paper's choice among the solutions, which is that of *Image Analogies* (Hertzmann
    et al. 2001). A direction in which the source does not vary, as in a gray picture every one but gray, has nothing
    to be scaled and stays empty.
    """
    matrix = _power(target.covariance, 0.5) @ _power(source.covariance, -0.5)
    return matrix, target.mean - matrix @ source.mean


def _power(matrix: Floats, exponent: float) -> Floats:
    """A symmetric positive semidefinite matrix to a power; its null space stays one."""
    values, vectors = np.linalg.eigh(matrix)
    varies = values > 1e-9 * max(values[-1], 1e-12)  # below it lies rounding
    powers = np.where(varies, np.where(varies, values, 1.0) ** exponent, 0.0)
    result: Floats = (vectors * powers) @ vectors.T
    return result
