r"""Train a bank further, guided by what other banks paint. Two of the gallery's trainings were made this way.

    python paintings/refine.py fine.onnx --guide fine.onnx fine_v01.onnx:shipwreck,the_kiss --photos train/ \
        --all --batch 32 --minutes 8 -o trained.onnx
    python paintings/refine.py trained.onnx --guide fine_v01.onnx --styles shipwreck:0.6:384 japanese_bridge:0.5:384 \
        --photos train/ --minutes 30 -o refined.onnx

With ``--all`` every weight learns; the time is for a GPU. Otherwise only the scales and shifts of the styles named do
(Dumoulin, Shlens & Kudlur 2017, section 3.2), and all other styles paint exactly as before.

The objective is that of the recipe ``four-layers`` with what ``RECIPE`` changes, and three terms more:

- a guide: at a part of the size, a painting is to look as one by another bank that knows the style, whose contrast
  is raised first. Gram matrices say nothing of where a color belongs.
- contrast: the deviation of luminance, in full and at a quarter of the size, is to be that of the style image at least
  (compare ``contrast.py``).
- calm: total variation once more, where the photograph is plain.

It stops by the clock, and goes on where a checkpoint of the same training is (``by_the_clock.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from by_the_clock import ByTheClock, carry_out
from guides import BankOfStyles, Guides, entries_of, guide_bank, of_a_bank, shares_of
from torch import Tensor

from allaprima.errors import OptionError
from allaprima.style_model import PHOTO
from allaprima.training.contrast import give_contrast, luminance
from allaprima.training.finetune import read_parent
from allaprima.training.muon import Muon
from allaprima.training.networks import TINY
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.schedule import draw_mixtures, shifted
from allaprima.training.setup import Setup
from allaprima.training.sizes import adopt_sizes, hold_sizes
from allaprima.training.steadiness import next_frame, unsteadiness
from allaprima.training.style_images import StyleImage, describe_styles
from allaprima.training.vgg16 import load_weights

RECIPE = replace(
    RECIPES["four-layers"], style_weight=10.0, tv_weight=4.0, learning_rate=1e-2, batch=2, style_size=384, shift=True,
    steady_weight=0.3, mixed=0.1, lower=0.15,
)  # fmt: skip
"""For scales and shifts."""
ALL = replace(RECIPE, optimizer="muon", learning_rate=2e-3, batch=32)
"""For every weight."""
CONTRAST_WEIGHT = 2.0
SMALL = 4
"""To which part of its size a picture is reduced for the contrast."""
PLAIN, AROUND = 0.02, 9
"""The deviation of luminance, of 1, in squares of so many pixels, that is plain no more."""


@dataclass(frozen=True)
class Terms:
    """The weights of what the recipe does not have."""

    guide: float = 1.5
    part: int = 4
    """To which part of its size a picture is reduced before it is compared with the guide's."""
    calm: float = 0.0


def deviations(pictures: Tensor) -> Tensor:
    """Of luminance, in full and reduced: [N, 3, H, W] -> [N, 2]."""
    light = luminance(pictures)
    both = (light, F.avg_pool2d(light, SMALL))
    return torch.stack([one.flatten(1).var(1, correction=0).add(1e-6).sqrt() for one in both], 1)


def distance_from_guide(stylized: Tensor, guide: Tensor, part: int) -> Tensor:
    """The mean squared difference of both, reduced to that part of their size, over the guide's variance: [N]."""
    wanted = F.avg_pool2d(guide, part)
    difference = (F.avg_pool2d(stylized, part) - wanted).square().mean((1, 2, 3))
    return difference / wanted.var((2, 3)).mean(1).clamp_min(1e-3)


def restlessness(stylized: Tensor, image: Tensor) -> Tensor:
    """The total variation of a painting where its photograph is plain: [N, 3, H, W] each -> [N]."""
    light = luminance(image)
    mean, square = (F.avg_pool2d(x, AROUND, 1, AROUND // 2, count_include_pad=False) for x in (light, light.square()))
    plain = torch.exp(-(square - mean.square()).clamp_min(0.0) / PLAIN**2)
    down, across = stylized.diff(dim=2).square() * plain[..., 1:, :], stylized.diff(dim=3).square() * plain[..., 1:]
    return down.mean((1, 2, 3)) + across.mean((1, 2, 3))


class Refinement(ByTheClock):
    """A bank that is trained on.

    Args:
        bank: the bank.
        guides: other banks that know the styles, as for ``Guides``.
        options: the styles, photographs, recipe, seed and device.
        terms: the weights of what the recipe does not have.
        vgg16: its weights; None downloads them.
        everything: whether every weight learns, or the styles' own alone.

    Raises:
        AllaPrimaError: something cannot be read, or does not fit together.
    """

    def __init__(
        self, bank: Path, guides: Sequence[BankOfStyles], options: TrainingOptions, terms: Terms, vgg16: Path | None,
        *, everything: bool,
    ) -> None:  # fmt: skip
        self.setup, parent, self.terms = Setup.of(options, load_weights(vgg16)), read_parent(bank), terms
        network = parent.network.to(self.setup.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.everything, self.names = everything, [style.name for style in options.styles]
        self.entries = entries_of(self.names, parent.card.names, bank)
        if everything and len(self.names) < len(parent.card.names) - 1:
            raise OptionError("where every weight learns, all styles must: leave --styles out, or name all")
        self.photos = self.setup.first_crops(options, 8)
        self.guides = Guides(guides, self.names, self.photos, self.setup.styles)
        self.deviations = torch.cat([deviations(style) for style in self.setup.styles])
        what = json.dumps([
            parent.card.weights_sha256, self.guides.identity, options.to_dict(), asdict(terms), everything,
        ])  # fmt: skip
        if everything:
            adopt_sizes(network)
            optimizer: torch.optim.Optimizer = Muon(network.parameters(), options.recipe.learning_rate)
        else:
            network.train_only(self.entries)
            optimizer = torch.optim.Adam(network.learning, options.recipe.learning_rate)
        super().__init__(network, parent.card, optimizer, options.recipe, self.setup.photos.paths, options.seed, what)

    def after_step(self) -> None:
        """Give the convolutions their sizes back."""
        if self.everything:
            hold_sizes(self.network)

    @property
    def done(self) -> str:
        """What the steps were."""
        what = "all weights" if self.everything else f"the scales and shifts of {', '.join(self.names)}"
        return f"more of {what}"

    def finish(self) -> None:
        """Give the styles their contrast back."""
        for entry, style in zip(self.entries, self.setup.styles, strict=True):
            give_contrast(self.network, self.photos, [style], RECIPES["default"].contrast, entry)

    def loss(self, image: Tensor) -> Tensor:
        """The objective with its three terms more."""
        recipe, image = self.recipe, image.contiguous(memory_format=torch.channels_last)
        mixture = draw_mixtures(recipe, len(self.entries), self.seed, self.step).to(image.device)
        bank = of_a_bank(mixture, [PHOTO, *self.entries], self.network.styles)
        stylized = self._painted(image, bank)
        seen, photo = shifted([stylized, image], recipe.shift, self.seed, self.step)
        losses = self.setup.objective(seen, photo, mixture).total
        missing = F.relu(1.0 - deviations(stylized) / (shares_of(mixture) @ self.deviations).clamp_min(TINY))
        losses = losses + CONTRAST_WEIGHT * missing.square().mean(1)
        losses = losses + self.terms.calm * restlessness(stylized, image)
        light = F.interpolate(self.network.light(image), image.shape[2:], mode="nearest")
        guide = self.guides.painting(image, mixture, light)
        losses = losses + self.terms.guide * distance_from_guide(stylized, guide, self.terms.part)
        if self.step % 2 == 0:  # twice the weight, at every other step
            second, motion = next_frame(image, self.seed, self.step)
            unsteady = unsteadiness(stylized, self._painted(second, bank), motion)
            losses = losses + 2.0 * recipe.steady_weight * unsteady
        return losses.mean()

    def _painted(self, image: Tensor, bank: Tensor) -> Tensor:
        with torch.autocast(image.device.type, torch.bfloat16, enabled=self.setup.autocast):
            painted: Tensor = self.network(image, bank)
        return painted


def style_image(text: str) -> StyleImage:
    """What ``NAME``, ``NAME:EMPHASIS`` or ``NAME:EMPHASIS:SIZE`` means; what is not said is the gallery's table's."""
    name, *values = text.split(":")
    folder = Path(__file__).parent
    (style,) = describe_styles([folder / f"{name}.jpg"], folder.parent / "docs" / "gallery.tsv")
    emphasis = float(values[0]) if values else style.emphasis
    return replace(style, emphasis=emphasis, style_size=int(values[1]) if values[1:] else style.style_size)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bank", type=Path)
    parser.add_argument(
        "--guide", nargs="+", required=True, metavar="BANK[:NAME,...]", help="a bank, and the styles that it guides"
    )
    parser.add_argument("--guide-weight", type=float, default=Terms.guide, help="of the guides (default: %(default)s)")
    parser.add_argument("--guide-part", type=int, default=Terms.part, metavar="N", help="compared at 1/N of the size")
    parser.add_argument("--calm", type=float, default=Terms.calm, help="weight of calm plains (default: %(default)s)")
    parser.add_argument("--styles", nargs="+", metavar="NAME[:EMPHASIS[:SIZE]]", help="default: all of the bank")
    parser.add_argument("--all", action="store_true", help="train every weight")
    parser.add_argument("--tv-weight", type=float, default=RECIPE.tv_weight, help="of total variation (%(default)s)")
    parser.add_argument("--batch", type=int, help=f"default: {RECIPE.batch}, with --all {ALL.batch}")
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--vgg16", type=Path, metavar="FILE")
    return carry_out(parser, refinement, "refined")


def refinement(asked: argparse.Namespace) -> Refinement:
    """What is asked for."""
    recipe = ALL if asked.all else RECIPE
    recipe = replace(recipe, tv_weight=asked.tv_weight, batch=asked.batch or recipe.batch)
    names = asked.styles or read_parent(asked.bank).card.names[PHOTO + 1 :]
    options = TrainingOptions(tuple(map(style_image, names)), str(asked.photos), recipe, seed=asked.seed)
    terms, guides = Terms(asked.guide_weight, asked.guide_part, asked.calm), list(map(guide_bank, asked.guide))
    return Refinement(asked.bank, guides, options, terms, asked.vgg16, everything=asked.all)


if __name__ == "__main__":
    sys.exit(main())
