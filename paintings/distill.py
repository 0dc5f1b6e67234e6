r"""Train a bank to paint as other banks do, but more calmly (``training/distillation.py``).

    python paintings/distill.py fast.onnx --teacher fast.onnx fine.onnx:shipwreck --photos train/ -o calm.onnx

A bank may be its own teacher. Some styles can be taught their painting's range of color (``colors.py``), and if need
be they alone:

    python paintings/distill.py fast.onnx --teacher fast.onnx --palette irises --only irises \
        --calm 0 --crisp 0 -o new.onnx

Training stops by the clock, and goes on where a checkpoint of the same training is (``by_the_clock.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from by_the_clock import ByTheClock, carry_out
from colors import Palettes
from guides import BankOfStyles, Guides, entries_of, guide_bank, of_a_bank
from torch import Tensor

from allaprima.errors import OptionError
from allaprima.style_model import PHOTO
from allaprima.training.distillation import Lesson, Terms, recipe_of
from allaprima.training.finetune import read_parent
from allaprima.training.photos import bundled_photos, find_photos, first_crops
from allaprima.training.recipes import RECIPES, Recipe
from allaprima.training.schedule import draw_mixtures
from allaprima.training.style_images import StyleImage, read_style

RECIPE = recipe_of(RECIPES["default"], 10_000)
"""Of which only pictures, mixtures and schedule count."""
ALONE = 10.0
"""Times the learning rate, for scales and shifts alone."""
SEEN, SHORT_SIDE = 24, 512
"""Photographs that are painted, and a painting's short side, to find its map of colors."""


@dataclass(frozen=True)
class Teachers:
    """Who teaches what.

    Attributes:
        banks: banks that know the styles, as for ``Guides``.
        palettes: style images of the styles that are taught in their painting's range of color.
    """

    banks: Sequence[BankOfStyles]
    palettes: Mapping[str, Path] = field(default_factory=dict)


class Distillation(ByTheClock):
    """A bank that is taught.

    Args:
        bank: the bank.
        teachers: who teaches what.
        photos: a folder of photographs.
        terms: what is taught.
        recipe: pictures, mixtures and schedule.
        seed: of everything random.
        only: the styles that learn, by their scales and shifts alone, while all others stay as they are. If there are
            none, all learn, with all weights.

    Raises:
        AllaPrimaError: something cannot be read, or does not fit together.
    """

    def __init__(
        self,
        bank: Path,
        teachers: Teachers,
        photos: Path,
        terms: Terms,
        recipe: Recipe,
        seed: int,
        only: Sequence[str] = (),
    ) -> None:
        parent = read_parent(bank)
        self.names = parent.card.names[PHOTO + 1 :]
        self.guides = Guides(teachers.banks, self.names, torch.zeros(0))
        paths = find_photos(photos, recipe.size // 2).paths
        self.only = tuple(dict.fromkeys(only))
        if frozen := set(teachers.palettes) - set(self.only or self.names):
            raise OptionError(f"{', '.join(sorted(frozen))} cannot learn colors and stay as it is")
        self.entries = [PHOTO, *entries_of(self.only or self.names, parent.card.names, bank)]
        styles = {name: read_style(StyleImage(name, str(path)), SHORT_SIDE) for name, path in teachers.palettes.items()}
        seen = first_crops(paths, recipe.size, seed, SEEN) if styles else torch.zeros(0)
        self.palettes = Palettes(self._painted, self.names, styles, seen)
        self.lesson = Lesson(parent.network, self._taught, terms, seed)
        if self.only:
            parent.network.train_only(self.entries[1:])
            recipe = replace(recipe, learning_rate=ALONE * recipe.learning_rate)
        asked = [*self.guides.identity, self.palettes.identity, self.entries]
        what = json.dumps([parent.card.weights_sha256, asked, repr((terms, recipe)), str(photos), seed])
        optimizer = torch.optim.Adam(parent.network.learning, recipe.learning_rate)
        super().__init__(parent.network, parent.card, optimizer, recipe, paths, seed, what)

    def _painted(self, image: Tensor, mixture: Tensor) -> Tensor:
        """What the teachers paint: [N, 3, H, W] and mixtures [N, S] -> [N, 3, H, W]."""
        return self.guides.painting(image, mixture, torch.ones(1))

    def _taught(self, image: Tensor, mixture: Tensor) -> Tensor:
        """The same in the colors that are taught."""
        return self.palettes.moved(self._painted(image, mixture), mixture)

    @property
    def done(self) -> str:
        """What the steps were."""
        return f"of distillation of {', '.join(self.only)} alone" if self.only else "of distillation"

    def loss(self, image: Tensor) -> Tensor:
        """The mean squared difference from what is taught, with more weight for mesh."""
        mixture = draw_mixtures(self.recipe, len(self.entries) - 1, self.seed, self.step)
        return self.lesson.loss(image, of_a_bank(mixture, self.entries, self.network.styles), self.step)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bank", type=Path)
    parser.add_argument(
        "--teacher", nargs="+", required=True, metavar="BANK[:NAME,...]", help="a bank, and the styles that it teaches"
    )
    parser.add_argument(
        "--palette", nargs="+", default=[], metavar="NAME", help="styles taught in their painting's range of color"
    )
    parser.add_argument("--paintings", type=Path, default=Path(__file__).parent, metavar="DIR", help="default: here")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="styles that learn, while others stay (default: all)"
    )
    parser.add_argument("--calm", type=float, default=Terms.calm, help="share of the filter (default: %(default)s)")
    parser.add_argument("--crisp", type=float, default=Terms.crisp, help="how much is sharpened (%(default)s)")
    parser.add_argument("--mesh", type=float, default=Terms.mesh, help="weight of the mesh (%(default)s)")
    parser.add_argument("--photos", type=Path, default=bundled_photos(), metavar="DIR", help="default: the package's")
    return carry_out(parser, distillation, "distilled")


def distillation(asked: argparse.Namespace) -> Distillation:
    """What is asked for."""
    palettes = {name: asked.paintings / f"{name}.jpg" for name in asked.palette}
    teachers = Teachers(list(map(guide_bank, asked.teacher)), palettes)
    terms = Terms(calm=asked.calm, crisp=asked.crisp, mesh=asked.mesh)
    return Distillation(asked.bank, teachers, asked.photos, terms, RECIPE, asked.seed, asked.only)


if __name__ == "__main__":
    sys.exit(main())
