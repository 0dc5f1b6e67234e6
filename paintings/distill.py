r"""Train a bank to paint as other banks do, but more calmly (``training/distillation.py``).

    python paintings/distill.py fast.onnx --teacher fast.onnx fine.onnx:shipwreck --photos train/ -o calm.onnx

A bank may be its own teacher. It stops by the clock, and goes on where a checkpoint of the same training is
(``by_the_clock.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from by_the_clock import ByTheClock, carry_out
from guides import BankOfStyles, Guides, guide_bank
from torch import Tensor

from allaprima.style_model import PHOTO
from allaprima.training.distillation import Lesson, Terms, recipe_of
from allaprima.training.finetune import read_parent
from allaprima.training.photos import bundled_photos, find_photos
from allaprima.training.recipes import RECIPES, Recipe
from allaprima.training.schedule import draw_mixtures

RECIPE = recipe_of(RECIPES["default"], 10_000)
"""Of which only pictures, mixtures and schedule count."""


class Distillation(ByTheClock):
    """A bank that is taught.

    Args:
        bank: the bank.
        teachers: banks that know its styles, as for ``Guides``.
        photos: a folder of photographs.
        terms: what is taught.
        recipe: pictures, mixtures and schedule.
        seed: of everything random.

    Raises:
        AllaPrimaError: something cannot be read, or does not fit together.
    """

    def __init__(
        self, bank: Path, teachers: Sequence[BankOfStyles], photos: Path, terms: Terms, recipe: Recipe, seed: int
    ) -> None:
        parent = read_parent(bank)
        self.names = parent.card.names[PHOTO + 1 :]
        guides, light = Guides(teachers, self.names, torch.zeros(0)), torch.ones(1)
        self.lesson = Lesson(parent.network, lambda image, mixture: guides.painting(image, mixture, light), terms, seed)
        paths = find_photos(photos, recipe.size // 2).paths
        what = json.dumps([parent.card.weights_sha256, guides.identity, repr((terms, recipe)), str(photos), seed])
        optimizer = torch.optim.Adam(parent.network.parameters(), recipe.learning_rate)
        super().__init__(parent.network, parent.card, optimizer, recipe, paths, seed, what)

    @property
    def done(self) -> str:
        """What the steps were."""
        return "of distillation"

    def loss(self, image: Tensor) -> Tensor:
        """The mean squared difference from what is taught, with more weight for mesh."""
        mixture = draw_mixtures(self.recipe, len(self.names), self.seed, self.step)
        return self.lesson.loss(image, mixture, self.step)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bank", type=Path)
    parser.add_argument(
        "--teacher", nargs="+", required=True, metavar="BANK[:NAME,...]", help="a bank, and the styles that it teaches"
    )
    parser.add_argument("--calm", type=float, default=Terms.calm, help="share of the filter (default: %(default)s)")
    parser.add_argument("--crisp", type=float, default=Terms.crisp, help="how much is sharpened (%(default)s)")
    parser.add_argument("--photos", type=Path, default=bundled_photos(), metavar="DIR", help="default: the package's")
    return carry_out(parser, distillation, "distilled")


def distillation(asked: argparse.Namespace) -> Distillation:
    """What is asked for."""
    teachers, terms = list(map(guide_bank, asked.teacher)), Terms(calm=asked.calm, crisp=asked.crisp)
    return Distillation(asked.bank, teachers, asked.photos, terms, RECIPE, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
