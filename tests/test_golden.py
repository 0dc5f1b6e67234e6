"""What the shipped banks paint, and which weights they have: nothing changes either unseen."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from allaprima import Stylizer
from allaprima.gallery import BANKS, gallery_model
from allaprima.training.model_file import read_weights, weights_sha256
from golden.make import BANKS as GOLDEN_BANKS
from golden.make import DIGESTS, GOLDEN, paint

LEAST_PSNR = 45.0
"""In dB: what another version of ONNX Runtime or of a JPEG decoder may change, and no eye sees."""


@cache
def stylizer(bank: str) -> Stylizer:
    return Stylizer(bank, threads=1)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures, in dB."""
    return float(20 * np.log10(255 / max(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)), 1e-9)))


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.photo)
def test_a_bank_paints_what_it_has_painted_before(bank, golden):
    with Image.open(golden.file(bank)) as picture:
        before = np.asarray(picture)
    assert psnr(paint(stylizer(bank), golden), before) >= LEAST_PSNR
    with Image.open(golden.file(next(other for other in BANKS if other != bank))) as picture:
        assert psnr(np.asarray(picture), before) < 40.0  # the banks are told apart, so the bound means something


@pytest.mark.parametrize("bank", BANKS)
def test_a_bank_has_the_weights_that_its_card_and_the_goldens_name(bank):
    recorded = json.loads(DIGESTS.read_text())
    assert recorded.keys() == set(GOLDEN_BANKS) == set(BANKS)
    assert weights_sha256(read_weights(gallery_model(bank))) == stylizer(bank).card.weights_sha256 == recorded[bank]
