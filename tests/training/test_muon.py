"""Muon steps convolutions by an orthogonal momentum and all else as Adam does, and resumes exactly."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from allaprima.training.muon import SIZE, Muon, is_matrix, orthogonal
from allaprima.training.networks import Fast


@pytest.mark.parametrize("shape", [(8, 72), (40, 12), (16, 16)])
def test_singular_values_come_near_one(shape):
    torch.manual_seed(3)
    matrix = torch.randn(shape)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix)
    values = torch.linalg.svdvals(found)
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.3
    assert float((u.T @ found @ v.T).diagonal().min()) > 0.5  # the same directions


def test_convolutions_step_by_muon_and_the_rest_by_adam():
    network = Fast(2, width=8)
    torch.manual_seed(5)
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    adam = copy.deepcopy(network)
    for parameter, other in zip(adam.parameters(), network.parameters(), strict=True):
        parameter.grad = other.grad.clone()
    before = copy.deepcopy(network)
    Muon(network.parameters(), lr=1e-3).step()
    torch.optim.Adam(adam.parameters(), lr=1e-3).step()
    kinds = set()
    for (name, now), was, other in zip(network.named_parameters(), before.parameters(), adam.parameters(), strict=True):
        kinds.add(is_matrix(now))
        if is_matrix(now):
            size = float((now - was).detach().square().mean().sqrt())
            assert size == pytest.approx(SIZE * 1e-3, rel=0.35), name
        else:
            torch.testing.assert_close(now, other, rtol=1e-5, atol=1e-8)
    assert kinds == {True, False}
    assert not is_matrix(network.last.conv.weight)


def test_its_state_goes_on_as_if_it_had_not_stopped():
    torch.manual_seed(1)
    layer, data = nn.Conv2d(4, 8, 3), torch.randn(2, 4, 8, 8)

    def steps(layer, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            layer(data).square().mean().backward()
            optimizer.step()

    whole, parts = copy.deepcopy(layer), copy.deepcopy(layer)
    steps(whole, Muon(whole.parameters(), lr=1e-2), 6)
    first = Muon(parts.parameters(), lr=1e-2)
    steps(parts, first, 3)
    second = Muon(parts.parameters(), lr=1e-2)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    steps(parts, second, 3)
    assert all(map(torch.equal, whole.parameters(), parts.parameters()))
