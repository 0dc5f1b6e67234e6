"""Banks whose paintings others are to have: guides of a refinement, teachers of a distillation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from allaprima.errors import OptionError
from allaprima.style_model import PHOTO
from allaprima.training.contrast import contrast
from allaprima.training.finetune import read_parent
from allaprima.training.networks import TINY
from allaprima.training.validation import one_style

SHARE, MOST = 1.05, 1.2
"""Of a style image's contrast, what the guide's paintings get, and by how much they are raised at most."""

BankOfStyles = tuple[Path, Sequence[str] | None]
"""A guide's file and the styles that it guides; None for all that no other guide has."""


class Guide:
    """A bank whose paintings tell where which color belongs.

    Args:
        path: the bank.
        names: the styles that it guides.
        photos: to measure contrast on, on the device of the guide.
        styles: their style images; without them contrast stays as it is.
    """

    def __init__(self, path: Path, names: Sequence[str], photos: Tensor, styles: Sequence[Tensor] = ()) -> None:
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
        painted = self.network(image, of_a_bank(mixture, self.entries, self.network.styles))
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
        photos: to measure contrast on, on the device of the guides.
        styles: their style images; without them contrast stays as it is.

    Raises:
        OptionError: not every style has one guide, or a bank does not know its styles.
    """

    def __init__(
        self, banks: Sequence[BankOfStyles], names: Sequence[str], photos: Tensor, styles: Sequence[Tensor] = ()
    ) -> None:
        claimed = {name for _, own in banks for name in own or ()}
        chosen = [own if own is not None else [name for name in names if name not in claimed] for _, own in banks]
        if sorted(name for own in chosen for name in own) != sorted(names):
            raise OptionError(f"each of these styles, and no other, must be claimed by one guide: {', '.join(names)}")
        self.columns = [[names.index(name) for name in own] for own in chosen]
        self.guides = [
            Guide(path, own, photos, [styles[column] for column in columns] if styles else ())
            for (path, _), own, columns in zip(banks, chosen, self.columns, strict=True)
        ]

    @property
    def identity(self) -> list[tuple[str, list[int]]]:
        """Each bank's digest and the entries that it guides by."""
        return [(guide.sha256, guide.entries) for guide in self.guides]

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


def of_a_bank(mixture: Tensor, entries: Sequence[int], styles: int) -> Tensor:
    """Mixtures of some entries as mixtures of a bank of so many: [N, entries] -> [N, styles]."""
    bank = mixture.new_zeros(len(mixture), styles)
    bank[:, entries] = mixture
    return bank


def shares_of(mixture: Tensor) -> Tensor:
    """Each style's share, as if at full strength: [N, 1 + styles] -> [N, styles]."""
    return mixture[:, PHOTO + 1 :] / (1.0 - mixture[:, : PHOTO + 1]).clamp_min(TINY)


def guide_bank(text: str) -> BankOfStyles:
    """What ``BANK`` or ``BANK:NAME,NAME`` means: the bank and its styles, None for all that no other bank has."""
    path, _, names = text.partition(":")
    return Path(path), names.split(",") if names else None
