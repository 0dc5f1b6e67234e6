"""Which cameras there are, by the names that people know them by."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from allaprima.errors import PictureError
from allaprima.film.pyav import load_av

SYSFS = Path("/sys/class/video4linux")
"""Where Linux lists video devices; it needs no permission and wakes no camera."""
_QUERYCAP, _SIZE_OF_CAPABILITY, _CAPABILITIES_OF_NODE = 0x80685600, 104, 88
_CAPTURES = 0x1 | 0x1000
"""V4L2_CAP_VIDEO_CAPTURE and its multi-planar kind, of linux/videodev2.h."""


@dataclass(frozen=True)
class Camera:
    """A camera.

    Attributes:
        name: what its maker calls it.
        address: what FFmpeg opens.
    """

    name: str
    address: str


def cameras() -> list[Camera]:
    """The cameras of this machine, in the system's order.

    Raises:
        EngineError: the package that asks for them is missing (not on Linux).
    """
    if sys.platform == "linux":
        return linux_cameras()
    mac = sys.platform == "darwin"
    found = load_av().enumerate_input_devices("avfoundation" if mac else "dshow")
    videos = [device for device in found if "video" in device.media_types]
    if mac:
        return [Camera(one.description, one.name) for one in videos if not is_mac_screen(one.description)]
    return [Camera(one.description, f"video={one.name}") for one in videos]


def is_mac_screen(name: str) -> bool:
    """Whether macOS lists a screen by this name among its cameras."""
    return name.startswith("Capture screen")


def linux_cameras(sysfs: Path = SYSFS, devices: Path = Path("/dev")) -> list[Camera]:
    """The cameras that the kernel lists, without the nodes that carry metadata or only take frames."""
    found = []
    for folder in sorted(sysfs.glob("video*"), key=lambda one: (len(one.name), one.name)):
        device = devices / folder.name
        if _text(folder / "index", "0") == "0" and _captures(device):
            found.append(Camera(_text(folder / "name", folder.name), str(device)))
    return found


def chosen(wanted: str, among: Iterable[Camera]) -> Camera:
    """The camera of a name, of a part of it, of an address, or of a number in the list.

    Raises:
        PictureError: there is none, or several.
    """
    found = list(among)
    if not found:
        raise PictureError("there is no camera; plug one in, or paint something else", options=("source",))
    if wanted.isdigit() and int(wanted) < len(found):
        return found[int(wanted)]
    word = wanted.casefold()
    for fits in (
        [one for one in found if word in (one.name.casefold(), one.address.casefold())],
        [one for one in found if word in one.name.casefold()],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            names = ", ".join(f"{found.index(one)} ({one.name})" for one in fits)
            raise PictureError(f'several cameras are called "{wanted}"; choose by number: {names}')
    raise PictureError(f'there is no camera "{wanted}"; there are: {", ".join(one.name for one in found)}')


def _text(path: Path, default: str) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or default
    except OSError:
        return default


def _captures(device: Path) -> bool:
    """Whether a device gives pictures, as far as it says; one that may not be asked counts."""
    import fcntl  # noqa: PLC0415 - not on Windows

    answer = bytearray(_SIZE_OF_CAPABILITY)
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return bool(struct.unpack_from("=I", answer, _CAPABILITIES_OF_NODE)[0] & _CAPTURES)
