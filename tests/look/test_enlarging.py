"""Enlarging in whole numbers: as Pillow does it, in any bands, and without overflow at the extremes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from allaprima.look.enlarging import BITS, MIDDLE, enlarged
from allaprima.look.stroke import BLOCK, Enlarger, slopes

SIDES = st.integers(16, 40)
FILTERS = {"linear": Image.Resampling.BILINEAR, "cubic": Image.Resampling.BICUBIC}


def noise(seed: int, height: int, width: int, levels: int = 256) -> np.ndarray:
    """uint8 [height, width, 3] of so many levels from 0 to 255."""
    random = np.random.default_rng(seed).integers(0, levels, (height, width, 3))
    return (random * 255 // (levels - 1)).astype(np.uint8)


def all_rows(picture: np.ndarray, size: tuple[int, int], kernel: str, cuts: list[int], beyond: bool) -> np.ndarray:
    """float [H, W, 3] of 0 to 255, computed in bands that end at ``cuts``."""
    larger = enlarged(Image.fromarray(picture), picture.shape[:2], size, kernel, beyond=beyond)
    ends = sorted({0, size[0], *(cut % size[0] for cut in cuts)})
    bands = [list(larger.planes(*ends[i : i + 2])) for i in range(len(ends) - 1)]
    return np.concatenate([np.stack(planes, -1) for planes in bands]) / 2**BITS + MIDDLE


@given(
    seed=st.integers(0, 99),
    small=st.tuples(SIDES, SIDES),
    factor=st.one_of(st.integers(2, 5), st.floats(1.25, 6)),
    kernel=st.sampled_from(sorted(FILTERS)),
    levels=st.sampled_from([2, 256]),
    cuts=st.lists(st.integers(0, 300), max_size=3),
    beyond=st.booleans(),
)
def test_it_is_pillows_enlargement_in_any_bands(seed, small, factor, kernel, levels, cuts, beyond):
    picture, size = noise(seed, *small, levels), tuple(round(side * factor) for side in small)
    found = all_rows(picture, size, kernel, cuts, beyond)
    assert np.array_equal(found, all_rows(picture, size, kernel, [], beyond))
    if beyond:
        planes = [Image.fromarray(plane.astype(np.float32)) for plane in np.moveaxis(picture, -1, 0)]
        wanted = np.stack([np.asarray(plane.resize(size[::-1], FILTERS[kernel])) for plane in planes], -1)
        difference = np.abs(found - wanted)
    else:  # bytes, which end at 0 and 255 after the columns already
        wanted = np.asarray(Image.fromarray(picture).resize(size[::-1], FILTERS[kernel]))
        difference = np.abs(np.clip(found, 0, 255) - wanted)
    edge = int(np.ceil(2 * factor))  # there Pillow has no neighbors, where others are repeated
    assert difference[edge:-edge, edge:-edge].max() < 4  # of weights that are rounded
    assert difference.mean() < 1.5
    assert difference.max() < 64


@pytest.mark.parametrize("size", [(64, 96), (96, 144), (70, 101), (257, 400)])
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_result_is_the_formulas(size, share):
    small, large = noise(1, 32, 48), noise(2, *size)
    for painted in (small, 255 - small, noise(3, 32, 48), small // 2 + 60):
        found = Enlarger(small, painted, size, share).rows(large, 0)
        wanted = formula(small, painted, size, share, large)
        difference = np.abs(found - wanted)[8:-8, 8:-8]
        assert difference.mean() < 1
        assert np.percentile(difference, 99) < 4


def formula(
    small: np.ndarray, painted: np.ndarray, size: tuple[int, int], share: float, large: np.ndarray
) -> np.ndarray:
    """up(painted) + a · (Y − up(reduced Y)) in floats."""

    def up(values: np.ndarray, kernel: str, block: int = 1) -> np.ndarray:
        planes = [Image.fromarray(plane.astype(np.float32)) for plane in np.atleast_3d(values).transpose(2, 0, 1)]
        box = (0, 0, small.shape[1] / block, small.shape[0] / block)
        return np.stack([np.asarray(plane.resize(size[::-1], FILTERS[kernel], box=box)) for plane in planes], -1)

    slope = slopes(np.asarray(Image.fromarray(small).convert("L")), painted, share)
    detail = luminance(large)[..., None] - up(luminance(small), "cubic")
    return np.clip(up(painted, "cubic") + up(slope.transpose(1, 2, 0), "linear", BLOCK) * detail, 0, 255)


def luminance(pixels: np.ndarray) -> np.ndarray:
    return pixels @ np.array([0.299, 0.587, 0.114])


@given(
    st.integers(0, 9), st.sampled_from([(64, 96), (70, 101)]), st.floats(0, 1), st.sampled_from([1, -1]), st.booleans()
)
def test_extremes_do_not_wrap_around(seed, size, share, sign, flat):
    """Black and white noise, everywhere at the limit of what the numbers hold, over noise or plain black and white."""
    small = noise(seed, 32, 48, 2)
    large = np.zeros((*size, 3), np.uint8) if flat else noise(seed, *size, 2)
    large[size[0] // 2 :] = 255 - large[size[0] // 2 :]
    painted = small[::sign]
    found = Enlarger(small, painted, size, share).rows(large, 0)
    slope = slopes(np.asarray(Image.fromarray(small).convert("L")), painted, share)
    assert np.abs(slope).max() < 16
    exact = formula(small, painted, size, share, large)
    assert np.abs(found - exact)[8:-8, 8:-8].max() < 64  # a value that wraps around is at the other end


@given(st.integers(0, 9), st.integers(16, 40), st.integers(16, 40), st.floats(0, 1))
def test_slopes_fit_where_a_painting_follows_the_photograph(seed, height, width, share):
    photo = noise(seed, height, width)
    gray = np.asarray(Image.fromarray(photo).convert("L"))
    found = slopes(gray, np.repeat(gray[..., None], 3, 2), 1.0)
    assert found.shape == (3, -(-height // BLOCK), -(-width // BLOCK))
    np.testing.assert_allclose(found, 1, atol=1e-3)
    assert np.abs(slopes(gray, photo, share)).max() < 16
