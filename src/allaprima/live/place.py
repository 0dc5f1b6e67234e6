"""Where moving pictures come from: what a user names, as what FFmpeg opens."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from allaprima.errors import OptionError, PictureError
from allaprima.film.pyav import load_av
from allaprima.live.cameras import Camera, cameras, chosen, is_mac_screen

Kind = Literal["camera", "screen", "file", "network", "test"]
Options = Mapping[str, str]

PROTOCOLS = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "tcp", "srt")
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://\S+", re.IGNORECASE)
_REGION = re.compile(r"(\d+)x(\d+)(?:\+(\d+)\+(\d+))?")
_CAMERA_SIZES = ((640, 480), (1280, 720), (1920, 1080))
_PATIENCE = 10_000_000
"""Microseconds that a stream of the network may be silent."""


@dataclass(frozen=True)
class Place:
    """What is opened.

    Attributes:
        kind: what it is.
        label: what users call it.
        address: what FFmpeg opens.
        format: FFmpeg's name for the device or format; None for what it finds out itself.
        attempts: options for opening it, the best first; the first that works is taken.
    """

    kind: Kind
    label: str
    address: str
    format: str | None = None
    attempts: tuple[Options, ...] = ({},)


def find_place(
    wanted: str | None, size: int, fps: float, find: Callable[[], list[Camera]] = cameras, system: str = sys.platform
) -> Place:
    """What a user names as a source.

    Args:
        wanted: a camera's name, a part of it, its number or device; ``screen``, ``screen:800x600+10+20``,
            ``window:TITLE``; a file; a URL; ``test``. None is the first camera.
        size: pixels on the longer side that are of use.
        fps: frames a second that are of use.
        find: lists the cameras.
        system: ``sys.platform``.

    Raises:
        PictureError: there is no such camera or file.
        OptionError: a screen, window or protocol that cannot be taken here.
    """
    if wanted is None:
        return _camera("0", size, fps, find, system)
    word, _, rest = wanted.partition(":")
    if wanted == "test":
        return Place("test", "test picture", "test")
    if word in ("screen", "window"):
        return _screen(word, rest, fps, system)
    if url := _URL.fullmatch(wanted):
        return _network(url[0], url[1].lower())
    path = Path(wanted)
    if path.is_file():
        return Place("file", path.name, str(path.absolute()))
    if path.is_dir():
        raise PictureError(f"{wanted} is a folder, not a camera or a video", options=("source",))
    if path.suffix and not path.exists() and not wanted.startswith("/dev/"):
        names = [one.name for one in find()]
        if not any(wanted.casefold() in name.casefold() for name in names):
            raise PictureError(f"there is no file {wanted}, and no camera of that name")
    return _camera(wanted, size, fps, find, system)


def _camera(wanted: str, size: int, fps: float, find: Callable[[], list[Camera]], system: str) -> Place:
    camera = chosen(wanted, find())
    wide = next((one for one in _CAMERA_SIZES if one[0] >= size), _CAMERA_SIZES[-1])
    shape = {"video_size": f"{wide[0]}x{wide[1]}"}
    rates = [{"framerate": f"{rate:g}"} for rate in dict.fromkeys((max(fps, 1.0), 30.0, 25.0, 15.0))]
    if system == "linux":
        # Uncompressed, a USB 2 camera of 720p gives 6 to 9 frames a second; as MJPEG it gives 30.
        quick = {"input_format": "mjpeg"}
        attempts = [quick | shape | rates[0], quick | shape, shape | rates[0], shape, {}]
        return Place("camera", camera.name, camera.address, "v4l2", tuple(attempts))
    if system == "darwin":  # a rate that the camera does not have is refused, the default of 29.97 too
        attempts = [shape | rate for rate in rates] + rates + [{}]
        return Place("camera", camera.name, f"{camera.address}:none", "avfoundation", tuple(attempts))
    quick = {"vcodec": "mjpeg", "rtbufsize": "64M"}
    attempts = [quick | shape | rates[0], quick | shape, shape, {}]
    return Place("camera", camera.name, camera.address, "dshow", tuple(attempts))


def _screen(word: str, rest: str, fps: float, system: str) -> Place:
    rate = {"framerate": f"{fps:g}"}
    label = f"{word} {rest}".strip()
    region = _REGION.fullmatch(rest)
    if word == "screen" and rest and region is None and not rest.isdigit():
        raise OptionError(f"a part of the screen is written screen:WIDTHxHEIGHT+LEFT+TOP, not {word}:{rest}")
    if word == "window" and not rest:
        raise OptionError("a window is written window:TITLE, or window:0x1c00007 where there is X11")
    if system == "darwin":
        if word == "window" or region is not None:
            raise OptionError("on macOS the whole screen can be painted, not a part of it: write screen")
        return Place("screen", label, f"{_mac_screen(int(rest or 0))}:none", "avfoundation", (rate,))
    if system == "win32":
        if word == "window":
            return Place("screen", label, f"title={rest}", "gdigrab", (rate,))
        part = {} if region is None else _part(region, "offset_x", "offset_y")
        return Place("screen", label, "desktop", "gdigrab", (rate | part,))
    display = os.environ.get("DISPLAY", "")
    if not display or os.environ.get("WAYLAND_DISPLAY"):
        why = (
            "Wayland does not let programs see the screen" if os.environ.get("WAYLAND_DISPLAY") else "DISPLAY is unset"
        )
        raise OptionError(f"the screen needs X11, and {why}; record it with OBS into a virtual camera, and paint that")
    if word == "window":
        return Place("screen", label, display, "x11grab", (rate | {"window_id": rest},))
    return Place(
        "screen", label, display, "x11grab", (rate | ({} if region is None else _part(region, "grab_x", "grab_y")),)
    )


def _part(region: re.Match[str], left: str, top: str) -> dict[str, str]:
    return {"video_size": f"{region[1]}x{region[2]}", left: region[3] or "0", top: region[4] or "0"}


def _mac_screen(number: int) -> str:
    found = [one.name for one in load_av().enumerate_input_devices("avfoundation") if is_mac_screen(one.description)]
    if number >= len(found):
        raise OptionError(f"there is no screen {number}; this machine has {len(found)}")
    return str(found[number])


def _network(url: str, protocol: str) -> Place:
    if protocol not in PROTOCOLS:
        raise OptionError(f"{protocol}:// cannot be painted; there are: {', '.join(PROTOCOLS)}")
    # Without these FFmpeg holds seconds of a stream back before it gives the first frame.
    quick = {"fflags": "nobuffer", "flags": "low_delay", "probesize": "500000", "analyzeduration": "500000"}
    more = {"rtsp_transport": "tcp"} if protocol.startswith("rtsp") else {}
    label = re.sub(r"//[^/@]*@", "//", url)  # a password is nobody's to see
    return Place("network", label, url, None, (quick | more,))
