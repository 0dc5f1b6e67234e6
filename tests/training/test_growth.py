"""Growing: a larger network that paints as the smaller one, and whose copies training can tell apart."""

from __future__ import annotations

import pytest
import torch

from allaprima.errors import TrainingError
from allaprima.training.growth import grown, widened
from allaprima.training.networks import Johnson
from banks import bank, picture


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("larger", [("fast", 4), ("fast", 6), ("fast", 8), ("fine", 4), ("fine", 9), ("fine", None)])
def test_a_grown_network_paints_as_the_small_one(larger, seed):
    small = bank(seed)
    large = grown(small, *larger).eval()
    for mixture in (torch.tensor([0.0, 0.2, 0.3, 0.5]), torch.tensor([0.6, 0.4, 0.0, 0.0])):
        torch.testing.assert_close(large(picture(seed), mixture), small(picture(seed), mixture), atol=2e-4, rtol=0)


def test_the_same_network_grows_the_same_every_time():
    first, second = grown(bank(), "fine", 8).state_dict(), grown(bank(), "fine", 8).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_copies_of_a_channel_get_gradients_of_their_own():
    large = grown(bank(), "fast", 8)
    large(picture(1), torch.eye(4)[1]).square().sum().backward()
    gradient = large.down2.conv.weight.grad
    first, copy = gradient[:8], gradient[8:]
    assert (first - copy).abs().mean() > 0.05 * first.abs().mean()


def test_what_a_channel_brought_is_divided_among_its_copies():
    small, large = torch.randn(3, 2, 1, 1), torch.empty(7, 5, 1, 1)
    wide = widened(small, large)
    for output in range(7):
        for channel in range(2):
            copies = wide[output, channel::2]
            torch.testing.assert_close(copies.sum(), small[output % 3, channel].sum())
            assert (copies / small[output % 3, channel]).min() > 0.1


@pytest.mark.parametrize(
    ("small", "larger"), [(bank(), ("fast", 2)), (bank(), ("johnson", 8)), (Johnson(4, 4), ("fast", 8))]
)
def test_what_cannot_grow_is_refused(small, larger):
    with pytest.raises(
        TrainingError, match=rf"a {small.name} network of width 4 cannot grow into {larger[0]} of width"
    ):
        grown(small, *larger)
