"""The colors of what a bank is taught: as wide a range as its painting has, or where another bank puts them.

Gram matrices are satisfied with less range of color than the painting has, most in the direction of which it has
little anyway, such as red and green in a painting of blues (docs/lab_book.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from guides import BankOfStyles, Guide
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
"""By how much a range of color is widened at most; more brings colors that neither picture has."""
CENTER = 0.5
"""Share of the way from the mean color of what is painted to the painting's."""
BROAD, DARK = 3.0, 8.0
"""Standard deviations, pixels, of the windows for another bank's colors, and for its light."""
LIGHT = 0.5
"""Share of the other bank's light."""


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

    def moved(self, pictures: Tensor, mixture: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1, mixtures [N, 1 + names] -> the same pictures in the painting's colors."""
        maps, shifts = (torch.einsum("ns,s...->n...", mixture, each) for each in (self.maps, self.shifts))
        return (torch.einsum("nij,njhw->nihw", maps, pictures) + shifts[..., None, None]).clamp(0.0, 1.0)


class Tints:
    """Colors, and some of the light, of what another bank paints in some of the styles, in broad strokes.

    Args:
        bank: the other bank and its styles.
        names: all styles.
    """

    def __init__(self, bank: BankOfStyles, names: Sequence[str]) -> None:
        path, own = bank
        own = list(names) if own is None else own
        self.guide = Guide(path, own, torch.zeros(0))
        self.entries = [PHOTO + 1 + list(names).index(name) for name in own]

    def moved(self, pictures: Tensor, mixture: Tensor, image: Tensor, light: Tensor) -> Tensor:
        """As ``Palettes.moved``; image: what is painted, and ``light`` as for ``Guide.painting``."""
        shares = mixture[:, self.entries]
        share = shares.sum(1)
        some = share > 0
        if not some.any():
            return pictures
        own = torch.cat([torch.zeros_like(share)[:, None], shares / share.clamp_min(1e-6)[:, None]], 1)
        other = self.guide.painting(image[some], own[some], light[some])
        change = _opponent(other - pictures[some])
        change = torch.cat([LIGHT * gaussian(change[:, :1], DARK), gaussian(change[:, 1:], BROAD)], 1)
        moved = pictures.clone()
        moved[some] += share[some].view(-1, 1, 1, 1) * _apply(torch.linalg.inv(TO_OPPONENT), change)
        return moved.clamp(0.0, 1.0)


def _apply(matrix: Tensor, pictures: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix, pictures)


def _opponent(pictures: Tensor) -> Tensor:
    return _apply(TO_OPPONENT, pictures)


def _colors(pictures: Tensor) -> Tensor:
    """The differences of color in all pixels, [2, pixels]."""
    return gaussian(_opponent(pictures)[:, 1:], SMOOTH).transpose(0, 1).flatten(1)


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
    return vectors @ values.clamp_min(1e-9).pow(exponent).diag() @ vectors.T
