"""The colors of what a bank is taught: as wide a range as its painting has.

Gram matrices are satisfied with less range of color than the painting has, most in the direction of which it has
little anyway, such as red and green in a painting of blues (docs/lab_book.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from allaprima.style_model import PHOTO
from allaprima.training.calm import gaussian
from allaprima.training.shade import LUMA
from allaprima.training.validation import one_style

TO_OPPONENT = torch.tensor([LUMA, [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""From RGB to luminance and two differences of color (JPEG's YCbCr, ITU-T T.871)."""
SMOOTH = 1.5
"""Standard deviation, pixels, of the window in which colors are measured: of strokes, not of what is woven in them."""
MOST = 1.6
"""By how much a range of color is widened, or narrowed, at most; more brings colors that neither picture has."""
TINY = 1e-12
"""The least variance, so that gray paintings have a map as well."""
CENTER = 0.5
"""Share of the way from the mean color of what is painted to the painting's."""


class Palettes:
    """Maps of colors, one of each style, that give what is painted the painting's range of color.

    A map is linear, keeps luminance, and takes the mean and covariance of the colors in many paintings of one style to
    those of the style image with as little change as that takes (Pitié & Kokaram 2007, *The Linear Monge-Kantorovitch
    Linear Colour Mapping for Example-Based Colour Transfer*), but for the limits above.

    Args:
        paint: [N, 3, H, W] in 0..1 and mixtures [N, 1 + names] -> [N, 3, H, W] in 0..1.
        names: its styles.
        styles: style images, [1, 3, H, W] in 0..1, of those that get a map.
        photos: what is painted to find the maps, [N, 3, H, W] in 0..1.
    """

    def __init__(
        self,
        paint: Callable[[Tensor, Tensor], Tensor],
        names: Sequence[str],
        styles: Mapping[str, Tensor],
        photos: Tensor,
    ) -> None:
        self.maps = torch.eye(3).repeat(1 + len(names), 1, 1)
        self.shifts = torch.zeros(1 + len(names), 3)
        for name, style in styles.items():
            entry = PHOTO + 1 + list(names).index(name)
            with torch.no_grad():
                one = one_style(1 + len(names), entry, photos.device)
                painted = paint(photos, one.expand(len(photos), -1))
            self.maps[entry], self.shifts[entry] = _between(_colors(painted), _colors(style))

    @property
    def identity(self) -> list[list[float]]:
        """What the maps are, for a checkpoint to tell whether it is of these."""
        numbers = torch.cat([self.maps.flatten(1), self.shifts], 1)
        return [[round(number, 6) for number in row] for row in numbers.tolist()]

    def moved(self, pictures: Tensor, mixture: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1, mixtures [N, 1 + names] -> the same pictures in the painting's colors."""
        maps, shifts = (torch.einsum("ns,s...->n...", mixture, each) for each in (self.maps, self.shifts))
        return (torch.einsum("nij,njhw->nihw", maps, pictures) + shifts[..., None, None]).clamp(0.0, 1.0)


def _colors(pictures: Tensor) -> Tensor:
    """The differences of color in all pixels, [2, pixels]."""
    opponent = torch.einsum("ij,njhw->nihw", TO_OPPONENT, pictures)
    return gaussian(opponent[:, 1:], SMOOTH).transpose(0, 1).flatten(1)


def _between(painted: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The map from the colors of one to those of the other, as a matrix and a shift of RGB."""
    root = _power(painted.cov(), 0.5)
    back = _power(painted.cov(), -0.5)
    map_ = back @ _power(root @ wanted.cov() @ root, 0.5) @ back
    values, vectors = torch.linalg.eigh(map_)
    map_ = vectors @ values.clamp(1.0 / MOST, MOST).diag() @ vectors.T
    middle, target = painted.mean(1), wanted.mean(1)
    shift = middle + CENTER * (target - middle) - map_ @ middle
    inverse = torch.linalg.inv(TO_OPPONENT)
    full = torch.block_diag(torch.ones(1, 1), map_)
    return inverse @ full @ TO_OPPONENT, inverse @ torch.cat([torch.zeros(1), shift])


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ values.clamp_min(TINY).pow(exponent).diag() @ vectors.T
