"""Every option of painting, once: the command, Python, and whatever else offers them take names and limits from here.

The command's options are made from this table; that Python's parameters agree with it is tested. A value is checked by
the table wherever it comes from, so that the same mistake gets the same sentence.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from allaprima.color import COLORS
from allaprima.errors import OptionError
from allaprima.style_model import SMALLEST_SIDE

STROKE = 1024
"""Pixels on the longer side: larger pictures are painted at this size unless told otherwise."""
DEFAULT_QUALITY = 92
STEADY = 0.5
"""How steady clips are unless told otherwise."""
MAX_PIXELS = 178_956_970
"""A picture, or all frames of an animation, of more is refused unless the limit is raised: a file of a few kilobytes
can claim any size. It is where Pillow calls a picture a decompression bomb."""
ENGINES = ("onnxruntime", "openvino", "openvino-bf16")
"""What can compute. OpenVINO is an extra; in bfloat16 it is fastest, and pictures differ by a few of 255."""

CLIP_CODECS = ("h264", "hevc", "av1", "vp9", "prores", "ffv1")
"""What can encode clips; ``film/encoding.py`` says how."""

Kind = Literal["flag", "whole", "number", "choice", "text", "style", "model", "picture", "file", "place", "bytes"]
"""What a value is:

- ``flag``: True or False; ``whole``: a whole number, or one of the choices; ``number``; ``choice``: one of the choices;
- ``text``: a name; ``style``: a style or a mixture; ``model``: a bank or a file;
- ``picture``: a picture to be read; ``file``: a file to be written; ``place``: a file or a folder to be written;
- ``bytes``: an amount of memory, 2000000000 or "1.5G".
"""

Group = Literal["look", "picture", "clip", "live", "many", "machine"]

GROUPS: dict[Group, str] = {
    "look": "Look",
    "picture": "Picture",
    "clip": "Clips",
    "live": "Live",
    "many": "Many pictures",
    "machine": "Machine",
}
"""The groups in their order, and their headings."""


@dataclass(frozen=True)
class Option:
    """One option of painting.

    Attributes:
        name: as Python spells it; the command writes ``--max-pixels`` for ``max_pixels``.
        kind: what its value is.
        group: where it stands in a list.
        help: one or two sentences.
        default: None means "not given".
        choices: the words that it may be.
        least: the smallest number allowed.
        most: the largest.
        unit: of a number, or what stands for the value in the command's help.
        letter: the command's short form.
        word: what the command calls it where Python cannot, as ``from`` for ``start``.
    """

    name: str
    kind: Kind
    group: Group
    help: str
    default: bool | int | float | str | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    unit: str = ""
    letter: str = ""
    word: str = ""

    @property
    def flag(self) -> str:
        """As the command spells it: ``--max-pixels``."""
        return "--" + (self.word or self.name).replace("_", "-")

    @property
    def wanted(self) -> str:
        """The values that are allowed, in words: "a whole number from 1 to 100"."""
        words = ", ".join(self.choices)
        if self.kind == "choice":
            return f"one of: {words}"
        if self.kind == "flag":
            return "True or False"
        if self.kind == "bytes":
            return 'a number of bytes or text such as "1.5G"'
        if self.kind not in ("whole", "number"):
            return "text"
        limits = ""
        if self.least is not None:
            limits = (
                f" of at least {self.least:g}" if self.most is None else f" between {self.least:g} and {self.most:g}"
            )
        number = "a whole number" if self.kind == "whole" else "a number"
        return f"{number}{limits}" + (f", or one of: {words}" if words else "")

    def check(self, value: object, error: type[OptionError] = OptionError) -> None:
        """Refuse a value that is not allowed; None passes where nothing need be given.

        Raises:
            OptionError: with the name of the option, what it may be, and what it is.
        """
        if not (value is None and self.default is None) and not self._allows(value):
            raise error(f"{self.name} must be {self.wanted}, not {value!r}")

    def parse(self, text: str) -> bool | int | float | str:
        """A value as it was typed, by kind.

        Raises:
            OptionError: as ``check``.
        """
        value: int | float | str = text
        if self.kind in ("whole", "number") and text not in self.choices:
            with suppress(ValueError):  # the text itself is refused below
                value = int(text) if self.kind == "whole" else float(text)
        self.check(value)
        return value

    def _allows(self, value: object) -> bool:
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind in ("choice", "whole") and isinstance(value, str):
            return value in self.choices
        if self.kind in ("whole", "number"):
            number = Integral if self.kind == "whole" else Real
            return isinstance(value, number) and not isinstance(value, bool) and self._is_within(float(value))
        if self.kind == "bytes":
            return isinstance(value, str) or (
                isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0
            )
        return self.kind != "choice"

    def _is_within(self, number: float) -> bool:
        above = self.least is None or number >= self.least
        return math.isfinite(number) and above and (self.most is None or number <= self.most)


_ALL = (
    Option(
        "style",
        "style",
        "look",
        "Name of a style, or a mixture such as great_wave:0.6,starry_night:0.4.",
        letter="s",
    ),
    Option(
        "model",
        "model",
        "look",
        "Bank of styles: fast (the default), fine (better, slower), or the path of an .onnx file.",
        letter="m",
    ),
    Option("strength", "number", "look", "From 0, the photograph, to 1, the full style.", 1.0, least=0, most=1),
    Option(
        "stroke",
        "whole",
        "look",
        "Longer side, in pixels, at which the network sees the picture; fewer pixels make larger strokes. The result "
        f"keeps the picture's own size. auto: {STROKE}, or the picture's own size if that is about as small. own: the "
        "picture's own size.",
        "auto",
        choices=("auto", "own"),
        least=SMALLEST_SIDE,
        unit="pixels",
    ),
    Option(
        "color",
        "choice",
        "look",
        "Whose colors: the style's, the photograph's (photo: with its brightness; luminance: with the painting's), or "
        "the style's matched to the photograph's (histogram).",
        "style",
        choices=COLORS,
    ),
    Option("mask", "picture", "look", "Paint only where this picture is white."),
    Option("mask_style", "style", "look", "A second style, for where the mask is black."),
    Option("invert_mask", "flag", "look", "Swap the mask's black and white.", False),
    Option(
        "feather",
        "number",
        "look",
        "Width of the mask's soft edge, in pixels of the picture. Default: 1 % of the shorter side.",
        least=0,
        unit="pixels",
    ),
    Option(
        "output",
        "place",
        "picture",
        "File (for one picture), folder, or - for stdout. Default: NAME_STYLE.EXT next to the picture, or FOLDER_STYLE "
        "next to the folder.",
        letter="o",
    ),
    Option(
        "size",
        "whole",
        "picture",
        "Scale down to at most this many pixels on the longer side.",
        least=16,
        unit="pixels",
    ),
    Option(
        "format",
        "text",
        "picture",
        "Format of the result where its name does not say: png, jpg, webp, mp4, webm, …; of a clip through a pipe "
        "y4m, nut or mkv.",
        unit="ext",
    ),
    Option(
        "quality",
        "whole",
        "picture",
        "Quality of JPEG, WebP, AVIF and clips, 1 to 100.",
        DEFAULT_QUALITY,
        least=1,
        most=100,
    ),
    Option("keep_gps", "flag", "picture", "Keep the place where the photograph was taken in the metadata.", False),
    Option("max_pixels", "whole", "picture", "Refuse larger pictures.", MAX_PIXELS, least=1, unit="pixels"),
    Option("overwrite", "flag", "picture", "Replace results that exist.", False),
    Option(
        "steady",
        "number",
        "clip",
        "How steady a clip is: from 0, every frame painted by itself, to 1, the steadiest.",
        STEADY,
        least=0,
        most=1,
    ),
    Option(
        "timeline",
        "text",
        "clip",
        'Styles one after the other, such as "0:00 irises, 0:12 the_scream fade 2s"; while one fades into the next, '
        "both are mixed.",
        unit="styles",
    ),
    Option("start", "text", "clip", "Begin here: 90, 1:30 or 0:01:30.5.", unit="time", word="from"),
    Option("end", "text", "clip", "End here.", unit="time", word="to"),
    Option(
        "codec",
        "choice",
        "clip",
        "How clips are encoded. Default: h264, or what the result's container usually has. vp9 and prores keep "
        "transparency; ffv1 loses nothing.",
        choices=CLIP_CODECS,
    ),
    Option("sheet", "flag", "clip", "Instead of all of a clip, paint six moments of it on one sheet.", False),
    Option(
        "resume",
        "flag",
        "many",
        "Skip pictures that have been painted already, and go on with clips where an earlier run ended.",
        False,
    ),
    Option(
        "on",
        "text",
        "many",
        "Let an engine paint one folder, its worker processes each in one thread: dask or ray on this machine, or the "
        "cluster at dask:ADDRESS or ray:ADDRESS (extras).",
        unit="engine",
    ),
    Option(
        "shard",
        "text",
        "many",
        "Paint only one of several shares of a folder, such as 0/16, the first of sixteen; for job schedulers.",
        unit="i/n",
    ),
    Option(
        "time_limit",
        "number",
        "many",
        "Give up a picture of a folder that takes longer.",
        least=0.001,
        most=1e7,
        unit="seconds",
    ),
    Option("watch", "flag", "many", "Keep running, and paint what is put into the folders, until Ctrl-C.", False),
    Option(
        "report",
        "file",
        "many",
        "Write what became of each picture to this file: .json, .jsonl (JSON lines) or .parquet.",
    ),
    Option("quiet", "flag", "many", "Say only what went wrong.", False, letter="q"),
    Option("threads", "whole", "machine", "Number of threads. Default: one for every core.", least=1),
    Option(
        "memory",
        "bytes",
        "machine",
        "How much memory to use, such as 1.5G; larger pictures are painted in tiles. Default: half of the machine's, "
        "at most 4G.",
        unit="amount",
    ),
    Option(
        "engine",
        "choice",
        "machine",
        "What runs the network. openvino (an extra) is faster for many pictures of one size; openvino-bf16 is fastest, "
        "and less exact.",
        ENGINES[0],
        choices=ENGINES,
    ),
    Option("exact", "flag", "machine", "Make tiles equal the picture painted whole; about three times slower.", False),
)

OPTIONS: dict[str, Option] = {option.name: option for option in _ALL}
"""By name, in the order in which they are listed."""

_LIVE = (
    Option(
        "source",
        "text",
        "live",
        "What to paint: a camera's name, part of it, or its number; screen, screen:800x600+10+20 or window:TITLE; a "
        "file, again and again; a URL (rtsp, http, …); or test, a test picture. Default: the first camera.",
        unit="source",
    ),
    Option("list", "flag", "live", "List the cameras.", False),
    Option("mirror", "flag", "live", "Swap left and right, as a mirror does.", False),
    Option("wall", "number", "live", "Fade to the next style after so many seconds. 0 keeps it.", 0.0, least=0,
           most=86_400, unit="seconds"),
    Option("fps", "number", "live", "Paintings a second; the painted size is chosen to hold them.", 30.0, least=1,
           most=240, unit="number"),
    Option("longest", "whole", "live", "Longer side of what is shown, at most.", 1280, least=160, most=7680,
           unit="pixels"),
    Option("to", "text", "live", "Give the paintings to other programs as a camera: a device of v4l2loopback, such as "
           "/dev/video10 (Linux).", unit="device"),
    Option("output", "place", "live", "Folder for recordings and snapshots.", ".", letter="o", unit="folder"),
    Option("port", "whole", "live", "Port of the page on this machine; 0 takes a free one.", 8322, least=0, most=65_535,
           unit="number"),
    Option("open", "flag", "live", "Open the page in a browser.", False),
)  # fmt: skip

LIVE: dict[str, Option] = {option.name: option for option in _LIVE}
"""What ``allaprima live`` takes beside ``OPTIONS``."""


def check(**values: object) -> None:
    """Check values by the names of their options.

    Raises:
        OptionError: the first that is not allowed.
    """
    for name, value in values.items():
        OPTIONS[name].check(value)
