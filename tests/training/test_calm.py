"""Calm: strokes without what is woven between them."""

from __future__ import annotations

import torch

from allaprima.training.calm import calmed, kuwahara, sharpened


def woven(side: int = 32) -> torch.Tensor:
    across = torch.arange(side) * torch.pi / 2
    return (0.5 + 0.1 * across.cos()).expand(1, 3, side, side).clone()


def edge(side: int = 32) -> torch.Tensor:
    picture = torch.zeros(1, 3, side, side)
    picture[..., side // 2 :] = 1.0
    return picture


def test_a_kuwahara_filter_keeps_an_edge_and_takes_weave_away():
    filtered = kuwahara(edge())
    torch.testing.assert_close(filtered[..., :14], edge()[..., :14], atol=1e-3, rtol=0)
    assert filtered[..., 15:17].diff(dim=-1).min() > 0.8
    assert kuwahara(woven()).std() < 0.4 * woven().std()
    flat = torch.rand(1, 3, 1, 1).expand(1, 3, 16, 16)
    torch.testing.assert_close(kuwahara(flat), flat)


def test_sharpening_by_nothing_changes_nothing():
    picture = torch.rand(1, 3, 16, 16)
    assert torch.equal(sharpened(picture, 0.0), picture)
    assert sharpened(picture, 0.5).std() > picture.std()
    assert torch.equal(calmed(picture, 0.0, 0.0), picture)
