"""What a picture's numbers mean as colors, always as an ICC profile, so that one conversion serves every format.

PNG says it in four ways and AVIF in two. What takes precedence: in PNG cICP, iCCP, sRGB, then gAMA with cHRM (PNG,
third edition, 11.3.2); in AVIF and HEIF the ICC profile, then the code points "nclx" (ISO/IEC 23000-22). Where nothing
is said it is sRGB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from allaprima.picture import hdr

CICP = "cicp"
"""Where a picture's ``info`` has (color primaries, transfer characteristics), the code points of ITU-T H.273."""

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D65 = (0.3127, 0.3290)
_REC_709 = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES = {
    1: _REC_709,
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),  # BT.601, 625 lines
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),  # BT.601, 525 lines
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
"""x and y of white, red, green and blue by H.273's code."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_LIKE_SRGB = (1, 2, 6, 13, 14, 15)
"""Transfer characteristics that browsers show as sRGB's: those of BT.709, BT.601 and BT.2020, and "unspecified"."""

_CURVE_POINTS = 4096


def _fixed_date(profile: bytes) -> bytes:
    """The same picture must give the same file, so the moment of a profile's making (ICC.1, 7.2.8) is a constant."""
    return profile[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + profile[36:]


SRGB = _fixed_date(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
"""Of every result, so that viewers need not guess: some take untagged numbers for those of the screen."""


def profile_of(image: Image.Image) -> bytes | None:
    """The ICC profile of an opened picture's numbers; None if they are sRGB, or of a kind that is not known."""
    info = image.info
    icc: bytes | None = info.get("icc_profile")
    codes = info.get(CICP)
    if codes is not None and (image.format == "PNG" or not icc):
        return _of_codes(*codes)
    if icc or image.format != "PNG" or "srgb" in info:
        return icc
    return _of_gamma(info.get("gamma"), info.get("chromaticity"), gray=image.mode[0] in "1LI")


def _of_codes(primaries: int, transfer: int) -> bytes | None:
    if transfer in _LIKE_SRGB:
        return None if primaries == 1 or primaries not in _PRIMARIES else _profile(_PRIMARIES[primaries])
    if transfer in _GAMMAS:
        return _profile(_PRIMARIES.get(primaries, _REC_709), _power(_GAMMAS[transfer]))
    if transfer in (hdr.PQ, hdr.HLG):
        return _profile(_PRIMARIES.get(primaries, _REC_709), _sampled(_tone_mapped(transfer)))
    return None


def _tone_mapped(transfer: int) -> NDArray[np.float64]:
    """The light 0..1 of a screen without HDR for signals 0..1 of gray."""
    light = hdr.light_of(np.linspace(0.0, 1.0, _CURVE_POINTS), transfer)
    if transfer == hdr.HLG:
        light = light * hdr.screen_gain(light)
    return hdr.reduced(light).astype(np.float64)


def hdr_conversion(image: Image.Image) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None:
    """From pixels [H, W, 3] of an HDR picture to sRGB, which no profile can say; None for any other picture."""
    primaries, transfer = image.info.get(CICP, (0, 0))
    if transfer not in (hdr.PQ, hdr.HLG) or (image.format != "PNG" and image.info.get("icc_profile")):
        return None
    chromaticities = _PRIMARIES.get(primaries, _REC_709)
    own = _colorants(chromaticities)
    if own is None:
        return None
    return hdr.to_srgb_from(transfer, np.linalg.solve(SRGB_COLORANTS, own), _to_xyz(chromaticities)[1])


def _of_gamma(gamma: float | None, chromaticities: Sequence[float] | None, *, gray: bool) -> bytes | None:
    """From gAMA, the exponent of encoding, and cHRM; what is missing is sRGB's.

    An exponent of 1/2.2 is what PNG tells writers of sRGB to write for old readers, so it stands for sRGB's own curve.
    """
    exponent = None if not gamma or abs(gamma * 2.2 - 1) < 0.02 else 1 / gamma
    usual = not chromaticities or np.abs(np.subtract(chromaticities, _REC_709)).max() < 0.002
    if exponent is None and (usual or gray):
        return None
    curve = _SRGB_CURVE if exponent is None else _power(exponent)
    return _profile(None if gray else _REC_709 if usual or not chromaticities else chromaticities, curve)


def _s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _power(exponent: float) -> bytes:
    """A curve, signal to light: parametricCurveType 0, x^g."""
    return b"para" + struct.pack(">IHH", 0, 0, 0) + _s15(exponent)


def _sampled(light: NDArray[np.float64]) -> bytes:
    """A curve in equal steps: curveType."""
    return b"curv" + struct.pack(">II", 0, len(light)) + (65535 * light).round().astype(">u2").tobytes()


_SRGB_CURVE = b"para" + struct.pack(">IHH", 0, 3, 0) + _s15(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""parametricCurveType 3: (a x + b)^g from d on, c x below it."""


def _profile(chromaticities: Sequence[float] | None, curve: bytes = _SRGB_CURVE) -> bytes | None:
    """A display profile of ICC version 4 (ICC.1:2010) with one curve for all channels.

    Args:
        chromaticities: x, y of white, red, green and blue; None makes a profile of grays.
        curve: from signal to light, an element of the profile.

    Returns:
        None if the chromaticities span no colors.
    """
    tags = {b"desc": _text("colors of a picture"), b"cprt": _text("none"), b"wtpt": _xyz(_D50)}
    if chromaticities is None:
        tags[b"kTRC"] = curve
    else:
        colorants = _colorants(chromaticities)
        if colorants is None:
            return None
        for letter, column in zip((b"r", b"g", b"b"), colorants.T, strict=True):
            tags |= {letter + b"XYZ": _xyz(column), letter + b"TRC": curve}
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    space = b"GRAY" if chromaticities is None else b"RGB "
    header = struct.pack(">I4xI4s4s4s", 128 + len(table) + len(body), 0x04200000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s28x", 2000, 1, 1, 0, 0, 0, b"acsp") + _s15(*_D50)
    return header.ljust(128, b"\0") + table + body


def _colorants(chromaticities: Sequence[float]) -> NDArray[np.float64] | None:
    """XYZ of red, green and blue as columns, adapted from their white to D50 (Bradford, ICC.1 annex E)."""
    xy = np.asarray(chromaticities, np.float64).reshape(4, 2)
    if not (np.isfinite(xy).all() and (xy[:, 1] > 1e-3).all()):
        return None
    white, *primaries = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in xy)
    if abs(np.linalg.det(np.column_stack(primaries))) < 1e-6:
        return None
    matrix = _to_xyz(chromaticities)
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted: NDArray[np.float64] = np.linalg.solve(_BRADFORD, gains[:, None] * (_BRADFORD @ matrix))
    return adapted if np.abs(adapted).max() < 8 and (np.abs(adapted.sum(axis=1) - _D50) < 0.01).all() else None


def _to_xyz(chromaticities: Sequence[float]) -> NDArray[np.float64]:
    """XYZ of red, green and blue as columns, which together are white of luminance 1."""
    white, *primaries = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in np.reshape(chromaticities, (4, 2)))
    matrix = np.column_stack(primaries)
    scaled: NDArray[np.float64] = matrix * np.linalg.solve(matrix, white)
    return scaled


SRGB_COLORANTS = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
"""XYZ of red, green and blue as columns, adapted to D50, as sRGB's profile has them."""


def _xyz(values: Sequence[float] | NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + _s15(*values)


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">IIIHHII", 0, 1, 12, 0x656E, 0x5553, len(data), 28) + data
