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
from dataclasses import replace
from pathlib import Path

import torch
from by_the_clock import ByTheClock
from guides import BankOfStyles, Guides, guide_bank
from torch import Tensor

from allaprima.errors import AllaPrimaError
from allaprima.export.onnx import export_model
from allaprima.style_model import PHOTO
from allaprima.training.device import use_threads
from allaprima.training.distillation import Lesson, Terms, recipe_of
from allaprima.training.finetune import read_parent
from allaprima.training.model_file import weights_sha256
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
        self.card, self.names = parent.card, parent.card.names[PHOTO + 1 :]
        guides, light = Guides(teachers, self.names, torch.zeros(0)), torch.ones(1)
        self.lesson = Lesson(parent.network, lambda image, mixture: guides.painting(image, mixture, light), terms, seed)
        paths = find_photos(photos, recipe.size // 2).paths
        what = json.dumps([self.card.weights_sha256, guides.identity, repr((terms, recipe)), str(photos), seed])
        optimizer = torch.optim.Adam(parent.network.parameters(), recipe.learning_rate)
        super().__init__(parent.network, optimizer, recipe, paths, seed, what)

    def loss(self, image: Tensor) -> Tensor:
        """The mean squared difference from what is taught, with more weight for mesh."""
        mixture = draw_mixtures(self.recipe, len(self.names), self.seed, self.step)
        return self.lesson.loss(image, mixture, self.step)

    def write(self, path: Path) -> None:
        """The bank as a style model."""
        network = self.network.eval()
        card = replace(
            self.card,
            weights_sha256=weights_sha256(network.state_dict()),
            losses={},
            parent=f"{self.card.weights_sha256}, {self.card.steps} steps",
            note=f"{self.card.note} {self.step} steps of distillation.".strip(),
        )
        export_model(network, card, path)


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
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    try:
        use_threads(asked.threads)
        teachers, checkpoint = list(map(guide_bank, asked.teacher)), asked.output.with_suffix(".distilled.checkpoint")
        terms = Terms(calm=asked.calm, crisp=asked.crisp)
        distillation = Distillation(asked.bank, teachers, asked.photos, terms, RECIPE, asked.seed)
        distillation.run(asked.minutes, checkpoint)
        distillation.write(asked.output)
        checkpoint.unlink()
    except (AllaPrimaError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
