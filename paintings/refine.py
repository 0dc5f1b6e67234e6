r"""Train some of a bank's styles on, while all others paint exactly as before; so were the gallery's last changes made.

    python paintings/refine.py fine.onnx --guide fine_v01.onnx --styles irises:0.65 the_kiss:0.65 --photos train/ \
        --minutes 30 -o refined.onnx

Only the styles' own scales and shifts change (Dumoulin, Shlens & Kudlur 2017, section 3.2). The objective is that of
the recipe ``four-layers`` with what ``RECIPE`` changes, and two terms more:

- a guide: at a quarter of the size, a painting is to look as one by another bank that knows the style, whose contrast
  is raised first. Gram matrices say nothing of where a color belongs.
- contrast: the deviation of luminance, in full and at a quarter of the size, is to be that of the style image at least
  (compare ``contrast.py``).

It stops by the clock, so that a busy machine only makes fewer steps, and goes on where a checkpoint is.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.export.onnx import export_model
from allaprima.files import replacing
from allaprima.style_model import PHOTO
from allaprima.training.contrast import contrast, give_contrast
from allaprima.training.finetune import read_parent
from allaprima.training.model_file import weights_sha256
from allaprima.training.networks import TINY, StyleNetwork
from allaprima.training.options import TrainingOptions
from allaprima.training.photos import RandomCrops, batches
from allaprima.training.recipes import RECIPES
from allaprima.training.schedule import draw_mixtures, shifted
from allaprima.training.setup import Setup
from allaprima.training.shade import LUMA
from allaprima.training.steadiness import next_frame, unsteadiness
from allaprima.training.style_images import describe_styles
from allaprima.training.validation import one_style
from allaprima.training.vgg16 import load_weights

RECIPE = replace(
    RECIPES["four-layers"], style_weight=10.0, tv_weight=4.0, learning_rate=1e-2, batch=2, style_size=384, shift=True,
    steady_weight=0.3, mixed=0.1, lower=0.15,
)  # fmt: skip
GUIDE_WEIGHT, CONTRAST_WEIGHT = 1.5, 2.0
SMALL = 4
"""To which part of its size a picture is reduced for the guide and the contrast."""
SHARE, MOST = 1.05, 1.2
"""Of a style image's contrast, what the guide's paintings get, and by how much they are raised at most."""
WARM_UP = 0.05
"""Share of the time in which the learning rate rises."""
SAVE = 90.0
"""Seconds between two checkpoints."""


class Guide:
    """A bank whose paintings tell where which color belongs."""

    def __init__(self, path: Path, names: list[str], photos: Tensor, styles: list[Tensor]) -> None:
        parent = read_parent(path)
        self.network = parent.network.to(memory_format=torch.channels_last).eval().requires_grad_(False)
        known = parent.card.names
        self.entries = [PHOTO, *(known.index(name) for name in names)]
        self.gains = torch.ones(len(self.entries))
        for entry, style in enumerate(styles, PHOTO + 1):
            painted = self.network(photos, one_style(len(known), self.entries[entry], photos.device))
            self.gains[entry] = min(max(SHARE * contrast(style) / contrast(painted), 1.0), MOST)

    @torch.no_grad()
    def painting(self, image: Tensor, mixture: Tensor, light: Tensor) -> Tensor:
        """[N, 3, H, W], mixtures [N, 1 + styles] -> the guide's paintings, as dark as ``light`` says."""
        bank = image.new_zeros(len(image), self.network.styles)
        bank[:, self.entries] = mixture
        with torch.autocast("cpu", torch.bfloat16):
            painted = self.network(image, bank).float()
        middle, gain = painted.mean((2, 3), keepdim=True), (mixture @ self.gains).view(-1, 1, 1, 1)
        strength = (1.0 - mixture[:, PHOTO]).view(-1, 1, 1, 1)
        return (middle + gain * (painted - middle)).clamp(0.0, 1.0) * (1.0 - strength + strength * light)


def deviations(pictures: Tensor) -> Tensor:
    """Of luminance, in full and reduced: [N, 3, H, W] -> [N, 2]."""
    luminance = (pictures * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    both = (luminance, F.avg_pool2d(luminance, SMALL))
    return torch.stack([one.flatten(1).var(1, correction=0).add(1e-6).sqrt() for one in both], 1)


def distance_from_guide(stylized: Tensor, guide: Tensor) -> Tensor:
    """The mean squared difference of both, reduced, over the guide's variance: [N]."""
    wanted = F.avg_pool2d(guide, SMALL)
    difference = (F.avg_pool2d(stylized, SMALL) - wanted).square().mean((1, 2, 3))
    return difference / wanted.var((2, 3)).mean(1).clamp_min(1e-3)


def rate_at(share: float) -> float:
    """The learning rate after a share of the time: up on a straight line, down on a cosine."""
    if share < WARM_UP:
        return RECIPE.learning_rate * (0.1 + 0.9 * share / WARM_UP)
    return RECIPE.learning_rate * 0.5 * (1.0 + math.cos(math.pi * (share - WARM_UP) / (1.0 - WARM_UP)))


def trained_alone(network: StyleNetwork, entries: list[int]) -> list[torch.nn.Parameter]:
    """Let only the scales and shifts of these entries learn."""
    network.requires_grad_(False)
    others = [entry for entry in range(network.styles) if entry not in entries]

    def of_ours(gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        gradient[:, others] = 0.0
        return gradient

    own = [
        weight.requires_grad_() for name, weight in network.named_parameters() if name.endswith((".scale", ".shift"))
    ]
    for weight in own:
        weight.register_hook(of_ours)
    return own


class Refinement:
    """A bank in which some styles are trained on.

    Args:
        bank: the bank.
        guide: another that knows the styles.
        emphasis: of each style.
        photos: the folder of photographs.
        vgg16: its weights; None downloads them.
        seed: of everything random.
    """

    def __init__(
        self, bank: Path, guide: Path, emphasis: dict[str, float], photos: Path, vgg16: Path | None, seed: int
    ) -> None:
        folder = Path(__file__).parent
        styles = describe_styles([folder / f"{name}.jpg" for name in emphasis], folder.parent / "docs" / "gallery.tsv")
        styles = tuple(replace(style, emphasis=emphasis[style.name], style_size=None) for style in styles)
        options = TrainingOptions(styles, str(photos), RECIPE, seed=seed)
        self.setup, self.parent, self.seed = Setup.of(options, load_weights(vgg16)), read_parent(bank), seed
        self.network = self.parent.network.to(memory_format=torch.channels_last)
        self.names = list(emphasis)
        self.entries = [self.parent.card.names.index(name) for name in emphasis]
        self.photos = self.setup.first_crops(options, 8)
        self.guide = Guide(guide, self.names, self.photos, self.setup.styles)
        self.deviations = torch.cat([deviations(style) for style in self.setup.styles])
        self.own = trained_alone(self.network, self.entries)
        self.optimizer = torch.optim.Adam(self.own)
        self.step, self.spent = 0, 0.0

    def run(self, minutes: float, checkpoint: Path) -> None:
        """Train until so many minutes have been spent, those before the checkpoint included."""
        if checkpoint.exists():
            self._load(checkpoint)
        self.network.train()
        crops = RandomCrops(self.setup.photos.paths, RECIPE.size, self.seed)
        began = saved = time.monotonic()
        for batch, _ in batches(crops, RECIPE.batch, self.step, self.step + 10**6, 0, slice(None)):
            if self.spent >= 60.0 * minutes:
                break
            loss = self._loss(batch / 255.0)
            self.optimizer.param_groups[0]["lr"] = rate_at(self.spent / (60.0 * minutes))
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.own, RECIPE.clip)
            self.optimizer.step()
            now = time.monotonic()
            self.step, self.spent, began = self.step + 1, self.spent + now - began, now
            if now - saved > SAVE:
                saved = now
                print(f"step {self.step}, {self.spent / 60:.1f} of {minutes:g} minutes, {loss.item():.3f}", flush=True)
                self._save(checkpoint)

    def write(self, path: Path) -> None:
        """The bank with its styles' contrast given back, as a style model."""
        self.network.eval()
        for entry, style in zip(self.entries, self.setup.styles, strict=True):
            give_contrast(self.network, self.photos, [style], RECIPES["default"].contrast, entry)
        card = self.parent.card
        card = replace(
            card,
            weights_sha256=weights_sha256(self.network.state_dict()),
            losses={},
            parent=f"{card.weights_sha256}, {card.steps} steps",
            note=f"{card.note} {self.step} steps more of the scales and shifts of {', '.join(self.names)}.".strip(),
        )
        export_model(self.network, card, path)

    def _loss(self, image: Tensor) -> Tensor:
        image = image.contiguous(memory_format=torch.channels_last)
        mixture = draw_mixtures(RECIPE, len(self.entries), self.seed, self.step)
        bank = image.new_zeros(len(image), self.network.styles)
        bank[:, [PHOTO, *self.entries]] = mixture
        stylized = self._painted(image, bank)
        seen, photo = shifted([stylized, image], RECIPE.shift, self.seed, self.step)
        losses = self.setup.objective(seen, photo, mixture).total
        shares = mixture[:, PHOTO + 1 :] / (1.0 - mixture[:, :1]).clamp_min(TINY)
        missing = F.relu(1.0 - deviations(stylized) / (shares @ self.deviations).clamp_min(TINY))
        losses = losses + CONTRAST_WEIGHT * missing.square().mean(1)
        light = F.interpolate(self.network.light(image), image.shape[2:], mode="nearest")
        losses = losses + GUIDE_WEIGHT * distance_from_guide(stylized, self.guide.painting(image, mixture, light))
        if self.step % 2 == 0:  # twice the weight, at every other step
            second, motion = next_frame(image, self.seed, self.step)
            unsteady = unsteadiness(stylized, self._painted(second, bank), motion)
            losses = losses + 2.0 * RECIPE.steady_weight * unsteady
        return losses.mean()

    def _painted(self, image: Tensor, bank: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            painted: Tensor = self.network(image, bank)
        return painted

    def _save(self, path: Path) -> None:
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        with replacing(path) as file:
            torch.save({**state, "step": self.step, "spent": self.spent}, file)

    def _load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bank", type=Path)
    parser.add_argument("--guide", type=Path, required=True, metavar="BANK")
    parser.add_argument("--styles", nargs="+", required=True, metavar="NAME:EMPHASIS")
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--vgg16", type=Path, metavar="FILE")
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    emphasis = {name: float(value) for name, value in (style.split(":") for style in options.styles)}
    refinement = Refinement(options.bank, options.guide, emphasis, options.photos, options.vgg16, options.seed)
    refinement.run(options.minutes, options.output.with_suffix(".checkpoint"))
    refinement.write(options.output)


if __name__ == "__main__":
    main()
