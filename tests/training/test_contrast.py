"""What a finished network's contrast is raised to."""

from dataclasses import replace

import pytest
import torch

from allaprima.style_model import PHOTO
from allaprima.training import contrast as module
from allaprima.training.contrast import MOST, burnt, contrast, give_contrast
from allaprima.training.networks import NETWORKS, make_network
from allaprima.training.recipes import RECIPES
from allaprima.training.shade import LUMA

ENTRIES = 4


def pale(name: str = "fast", shadows: float = 1.0):
    torch.manual_seed(3)
    network = make_network(name, ENTRIES, 4).eval()
    network.last_norm.scale.data *= 0.3
    network.shadows = shadows
    return network


def one(entry: int) -> torch.Tensor:
    return torch.eye(ENTRIES)[entry]


@pytest.fixture(scope="module")
def photos():
    torch.manual_seed(1)
    return torch.rand(2, 3, 48, 48)


def picture(deviation: float) -> torch.Tensor:
    return torch.cat([torch.full((1, 3, 8, 8), 0.5 - deviation), torch.full((1, 3, 8, 8), 0.5 + deviation)], dim=3)


def test_contrast_is_the_deviation_of_luminance():
    assert contrast(picture(0.2)) == pytest.approx(0.2, abs=1e-6)
    assert contrast(torch.cat([picture(0.2), picture(0.4)])) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shadows", [1.0, 0.3])
def test_a_style_gets_the_paintings_share_and_the_others_stay(name, shadows, photos):
    network = pale(name, shadows)
    with torch.no_grad():
        before = [network(photos, one(entry)) for entry in range(1, ENTRIES)]
        wanted = 1.2 * contrast(before[1])
        gains = give_contrast(network, photos, [picture(2 * wanted), picture(0.0)], 0.5, first=2)
        after = [network(photos, one(entry)) for entry in range(1, ENTRIES)]
    assert contrast(after[1]) == pytest.approx(wanted, rel=0.02)
    assert 1 < gains[0] < MOST
    assert gains[1] == 1.0  # a plain painting takes no contrast away
    assert torch.equal(after[0], before[0])
    assert torch.equal(after[2], before[2])


def test_there_is_a_limit(photos):
    network = pale()
    assert give_contrast(network, photos, [picture(0.5)], 1.0, first=1) == pytest.approx([MOST], abs=0.01)


def test_little_is_burnt_out(photos, monkeypatch):
    assert burnt(torch.tensor([0.0, 0.02, 0.5, 0.98]).view(1, 1, 2, 2).expand(1, 3, 2, 2)) == 0.75
    network = pale()
    with torch.no_grad():
        lights = (network(photos, one(1)) * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1)
        monkeypatch.setattr(module, "LIGHT", lights.quantile(0.97).item())  # random weights paint grays
        monkeypatch.setattr(module, "BURNT", 0.01)
        (gain,) = give_contrast(network, photos, [picture(0.01) - 0.06], 100.0, first=1)
        assert burnt(network(photos, one(1))) == pytest.approx(0.04, abs=0.005)
    assert 1 < gain < MOST - 0.05


def test_all_but_the_photograph_is_as_much_stronger_at_lower_strengths(photos):
    network = pale()
    mixture = 0.6 * one(1) + 0.4 * one(PHOTO)
    with torch.no_grad():
        before = contrast(network(photos, mixture) - photos)
        give_contrast(network, photos, [picture(0.5)], 1.0, first=1)
        assert contrast(network(photos, mixture) - photos) != pytest.approx(before)
        assert torch.equal(network(photos, one(PHOTO)), photos)


def test_recipes_of_others_leave_it():
    assert RECIPES["paper"].contrast == RECIPES["four-layers"].contrast == 0
    assert 0 < RECIPES["default"].contrast <= 1
    assert replace(RECIPES["default"], contrast=0.5).contrast == 0.5
