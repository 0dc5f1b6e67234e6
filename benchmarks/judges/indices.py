"""What is wrong with a painting beyond its distances: mesh, bright fields, unrest on plain walls.

All of them look at the luminance alone. The photograph's own figures stand beside them in the tables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from allaprima.color import luminance_of
from allaprima.evaluation.painters import Pixels
from judges.judge import Scene, Terms

Floats = NDArray[np.float64]

PERIOD = 4
"""Pixels: the stride of the networks' deepest features, where regular patterns come from."""
GUARD, REACH = 3, 16
"""Frequency bins beside a lattice's own that are left out, and how far its surroundings reach."""
COARSE = 16
"""Side of the blocks, pixels, whose means are a picture's light and dark."""
DARK = 48.0
"""Blocks of the photograph below this luminance (0..255) are dark."""
PLAIN = 4.0
"""Blocks of the photograph with a smaller deviation (0..255) are plain."""
FEWEST = 4
"""So many dark or plain blocks are needed to say something of them."""


class Indices:
    """A judge of all of them; a figure that a photograph cannot have (no dark, no plain place) is left out.

    - ``mesh``: energy at a period of 4 pixels against its surroundings: about 1 in a photograph.
    - ``bright field``: rank correlation of light and dark (blocks of 16 pixels) in photograph and painting: 1 keeps.
    - ``dark``: mean luminance of the painting where the photograph is dark, less the photograph's own; 0..255.
    - ``unrest``: standard deviation within the blocks where the photograph is plain; 0..255.
    """

    name = "indices"

    def fingerprint(self, style: str) -> dict[str, object]:
        """The constants; the style does not matter."""
        return {"judge": self.name, "version": 2, "constants": [PERIOD, GUARD, REACH, COARSE, DARK, PLAIN, FEWEST]}

    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """The indices that this photograph can have."""
        before, after = luminance(scene.pixels), luminance(painted)
        light, plain = blocks(before).mean(1), blocks(before).std(1) < PLAIN
        terms = {"mesh": mesh(after), "bright field": rank_correlation(light, blocks(after).mean(1))}
        if (dark := light < DARK).sum() >= FEWEST:
            terms["dark"] = float((blocks(after).mean(1) - light)[dark].mean())
        if plain.sum() >= FEWEST:
            terms["unrest"] = float(blocks(after).std(1)[plain].mean())
        return terms


def luminance(pixels: Pixels) -> Floats:
    """[H, W, 3] -> [H, W] in 0..255."""
    return 255.0 * luminance_of(pixels / 255.0)


def blocks(picture: Floats, side: int = COARSE) -> Floats:
    """[H, W] -> [blocks, side²]; what is left over at the right and the bottom is cut off."""
    height, width = (n // side for n in picture.shape)
    cut = picture[: height * side, : width * side].reshape(height, side, width, side)
    return cut.swapaxes(1, 2).reshape(height * width, side * side)


def mesh(picture: Floats) -> float:
    """How much a lattice of period 4 pixels stands out, upright and diagonal: 1 is not at all; [H, W].

    In the spectrum of the whole picture a lattice, wherever it lies, is four peaks; each is compared with the median
    around it, and the four are averaged.
    """
    height, width = (n - n % PERIOD for n in picture.shape)
    cut = picture[:height, :width]
    window = np.outer(*(np.hanning(n + 1)[:-1] for n in cut.shape))
    energy = np.abs(np.fft.fft2((cut - cut.mean()) * window)) ** 2
    down, along = height // PERIOD, width // PERIOD
    return float(np.mean([_peak(energy, *place) for place in ((0, along), (down, 0), (down, along), (down, -along))]))


def _peak(energy: Floats, row: int, column: int) -> float:
    """The mean energy at a place of the spectrum over that around it."""
    middle = np.roll(energy, (REACH - row, REACH - column), axis=(0, 1))[: 2 * REACH + 1, : 2 * REACH + 1]
    around = np.ones(middle.shape, bool)
    around[REACH - GUARD : REACH + GUARD + 1, REACH - GUARD : REACH + GUARD + 1] = False
    peak = middle[REACH - 1 : REACH + 2, REACH - 1 : REACH + 2].mean()  # the window spreads a line over three bins
    mean = np.median(middle[around]) / np.log(2.0)  # of an exponential distribution, as noise has it
    return float((peak + 1e-9) / (mean + 1e-9))


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's: [N], [N] -> -1..1; 0 where one of them is constant."""
    ranks = [np.unique(x, return_inverse=True, return_counts=True)[1:] for x in (a, b)]
    x, y = ((np.cumsum(counts) - (counts - 1) / 2)[inverse] for inverse, counts in ranks)  # ties share their rank
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])
