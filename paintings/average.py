r"""Average the weights of banks that were trained one from another. The banks that ship are of such means.

    python paintings/average.py fine_before.onnx fine_once.onnx fine_twice.onnx --photos train/ -o fine.onnx
    python paintings/average.py before.onnx refined.onnx --shares 0.4 0.6 --photos train/ -o bank.onnx

Where a training went on from another's weights, at a learning rate that rose again, both lie in one basin of the
objective, and so does their mean (Izmailov et al. 2018, *Averaging Weights Leads to Wider Optima and Better
Generalization*; Wortsman et al. 2022, *Model soups*). What each has of its own, such as a weave or dots in plain areas,
is less there; what they share stays. Banks of separate trainings have no such mean.

Shadows are those of the last bank, and so are floors of the norms unless ``--norm-floor`` adopts new ones
(``norm_floor.py``): photographs of ordinary contrast are painted as before, dark and plain ones more calmly. Contrast
is given back (``contrast.py``), measured on the whole paintings at 384 pixels.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from allaprima.errors import AllaPrimaError, OptionError
from allaprima.export.onnx import export_model
from allaprima.style_model import PHOTO
from allaprima.training.contrast import give_contrast
from allaprima.training.finetune import Parent, read_parent
from allaprima.training.model_file import weights_sha256
from allaprima.training.norm_floor import adopt_floor
from allaprima.training.photos import bundled_photos, find_photos, first_crops
from allaprima.training.recipes import RECIPES
from allaprima.training.style_images import describe_styles, read_style

RECIPE = RECIPES["default"]
PHOTOS = 16
"""On so many photographs variances and contrast are measured."""
STYLE_SIZE = 384
"""Short side of the paintings for it, pixels."""


def mean_weights(banks: Sequence[Parent], shares: Sequence[float] = ()) -> dict[str, Tensor]:
    """The mean of each weight.

    Args:
        banks: the banks.
        shares: how much each of them counts; alike if there are none.

    Raises:
        OptionError: they are not of one network and the same styles, or the shares are not one for each, finite and
            from 0, and together above 0.
    """
    if len({(bank.card.names, bank.card.network, bank.card.width) for bank in banks}) > 1:
        raise OptionError("only banks of one network and the same styles can be averaged")
    shares = shares or [1.0] * len(banks)
    if len(shares) != len(banks) or min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise OptionError(f"each of the {len(banks)} banks takes a share, a number from 0, and they must not all be 0")
    states = [bank.network.state_dict() for bank in banks]
    parts = torch.tensor(shares) / sum(shares)
    return {
        name: torch.einsum("b,b...->...", parts, torch.stack([state[name] for state in states])) for name in states[0]
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("banks", type=Path, nargs="+", metavar="BANK")
    parser.add_argument("--shares", type=float, nargs="+", default=[], help="how much each bank counts (all alike)")
    parser.add_argument("--norm-floor", type=float, metavar="SHARE", help="default: as the last bank has it")
    parser.add_argument("--photos", type=Path, default=bundled_photos(), metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        banks = [read_parent(path) for path in options.banks]
        last = banks[-1]
        network, card = last.network.eval(), last.card
        network.load_state_dict(mean_weights(banks, options.shares))
        folder = Path(__file__).parent
        files = [folder / f"{name}.jpg" for name in card.names[PHOTO + 1 :]]
        paintings = [read_style(style, STYLE_SIZE) for style in describe_styles(files)]
        paths = find_photos(options.photos, RECIPE.size // 2).paths
        photos = first_crops(paths, RECIPE.size, options.seed, PHOTOS)
        recipe = dict(card.recipe)
        if options.norm_floor is not None:
            adopt_floor(network, photos, options.norm_floor, range(PHOTO + 1, network.styles))
            recipe["norm_floor"] = options.norm_floor
        give_contrast(network, photos, paintings, RECIPE.contrast, PHOTO + 1)
        parents = ", ".join(bank.card.weights_sha256[:12] for bank in banks)
        weighted = f" ({', '.join(f'{share:g}' for share in options.shares)})" if options.shares else ""
        card = replace(
            card,
            recipe=recipe,
            weights_sha256=weights_sha256(network.state_dict()),
            losses={},
            note=f"{card.note} The mean of {parents}{weighted}.".strip(),
        )
        export_model(network, card, options.output)
    except AllaPrimaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
