"""What a PNG says beside its pixels, of any size."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture
from odd import P3_TO_XYZ, icc_profile, saved
from support import checkered


def read(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data))


def with_chunks(*chunks: tuple[bytes, bytes], behind: bool = False) -> bytes:
    data = saved(Image.fromarray(checkered(40, 30)), "PNG")
    made = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    place = data.index(b"IEND") - 4 if behind else 33
    return data[:place] + made + data[place:]


LARGE = bytes(3 * 2**20)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(LARGE)),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(LARGE)),
        (b"iTXt", b"Comment\0\0\0\0\0" + LARGE),
        (b"tEXt", b"Comment\0" + LARGE),
        (b"zTXt", b"Comment\0\7nonsense"),
        (b"zTXt", b"Comment\0\0nonsense"),
        (b"zTXt", b""),
        (b"iTXt", b"x"),
        (b"gAMA", b"\0"),
        (b"cHRM", b"\0\0"),
        (b"sRGB", b""),
        (b"iCCP", b"name\0\7nonsense"),
    ],
    ids=lambda chunk: chunk[0].decode(),
)
def test_texts_and_notes_of_any_size_do_not_cost_the_picture(chunk, behind):
    assert np.array_equal(read(with_chunks(chunk, behind=behind)).pixels, checkered(40, 30))


def test_many_large_texts_do_not_cost_the_picture_nor_the_time():
    packed = zlib.compress(bytes(2**20 - 100))
    chunks = [(b"zTXt", b"Comment%d\0\0" % number + packed) for number in range(100)]
    assert np.array_equal(read(with_chunks(*chunks)).pixels, checkered(40, 30))


def test_a_note_with_a_wrong_checksum_does_not_cost_the_picture():
    data = bytearray(with_chunks((b"tEXt", b"Author\0Ada")))
    data[data.index(b"Ada")] ^= 1
    assert np.array_equal(read(bytes(data)).pixels, checkered(40, 30))


def test_a_large_profile_counts():
    """As a small one with the same curves; it has a tag of 2 MB that nothing needs."""
    small = icc_profile(P3_TO_XYZ, 2.2)
    count = struct.unpack_from(">I", small, 128)[0]
    table = 132 + 12 * count
    moved = b"".join(
        name + struct.pack(">II", place + 12, size)
        for name, place, size in (struct.unpack_from(">4sII", small, 132 + 12 * i) for i in range(count))
    )
    filler = b"data\0\0\0\0" + np.random.default_rng(0).bytes(2**21)
    tag = b"fill" + struct.pack(">II", len(small) + 12, len(filler))
    large = small[:128] + struct.pack(">I", count + 1) + moved + tag + small[table:] + filler
    large = struct.pack(">I", len(large)) + large[4:]
    assert ImageCms.ImageCmsProfile(io.BytesIO(large))
    one, other = (read(with_chunks((b"iCCP", b"p\0\0" + zlib.compress(profile)))).pixels for profile in (small, large))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, checkered(40, 30))


def test_cicp_behind_a_large_profile_counts():
    profile = icc_profile(P3_TO_XYZ, 2.2) + np.random.default_rng(0).bytes(2**18)
    behind = [(b"iCCP", b"p\0\0" + zlib.compress(profile)), (b"cICP", bytes([1, 13, 0, 1]))]
    assert np.array_equal(read(with_chunks(*behind)).pixels, checkered(40, 30))
