r"""Train a bank further, guided by what other banks paint. The gallery's last trainings were made this way.

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

It stops by the clock, so that a busy machine only makes fewer steps, and goes on where a checkpoint of the same
training is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.errors import AllaPrimaError, DivergedError, OptionError, TrainingError
from allaprima.export.onnx import export_model
from allaprima.files import replacing
from allaprima.style_model import PHOTO
from allaprima.training.contrast import contrast, give_contrast, luminance
from allaprima.training.device import use_threads
from allaprima.training.finetune import read_parent
from allaprima.training.model_file import weights_sha256
from allaprima.training.muon import Muon
from allaprima.training.networks import TINY
from allaprima.training.options import TrainingOptions
from allaprima.training.photos import RandomCrops, batches
from allaprima.training.recipes import RECIPES
from allaprima.training.schedule import draw_mixtures, learning_rate, shifted
from allaprima.training.setup import Setup
from allaprima.training.sizes import adopt_sizes, hold_sizes
from allaprima.training.steadiness import next_frame, unsteadiness
from allaprima.training.style_images import StyleImage, describe_styles
from allaprima.training.validation import one_style
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
SHARE, MOST = 1.05, 1.2
"""Of a style image's contrast, what the guide's paintings get, and by how much they are raised at most."""
PLAIN, AROUND = 0.02, 9
"""The deviation of luminance, of 1, in squares of so many pixels, that is plain no more."""
SAVE = 90.0
"""Seconds between two checkpoints."""

BankOfStyles = tuple[Path, Sequence[str] | None]
"""A guide's file and the styles that it guides; None for all that no other guide has."""


@dataclass(frozen=True)
class Terms:
    """The weights of what the recipe does not have."""

    guide: float = 1.5
    part: int = 4
    """To which part of its size a picture is reduced before it is compared with the guide's."""
    calm: float = 0.0


class Guide:
    """A bank whose paintings tell where which color belongs.

    Args:
        path: the bank.
        names: the styles that it guides.
        photos: to measure contrast on.
        styles: their style images.
    """

    def __init__(self, path: Path, names: Sequence[str], photos: Tensor, styles: Sequence[Tensor]) -> None:
        parent = read_parent(path)
        self.network = parent.network.to(photos.device, memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]
        self.sha256, known = parent.card.weights_sha256, parent.card.names
        self.entries = [PHOTO, *entries_of(names, known, path)]
        self.gains = torch.ones(len(self.entries), device=photos.device)
        for entry, style in enumerate(styles, PHOTO + 1):
            painted = self.network(photos, one_style(len(known), self.entries[entry], photos.device))
            self.gains[entry] = min(max(SHARE * contrast(style) / contrast(painted), 1.0), MOST)

    @torch.no_grad()
    def painting(self, image: Tensor, mixture: Tensor, light: Tensor) -> Tensor:
        """[N, 3, H, W], mixtures [N, 1 + names] -> the guide's paintings, as dark as ``light`` says."""
        bank = image.new_zeros(len(image), self.network.styles)
        bank[:, self.entries] = mixture
        painted = self.network(image, bank)
        middle, gain = painted.mean((2, 3), keepdim=True), (mixture @ self.gains).view(-1, 1, 1, 1)
        painted = (middle + gain * (painted - middle)).clamp(0.0, 1.0)
        if self.network.shade is not None:  # as dark as that already
            return painted
        strength = (1.0 - mixture[:, PHOTO]).view(-1, 1, 1, 1)
        return painted * (1.0 - strength + strength * light)


class Guides:
    """Several banks, each of which is the guide of some styles.

    Args:
        banks: each bank with its styles; None for all that no other bank has.
        names: the styles that are trained.
        photos: to measure contrast on.
        styles: their style images.

    Raises:
        OptionError: not every style has one guide, or a bank does not know its styles.
    """

    def __init__(
        self, banks: Sequence[BankOfStyles], names: Sequence[str], photos: Tensor, styles: Sequence[Tensor]
    ) -> None:
        claimed = {name for _, own in banks for name in own or ()}
        chosen = [own if own is not None else [name for name in names if name not in claimed] for _, own in banks]
        if sorted(name for own in chosen for name in own) != sorted(names):
            raise OptionError(f"each of these styles needs one guide, and no other does: {', '.join(names)}")
        self.columns = [[names.index(name) for name in own] for own in chosen]
        self.guides = [
            Guide(path, own, photos, [styles[column] for column in columns])
            for (path, _), own, columns in zip(banks, chosen, self.columns, strict=True)
        ]

    def painting(self, image: Tensor, mixture: Tensor, light: Tensor) -> Tensor:
        """As ``Guide.painting``: a mixture of their paintings where a mixture of styles has several guides."""
        shares, photo = shares_of(mixture), mixture[:, : PHOTO + 1]
        painted = torch.zeros_like(image)
        for guide, columns in zip(self.guides, self.columns, strict=True):
            share = shares[:, columns].sum(1, keepdim=True)
            own = torch.cat([photo, (1.0 - photo) * shares[:, columns] / share.clamp_min(TINY)], 1)
            painted = painted + share[..., None, None] * guide.painting(image, own, light)
        return painted


def entries_of(names: Sequence[str], known: Sequence[str], path: Path) -> list[int]:
    """Where the styles stand in a bank of ``known`` ones.

    Raises:
        OptionError: it has not got them all.
    """
    if unknown := [name for name in names if name not in known[PHOTO + 1 :]]:
        raise OptionError(f"{path} has no style {', '.join(unknown)}")
    return [known.index(name) for name in names]


def shares_of(mixture: Tensor) -> Tensor:
    """Each style's share, as if at full strength: [N, 1 + styles] -> [N, styles]."""
    return mixture[:, PHOTO + 1 :] / (1.0 - mixture[:, : PHOTO + 1]).clamp_min(TINY)


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


class Refinement:
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
        self.setup, self.parent, self.terms = Setup.of(options, load_weights(vgg16)), read_parent(bank), terms
        self.recipe, self.seed, self.everything = options.recipe, options.seed, everything
        self.network = self.parent.network.to(self.setup.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.names = [style.name for style in options.styles]
        self.entries = entries_of(self.names, self.parent.card.names, bank)
        if everything and len(self.names) < len(self.parent.card.names) - 1:
            raise OptionError("where every weight learns, all styles must: leave --styles out, or name all")
        self.photos = self.setup.first_crops(options, 8)
        self.guides = Guides(guides, self.names, self.photos, self.setup.styles)
        self.deviations = torch.cat([deviations(style) for style in self.setup.styles])
        self.what = json.dumps([
            self.parent.card.weights_sha256, [(guide.sha256, guide.entries) for guide in self.guides.guides],
            options.to_dict(), asdict(terms), everything,
        ])  # fmt: skip
        if everything:
            adopt_sizes(self.network)
        else:
            self.network.train_only(self.entries)
        self.own = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        rate = self.recipe.learning_rate
        self.optimizer = Muon(self.own, rate) if everything else torch.optim.Adam(self.own, rate)
        self.step, self.spent = 0, 0.0

    def run(self, minutes: float, checkpoint: Path) -> None:
        """Train until so many minutes have been spent, those before the checkpoint included.

        Raises:
            TrainingError: the checkpoint is of another training.
            DivergedError: a weight is not a number; the checkpoint is of a state before.
        """
        if checkpoint.exists():
            self._load(checkpoint)
        self.network.train()
        crops = RandomCrops(self.setup.photos.paths, self.recipe.size, self.seed)
        workers = 8 if self.setup.device.type == "cuda" else 0
        began = saved = time.monotonic()
        for batch, _ in batches(crops, self.recipe.batch, self.step, self.step + 10**5, workers, slice(None)):
            if self.spent >= 60.0 * minutes:
                break
            loss = self._loss(batch.to(self.setup.device) / 255.0)
            share = self.spent / (60.0 * minutes)
            self.optimizer.param_groups[0]["lr"] = learning_rate(self.recipe, round(share * self.recipe.steps))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.own, self.recipe.clip)
            self.optimizer.step()
            if self.everything:
                hold_sizes(self.network)
            now = time.monotonic()
            self.step, self.spent, began = self.step + 1, self.spent + now - began, now
            if now - saved > SAVE:
                saved = now
                print(f"step {self.step}, {self.spent / 60:.1f} of {minutes:g} minutes, {loss.item():.3f}", flush=True)
                self._save(checkpoint)
        self._save(checkpoint)

    def write(self, path: Path) -> None:
        """The bank with its styles' contrast given back, as a style model."""
        self.network.eval()
        for entry, style in zip(self.entries, self.setup.styles, strict=True):
            give_contrast(self.network, self.photos, [style], RECIPES["default"].contrast, entry)
        what = "all weights" if self.everything else f"the scales and shifts of {', '.join(self.names)}"
        card = self.parent.card
        card = replace(
            card,
            weights_sha256=weights_sha256(self.network.state_dict()),
            losses={},
            parent=f"{card.weights_sha256}, {card.steps} steps",
            note=f"{card.note} {self.step} steps more of {what}.".strip(),
        )
        export_model(self.network.cpu(), card, path)

    def _loss(self, image: Tensor) -> Tensor:
        recipe, image = self.recipe, image.contiguous(memory_format=torch.channels_last)
        mixture = draw_mixtures(recipe, len(self.entries), self.seed, self.step).to(image.device)
        bank = image.new_zeros(len(image), self.network.styles)
        bank[:, [PHOTO, *self.entries]] = mixture
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

    def _save(self, path: Path) -> None:
        if not all(weight.isfinite().all() for weight in self.own):
            raise DivergedError(f"a weight is not a number after step {self.step}; {path} has a state before")
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        with replacing(path) as file:
            torch.save({**state, "step": self.step, "spent": self.spent, "what": self.what}, file)

    def _load(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state.get("what") != self.what:
            raise TrainingError(f"{path} is the checkpoint of another training; remove it, or write elsewhere")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]


def style_image(text: str) -> StyleImage:
    """What ``NAME``, ``NAME:EMPHASIS`` or ``NAME:EMPHASIS:SIZE`` means; what is not said is the gallery's table's."""
    name, *values = text.split(":")
    folder = Path(__file__).parent
    (style,) = describe_styles([folder / f"{name}.jpg"], folder.parent / "docs" / "gallery.tsv")
    emphasis = float(values[0]) if values else style.emphasis
    return replace(style, emphasis=emphasis, style_size=int(values[1]) if values[1:] else style.style_size)


def guide_bank(text: str) -> BankOfStyles:
    """What ``BANK`` or ``BANK:NAME,NAME`` means: the bank and its styles, None for all that no other bank has."""
    path, _, names = text.partition(":")
    return Path(path), names.split(",") if names else None


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
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    try:
        refined(parser.parse_args())
    except (AllaPrimaError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def refined(asked: argparse.Namespace) -> None:
    """Do what is asked, and remove the checkpoint when the result is there."""
    use_threads(asked.threads)
    recipe = ALL if asked.all else RECIPE
    recipe = replace(recipe, tv_weight=asked.tv_weight, batch=asked.batch or recipe.batch)
    names = asked.styles or read_parent(asked.bank).card.names[PHOTO + 1 :]
    options = TrainingOptions(tuple(map(style_image, names)), str(asked.photos), recipe, seed=asked.seed)
    terms = Terms(asked.guide_weight, asked.guide_part, asked.calm)
    guides, checkpoint = list(map(guide_bank, asked.guide)), asked.output.with_suffix(".refined.checkpoint")
    refinement = Refinement(asked.bank, guides, options, terms, asked.vgg16, everything=asked.all)
    refinement.run(asked.minutes, checkpoint)
    refinement.write(asked.output)
    checkpoint.unlink()


if __name__ == "__main__":
    sys.exit(main())
