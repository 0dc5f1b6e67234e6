"""Odd pictures, each beside what a browser shows of it, or a viewer where browsers show none (TIFF).

What they should look like is computed here from published numbers, by no code of the package.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import tifffile
from PIL import ExifTags, Image

Array = np.ndarray

SRGB_TO_XYZ = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
"""The colorants of sRGB, adapted to D50, as its profile has them; likewise those below."""
P3_TO_XYZ = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE_TO_XYZ = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
P3_LUMINANCE = np.array([0.22897, 0.69174, 0.07929])
P3_XY = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)

WIDTH, HEIGHT = 40, 24
y, x = np.mgrid[:HEIGHT, :WIDTH]
PALE = np.stack([130 + 2 * x, 130 + 3 * y, 160 + 0 * x], axis=-1).astype(np.uint8)
"""No color of it leaves sRGB when its numbers are those of a wider space."""
BRIGHT = np.stack([6 * x, 10 * y, 255 - 5 * x], axis=-1).astype(np.uint8)
GRAY = (4 * x + 4 * y).astype(np.uint8)
ALPHA = (255 - 6 * x).astype(np.uint8)


class Odd(NamedTuple):
    """One file and what it should look like."""

    data: bytes
    expected: Array
    """[H, W, 3] or, with alpha, [H, W, 4]; 0..255."""
    tolerance: float = 1.0
    """For the largest difference of any channel where the picture can be seen."""


def decode(values: Array) -> Array:
    """sRGB's curve (IEC 61966-2-1), 0..255 -> light, 0..1."""
    values = np.asarray(values) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encode(light: Array) -> Array:
    """The inverse of ``decode``, light outside 0..1 cut off."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pq(values: Array) -> Array:
    """SMPTE ST 2084, 0..255 -> cd/m²."""
    root = (np.asarray(values) / 255) ** (1 / 78.84375)
    return 10_000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)


def hlg(values: Array, luminance: Array) -> Array:
    """ARIB STD-B67 on a screen of 1,000 cd/m², 0..255 of primaries with those luminances -> cd/m²."""
    values = np.asarray(values) / 255
    bright = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(values <= 0.5, values**2 / 3, bright)
    return 1000 * (scene @ luminance)[..., None] ** 0.2 * scene


def without_hdr(nits: Array) -> Array:
    """Light for a screen that shows no more than white, 0..1: Reinhard's curve for 203 cd/m² and at most 1,000.

    It is that of the strongest channel; hue and saturation of the light stay.
    """
    x = nits.max(axis=-1, keepdims=True) / 203
    return np.minimum(x * (1 + x * (203 / 1000) ** 2) / (1 + x), 1) * nits / (203 * np.maximum(x, 1e-9))


def from_space(light: Array, to_xyz: Array) -> Array:
    """Light of another space's primaries as sRGB, 0..255."""
    return encode(light @ (np.linalg.inv(SRGB_TO_XYZ) @ to_xyz).T)


def colors(gray: Array) -> Array:
    return np.repeat(np.asarray(gray)[..., None], 3, axis=2)


def icc_profile(to_xyz: Array | None, curve: float | Callable[[Array], Array]) -> bytes:
    """A minimal ICC profile, version 2: colorants as columns, or grays; a gamma or a curve of 0..255 to light."""

    def fixed(values: Iterable[float]) -> bytes:
        return b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    if callable(curve):
        table = np.rint(65535 * curve(np.linspace(0, 255, 1024))).astype(">u2")
        tone = b"curv\0\0\0\0" + struct.pack(">I", 1024) + table.tobytes()
    else:
        tone = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(curve * 256)) + b"\0\0"
    tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed((0.9642, 1.0, 0.8249))}
    if to_xyz is None:
        tags[b"kTRC"] = tone
    else:
        for letter, column in zip((b"r", b"g", b"b"), to_xyz.T, strict=True):
            tags |= {letter + b"XYZ": b"XYZ \0\0\0\0" + fixed(column), letter + b"TRC": tone}
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 4) + b"odd\0" + b"\0" * 79
    tags[b"cprt"] = b"text\0\0\0\0" + b"none\0"
    directory, body, offset = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + b"\0" * (-len(data) % 4)
        directory += name + struct.pack(">II", offset + len(body), len(data))
        body += padded
    header = struct.pack(">I", 128 + len(directory) + len(body)) + b"lcms" + struct.pack(">I", 0x02400000)
    header += b"mntr" + (b"GRAY" if to_xyz is None else b"RGB ") + b"XYZ " + struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    header += b"acsp" + b"\0" * 28 + fixed((0.9642, 1.0, 0.8249))
    return header + b"\0" * (128 - len(header)) + directory + body


def png(pixels: Array, color: int, depth: int = 8, **chunks: bytes) -> bytes:
    """A PNG with chunks of one's own before the pixels, rows packed already if less than 8 bits deep."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = pixels.astype(">u2" if depth == 16 else np.uint8)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, 0))
    for name, body in chunks.items():
        data += chunk(name.encode(), body)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    return data + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(pixels: Array, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def png_colors() -> dict[str, Odd]:
    """What PNG says of colors, and in which order it counts."""
    linear, usual = struct.pack(">I", 100_000), struct.pack(">I", 45_455)
    chromaticities = struct.pack(">8I", *(round(v * 100_000) for v in P3_XY))
    deep = GRAY.astype(np.uint16) * 257
    as_p3 = from_space(decode(PALE), P3_TO_XYZ)
    return {
        "gamma_1.png": Odd(png(PALE, 2, gAMA=linear), encode(PALE / 255), 1.5),
        "gamma_1_gray.png": Odd(png(GRAY, 0, gAMA=linear), colors(encode(GRAY / 255)), 1.5),
        "gamma_1_deep_gray.png": Odd(png(deep, 0, 16, gAMA=linear), colors(encode(GRAY / 255)), 1.5),
        "gamma_of_srgb.png": Odd(png(PALE, 2, gAMA=usual), PALE, 0),
        "chromaticities.png": Odd(png(PALE, 2, cHRM=chromaticities), as_p3, 1.5),
        "gamma_and_chromaticities.png": Odd(
            png(PALE, 2, gAMA=linear, cHRM=chromaticities), from_space(PALE / 255, P3_TO_XYZ), 1.5
        ),
        "srgb_before_gamma.png": Odd(png(PALE, 2, sRGB=b"\0", gAMA=linear), PALE, 0),
        "icc_before_gamma.png": Odd(
            png(PALE, 2, iCCP=b"p\0\0" + zlib.compress(icc_profile(P3_TO_XYZ, decode)), gAMA=linear), as_p3, 1.5
        ),
        "cicp_p3.png": Odd(png(PALE, 2, cICP=bytes([12, 13, 0, 1]), gAMA=linear), as_p3, 1.5),
        "cicp_srgb.png": Odd(png(PALE, 2, cICP=bytes([1, 13, 0, 1]), cHRM=chromaticities), PALE, 0),
        "cicp_pq.png": Odd(png(BRIGHT, 2, cICP=bytes([1, 16, 0, 1])), encode(without_hdr(pq(BRIGHT))), 1.5),
        "cicp_hlg_p3.png": Odd(
            png(PALE, 2, cICP=bytes([12, 18, 0, 1])), from_space(without_hdr(hlg(PALE, P3_LUMINANCE)), P3_TO_XYZ), 1.5
        ),
        "cicp_unknown.png": Odd(png(PALE, 2, cICP=bytes([200, 201, 0, 1])), PALE, 0),
        "chromaticities_of_nothing.png": Odd(png(PALE, 2, cHRM=bytes(32)), PALE, 0),
    }


def png_kinds() -> dict[str, Odd]:
    """Depths and kinds of transparency."""
    nibbles = (x // 4 + y // 4) % 16
    packed = (nibbles[:, ::2] << 4 | nibbles[:, 1::2]).astype(np.uint8)
    gray4 = np.dstack([colors(17 * nibbles), np.where(nibbles == 5, 0, 255)])
    deep = (1001 * (x + y)).astype(np.uint16)
    color = np.dstack([BRIGHT, ALPHA]).astype(np.uint16) * 257
    palette = (x // 10 + 4 * (y // 12)).astype(np.uint8)
    table = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9], [80, 90, 99], [1, 2, 3], [7, 8, 9], [255] * 3])
    see = np.array([0, 128, 255, 40, 255, 255, 255, 255])
    return {
        "gray_4_transparent.png": Odd(png(packed, 0, 4, tRNS=struct.pack(">H", 5)), gray4, 0),
        "gray_16_transparent.png": Odd(
            png(deep, 0, 16, tRNS=struct.pack(">H", 5005)), np.dstack([colors(deep / 257), 255 * (deep != 5005)])
        ),
        "gray_16_alpha.png": Odd(
            png(np.dstack([GRAY, ALPHA]).astype(np.uint16) * 257, 4, 16), np.dstack([colors(GRAY), ALPHA])
        ),
        "rgb_16.png": Odd(png(color[..., :3], 2, 16), BRIGHT),
        "rgba_16.png": Odd(png(color, 6, 16), np.dstack([BRIGHT, ALPHA])),
        "palette_alpha.png": Odd(
            png(palette, 3, PLTE=table.astype(np.uint8).tobytes(), tRNS=see[:4].astype(np.uint8).tobytes()),
            np.dstack([table[palette], see[palette]]),
            0,
        ),
        "one_bit.png": Odd(saved(Image.fromarray(x % 3 == 0), "PNG"), colors(255 * (x % 3 == 0)), 0),
    }


def profiles() -> dict[str, Odd]:
    """ICC profiles of colors and grays."""
    p3, adobe = icc_profile(P3_TO_XYZ, decode), icc_profile(ADOBE_TO_XYZ, 563 / 256)
    linear = icc_profile(None, 1.0)
    pale, gray = Image.fromarray(PALE), Image.fromarray(GRAY)
    as_p3 = from_space(decode(PALE), P3_TO_XYZ)
    as_adobe = from_space((PALE / 255) ** (563 / 256), ADOBE_TO_XYZ)
    gray_as_adobe = colors(encode((GRAY / 255) ** (563 / 256)))
    rgba = Image.fromarray(np.dstack([PALE, ALPHA]))
    return {
        "p3.jpg": Odd(saved(pale, "JPEG", icc_profile=p3, quality=100, subsampling=0), as_p3, 3),
        "p3_alpha.webp": Odd(
            saved(rgba, "WEBP", icc_profile=p3, lossless=True, exact=True), np.dstack([as_p3, ALPHA]), 1.5
        ),
        "adobe_rgb.tif": Odd(saved(pale, "TIFF", icc_profile=adobe), as_adobe, 1.5),
        "adobe_rgb.avif": Odd(saved(pale, "AVIF", icc_profile=adobe, quality=100, subsampling="4:4:4"), as_adobe, 7),
        "linear_gray.png": Odd(saved(gray, "PNG", icc_profile=linear), colors(encode(GRAY / 255)), 1.5),
        "linear_gray_16.png": Odd(
            saved(Image.fromarray((41 * (x + 40 * y)).astype(np.uint16)), "PNG", icc_profile=linear),
            colors(encode(41 * (x + 40 * y) / 65535)),
            1.5,
        ),
        "linear_gray_float.tif": Odd(
            tiff((x / 400).astype(np.float32), photometric="minisblack", iccprofile=linear),
            colors(encode(x / 400)),
            1.5,
        ),
        "gray_in_rgb_profile.jpg": Odd(saved(gray, "JPEG", icc_profile=adobe, quality=100), gray_as_adobe, 3),
        "rgb_in_gray_profile.png": Odd(saved(pale, "PNG", icc_profile=linear), PALE, 0),
        "no_profile.png": Odd(saved(pale, "PNG", icc_profile=b"nonsense"), PALE, 0),
    }


def tiffs() -> dict[str, Odd]:
    """What no browser shows, but photographers' programs write."""
    real = (BRIGHT / 255).astype(np.float32)
    deep, deep_gray = BRIGHT.astype(np.uint16) * 257, GRAY.astype(np.uint16) * 257
    gray_alpha = np.dstack([GRAY, ALPHA]).astype(np.uint16) * 257
    ink = np.dstack([BRIGHT, 0 * GRAY])
    return {
        "float.tif": Odd(tiff(real, photometric="rgb"), BRIGHT),
        "float_deflate.tif": Odd(tiff(real, photometric="rgb", compression="zlib"), BRIGHT),
        "float_planar.tif": Odd(tiff(np.moveaxis(real, 2, 0), photometric="rgb", planarconfig="separate"), BRIGHT),
        "float_255.tif": Odd(tiff(255 * real, photometric="rgb"), BRIGHT),
        "float_16.tif": Odd(tiff(real.astype(np.float16), photometric="rgb"), BRIGHT),
        "float_64_big.tif": Odd(tiff(real.astype(np.float64), photometric="rgb", byteorder=">", bigtiff=True), BRIGHT),
        "float_alpha.tif": Odd(
            tiff(np.dstack([real, ALPHA / np.float32(255)]), photometric="rgb", extrasamples=["unassalpha"]),
            np.dstack([BRIGHT, ALPHA]),
        ),
        "float_infinite.tif": Odd(
            tiff(np.where(real > 0.99, np.inf, real).astype(np.float32), photometric="rgb"), BRIGHT, 255
        ),
        "float_gray.tif": Odd(tiff((GRAY / 255).astype(np.float32), photometric="minisblack"), colors(GRAY)),
        "rgb_16.tif": Odd(tiff(deep, photometric="rgb"), BRIGHT),
        "rgb_16_big.tif": Odd(tiff(deep, photometric="rgb", byteorder=">", compression="zlib"), BRIGHT),
        "rgb_32.tif": Odd(tiff(deep.astype(np.uint32) * 65537, photometric="rgb"), BRIGHT),
        "gray_16_alpha.tif": Odd(
            tiff(gray_alpha, photometric="minisblack", extrasamples=["unassalpha"]), np.dstack([colors(GRAY), ALPHA])
        ),
        "gray_16_white_is_0.tif": Odd(tiff(deep_gray, photometric="miniswhite"), colors(255 - GRAY)),
        "gray_white_is_0.tif": Odd(tiff(GRAY, photometric="miniswhite"), colors(255 - GRAY)),
        "cmyk.tif": Odd(tiff(ink, photometric="separated"), 255 - BRIGHT),
        "cmyk_16.tif": Odd(tiff(ink.astype(np.uint16) * 257, photometric="separated"), 255 - BRIGHT),
        "pages.tif": Odd(
            saved(Image.fromarray(PALE), "TIFF", save_all=True, append_images=[Image.fromarray(BRIGHT)]), PALE, 0
        ),
    }


def others() -> dict[str, Odd]:
    """JPEG, GIF, WebP, AVIF, BMP and names that lie."""
    bright, pale = Image.fromarray(BRIGHT), Image.fromarray(PALE)
    both = np.dstack([BRIGHT, ALPHA])
    best = {"quality": 100, "subsampling": 0}
    avif = saved(pale, "AVIF", quality=100, subsampling="4:4:4").replace(
        b"colrnclx\0\x01", b"colrnclx\0\x0c"
    )  # from BT.709 to the primaries of Display P3
    return {
        "progressive.jpg": Odd(saved(pale, "JPEG", progressive=True, **best), PALE, 3),
        "cmyk.jpg": Odd(saved(pale.convert("CMYK"), "JPEG", **best), PALE, 5),
        "gray.jpg": Odd(saved(Image.fromarray(GRAY), "JPEG", quality=100), colors(GRAY), 2),
        "is_a_jpeg.png": Odd(saved(pale, "JPEG", **best), PALE, 3),
        "is_a_png.jpg": Odd(saved(pale, "PNG"), PALE, 0),
        "is_a_gif.webp": Odd(saved(Image.fromarray(GRAY), "GIF"), colors(GRAY), 0),
        "lossless_alpha.webp": Odd(saved(Image.fromarray(both), "WEBP", lossless=True, exact=True), both, 0),
        "alpha.avif": Odd(saved(Image.fromarray(both), "AVIF", quality=100, subsampling="4:4:4"), both, 3),
        "p3_by_code.avif": Odd(avif, from_space(decode(PALE), P3_TO_XYZ), 4),
        "rgba.bmp": Odd(saved(bright, "BMP"), BRIGHT, 0),
    }


def turned() -> dict[str, Odd]:
    """Every EXIF orientation in every format that has it."""
    files = {}
    across = BRIGHT.swapaxes(0, 1)
    ways = (BRIGHT, BRIGHT[:, ::-1], np.rot90(BRIGHT, 2), BRIGHT[::-1], across, np.rot90(BRIGHT), np.rot90(across, 2))
    for orientation, stored in enumerate((*ways, np.rot90(BRIGHT, -1)), start=1):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        image = Image.fromarray(np.ascontiguousarray(stored))
        for kind, suffix in (("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif"), ("JPEG", "jpg")):
            options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
            data = saved(image, kind, exif=exif, **options)
            files[f"turned_{orientation}.{suffix}"] = Odd(data, BRIGHT, 4 if kind == "JPEG" else 0)
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    files["turned_in_xmp_alone.jpg"] = Odd(
        saved(Image.fromarray(PALE), "JPEG", xmp=packet, quality=100, subsampling=0), PALE, 3
    )
    return files


def odd_pictures() -> dict[str, Odd]:
    """All of them by name."""
    return {**png_colors(), **png_kinds(), **profiles(), **tiffs(), **others(), **turned()}
