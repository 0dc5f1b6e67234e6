"""What a file is, told by its first bytes and not by its name."""

from __future__ import annotations

from allaprima.errors import PictureError

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin."""

_SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (*TIFF_MAGIC, b"MM*\0", b"II\0*"),  # the last two are TIFF with a common mistake
    "BMP": (b"BM",),
    "JPEG2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "ICO": (b"\0\0\1\0",),
    "PFM": (b"PF", b"Pf"),
    "PPM": (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"),
}
"""By Pillow's names of the formats, and PFM, which is read here."""

_RAW = (b"II*\0\x10\0\0\0CR\x02\0", b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM", b"FOVb")
_CRW = b"HEAPCCDR"
"""How raw photographs begin that are not TIFF in all but name: CR2, RAF, ORF, RW2, MRW, X3F; after six bytes CRW."""

_NOT_READ = {
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"8BPS": "Photoshop",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"gimp xcf": "GIMP",
    b"<svg": "SVG",
    b"\x1aE\xdf\xa3": "video",
    b"P7": "PAM",
    b"II\xbc\x01": "JPEG XR",
}
"""What people may well hand over, and what it is called."""

_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_EITHER = (b"mif1", b"mif2", b"msf1", b"miaf")
_VIDEO = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4", b"3gp5")


def raw_photograph() -> PictureError:
    """A camera's raw file holds no picture but a small preview, which nobody wants to see painted."""
    return PictureError("it is a raw photograph, which is not read; export it as JPEG or TIFF from a raw converter")


def format_of_content(start: bytes) -> str:
    """Pillow's name of the format of a file, or "PFM"; "TGA" has no signature and is what remains.

    Args:
        start: the first bytes of the file, some hundreds.

    Raises:
        PictureError: it is of a format that is known and not read.
    """
    if start.startswith(_RAW) or start[6:14] == _CRW:
        raise raw_photograph()
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        return _of_brands(start)
    for kind, signatures in _SIGNATURES.items():
        if start.startswith(signatures):
            return kind
    for signature, name in _NOT_READ.items():
        if start.lstrip().startswith(signature):
            raise PictureError(f"it is a file of the kind {name}, which is not read; export it as PNG, JPEG or TIFF")
    return "TGA"


def _of_brands(start: bytes) -> str:
    """AVIF or HEIF, by the brands in the box "ftyp" (ISO/IEC 23008-12, 10): the major one first, then the others."""
    size = min(int.from_bytes(start[:4], "big"), len(start))
    major, others = start[8:12], {start[place : place + 4] for place in range(16, size - 3, 4)}
    if major == b"crx ":
        raise raw_photograph()
    for brands, kind in ((_AVIF, "AVIF"), (_HEIC, "HEIF")):
        if major in brands or (major in _EITHER and others & set(brands)):
            return kind
    if major in _EITHER:
        return "HEIF"
    if major in _VIDEO:
        raise PictureError("it is a video, which is not read; take pictures out of it first")
    raise PictureError("it is not a picture of a known format")
