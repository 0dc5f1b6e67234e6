"""Weights before a norm have one size throughout a training, and adopting it changes no painting."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from allaprima.training.networks import NETWORKS
from allaprima.training.norm_floor import adopt_floor
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.sizes import adopt_sizes, hold_sizes
from allaprima.training.style_images import StyleImage
from banks import bank, picture
from support import make_trainer

ONE = torch.tensor([0.0, 1.0, 0.0, 0.0])


def sizes(network: torch.nn.Module) -> dict[str, float]:
    """The root mean square of the norms of each convolution's outputs."""
    return {
        name: float((weight.detach().square().sum() / len(weight)).sqrt())
        for name, weight in network.named_parameters()
        if weight.dim() == 4 and not name.startswith("last")
    }


@torch.no_grad()
@pytest.mark.parametrize("floor", [0.0, 1.0])
def test_a_bank_that_adopts_sizes_paints_as_before(floor):
    network, photos = bank(), torch.cat([picture(seed) for seed in range(4)])
    if floor:
        adopt_floor(network, photos, floor, [1, 2, 3])
    before = network(photos, ONE)
    assert not all(size == pytest.approx(1.0) for size in sizes(network).values())
    adopt_sizes(network)
    assert all(size == pytest.approx(1.0, rel=1e-4) for size in sizes(network).values())
    torch.testing.assert_close(network(photos, ONE), before, atol=2e-3, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_sizes_come_back_and_directions_stay(name):
    torch.manual_seed(0)
    network = NETWORKS[name](3, 4)
    adopt_sizes(network)
    held = {key: value.clone() for key, value in network.state_dict().items()}
    for weight in network.parameters():
        if weight.dim() == 4:
            weight.mul_(3.0)
    hold_sizes(network)
    for key, value in network.state_dict().items():
        if not key.startswith("last"):
            torch.testing.assert_close(value, held[key], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"optimizer": "muon", "norm_floor": 0.0}, True),
        ({"optimizer": "adam", "norm_floor": 0.5}, True),
        ({"optimizer": "adam", "norm_floor": 0.0}, False),
    ],
)
def test_training_holds_sizes_where_steps_are_orthogonal_or_norms_have_floors(
    changes, held, photos, paintings, vgg16_weights
):
    recipe = replace(RECIPES["default"], steps=2, batch=2, size=64, style_size=64, learning_rate=0.05, **changes)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    options = TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)
    trainer = make_trainer(options, vgg16_weights)
    list(trainer.run())
    assert all(size == pytest.approx(1.0, rel=1e-4) for size in sizes(trainer.network).values()) == held
