"""HDR pictures on a screen without HDR: light of PQ and HLG (ITU-R BT.2100) as sRGB.

What is brighter than white is brought down by x (1 + x / w²) / (1 + x), x in units of white and w its greatest value
(Reinhard et al. 2002, *Photographic Tone Reproduction for Digital Images*, eq. 4). The curve is that of a pixel's
strongest channel and the others follow, so that colors keep their hue, as in Chromium.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from allaprima.picture.light import to_signal

Floats = NDArray[np.float32]

PQ, HLG = 16, 18
"""Their transfer characteristics in ITU-T H.273."""
_WHITE, _PEAK = 203.0, 1000.0
"""cd/m² of white paper in an HDR picture (ITU-R BT.2408), and of the brightest light that it is taken to have."""
_SYSTEM_GAMMA = 1.2
"""Of a screen of 1,000 cd/m², on the luminance of HLG's scene (BT.2100, table 5)."""


def light_of(signal: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """Light for signals 0..1: in units of white for PQ; for HLG the light of the scene, 0..1."""
    if transfer == PQ:
        root = signal ** (32 / 2523)
        nits = 10_000 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
        return nits / _WHITE
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def screen_gain(luminance: NDArray[np.floating]) -> NDArray[np.floating]:
    """What the light of HLG's scene is multiplied by, where it has such a luminance, to be in units of white."""
    gain: NDArray[np.floating] = _PEAK / _WHITE * luminance ** (_SYSTEM_GAMMA - 1)
    return gain


def reduced(strongest: NDArray[np.floating]) -> NDArray[np.floating]:
    """Light in units of white -> 0..1."""
    brightest = _PEAK / _WHITE
    result: NDArray[np.floating] = np.minimum(strongest * (1 + strongest / brightest**2) / (1 + strongest), 1.0)
    return result


def to_srgb_from(
    transfer: int, to_linear_srgb: NDArray[np.floating], luminance: NDArray[np.floating]
) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """A conversion of pixels [H, W, 3] to sRGB.

    Args:
        transfer: PQ or HLG.
        to_linear_srgb: [3, 3], from light of the picture's primaries to light of sRGB's.
        luminance: [3], of the picture's primaries.
    """
    table = light_of(np.arange(256) / 255, transfer).astype(np.float32)
    matrix, weights = to_linear_srgb.T.astype(np.float32), luminance.astype(np.float32)

    def convert(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        light = table[pixels]
        if transfer == HLG:
            light *= screen_gain(light @ weights)[..., None]
        strongest = light.max(axis=-1)
        light *= (reduced(strongest) / np.maximum(strongest, 1e-9))[..., None]
        result: NDArray[np.uint8] = np.rint(to_signal(light @ matrix)).astype(np.uint8)
        return result

    return convert
