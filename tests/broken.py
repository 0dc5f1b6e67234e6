"""Thirty kinds of file that are not pictures, though their names say so."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from support import checkered


def encoded(kind: str, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(checkered(64, 48)).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def png(width: int, height: int, data: bytes, depth: int = 8, color: int = 2) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def broken_files(folder: Path) -> list[Path]:
    """Write them; each must be refused with one sentence."""
    jpeg, whole_png = encoded("JPEG"), encoded("PNG")
    flipped = bytearray(whole_png)
    for place in range(60, 120):
        flipped[place] ^= 0x5A
    tiny = io.BytesIO()
    Image.fromarray(checkered(15, 40)).save(tiny, "PNG")
    dot = io.BytesIO()
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(dot, "PNG")
    files = {
        "empty.jpg": b"",
        "one_byte.png": b"\x89",
        "text.jpg": b"this is not a picture\n" * 40,
        "html.png": b"<!doctype html><html><body>404</body></html>",
        "zeros.jpg": bytes(4096),
        "noise.png": np.random.default_rng(0).bytes(4096),
        "header_only.jpg": jpeg[:20],
        "cut_early.jpg": jpeg[: len(jpeg) // 4],
        "cut_half.jpg": jpeg[: len(jpeg) // 2],
        "cut_half.png": whole_png[: len(whole_png) // 2],
        "signature_only.png": whole_png[:8],
        "flipped.png": bytes(flipped),
        "cut.webp": encoded("WEBP")[:200],
        "cut.gif": encoded("GIF", "P")[:300],
        "cut.tiff": encoded("TIFF")[:600],
        "cut.bmp": encoded("BMP")[:500],
        "cut.avif": encoded("AVIF")[:120],
        "bomb.png": png(60_000, 60_000, b""),
        "bomb.gif": b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6) + encoded("GIF", "P")[13:],
        "bomb.bmp": encoded("BMP")[:18] + struct.pack("<ii", 60_000, 60_000) + encoded("BMP")[26:],
        "bomb.ppm": b"P6 60000 60000 255\n" + bytes(300),
        "bomb.tga": struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 65_535, 65_535, 24, 0) + bytes(300),
        "bomb.jp2": encoded("JPEG2000").replace(struct.pack(">II", 64, 48), struct.pack(">II", 60_000, 60_000)),
        "bomb.webp": b"RIFF\x2a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2 + b"VP8L" + bytes(20),
        "no_width.png": png(0, 10, b""),
        "no_data.png": png(64, 64, b""),
        "odd_depth.png": png(64, 64, b"\0" * 20_000, depth=7),
        "postscript.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "too_small.png": tiny.getvalue(),
        "dot.png": dot.getvalue(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]
