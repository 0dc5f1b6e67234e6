"""``allaprima live``: a camera, a screen or a clip, painted while it runs, in a page on this machine."""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli import signals
from allaprima.cli.command import Command
from allaprima.cli.stopping import Stopping
from allaprima.cli.table import options_in
from allaprima.errors import PictureError
from allaprima.options import LIVE, OPTIONS

if TYPE_CHECKING:
    from allaprima.color import Color
    from allaprima.live.controls import Controls
    from allaprima.look.look import Stroke
    from allaprima.stylizer import Stylizer

EXAMPLES = (
    ("allaprima live -s irises --open", "The first camera, as a moving painting in the browser"),
    ("allaprima live --source logitech --mirror", "A camera by a part of its name"),
    ("allaprima live --source clip.mp4 --wall 20", "A clip in a loop, in one style after the other"),
    ("allaprima live --list", "The cameras of this machine"),
)

SHARED = ("style", "model", "strength", "stroke", "color", "steady", "quiet", "threads", "memory", "engine")
"""What it takes as ``stylize`` does."""
_TICK = 0.2
"""Seconds between two looks for a signal."""


@dataclass(frozen=True)
class Given:
    """What the command was given; every field is an option of a table."""

    source: str | None
    list: bool
    mirror: bool
    wall: float
    fps: float
    longest: int
    to: str | None
    output: str
    port: int
    open: bool
    style: str | None
    model: str | None
    strength: float
    stroke: Stroke
    color: Color
    steady: float
    quiet: bool
    threads: int | None
    memory: str | None
    engine: str


@click.command("live", cls=Command, examples=EXAMPLES, once=True)
@options_in([*LIVE.values(), *(OPTIONS[name] for name in SHARED)])
def command(**values: Any) -> None:
    """Paint a camera, a screen or a clip while it runs.

    The painting is shown in a page on this machine, where style, strength and more can be changed with keys and
    sliders, and recordings are made. Ctrl-C ends it.
    """
    given = Given(**values)
    with signals.at_once():
        if given.list:
            list_cameras()
            return
        start = partial(run, given)
    start()


def list_cameras() -> None:
    """Print the cameras, with their numbers.

    Raises:
        PictureError: there is none.
    """
    from allaprima.live.cameras import cameras

    found = cameras()
    if not found:
        raise PictureError("there is no camera")
    for number, camera in enumerate(found):
        click.echo(f"{number}  {camera.name}  ({camera.address})")


def run(given: Given) -> None:
    """Paint until Ctrl-C, or until a fault."""
    with signals.at_once():
        from allaprima.film.pyav import load_av
        from allaprima.live.capture import Capture
        from allaprima.live.desk import Desk
        from allaprima.live.loop import Loop
        from allaprima.live.loopback import VirtualCamera, check_device
        from allaprima.live.place import find_place
        from allaprima.live.server import ADDRESS, start_server
        from allaprima.live.shown import Shown
        from allaprima.live.stream import open_stream
        from allaprima.stylizer import Stylizer

        load_av()
        folder = Path(given.output)
        check_folder(folder)
        stylizer = Stylizer(given.model, given.threads, given.memory, engine=given.engine)
        controls = make_controls(given, stylizer)
        place = find_place(given.source, given.longest, given.fps)
        first = open_stream(place)
        if given.to is not None:
            check_device(given.to)
    camera = None if given.to is None else partial(VirtualCamera, given.to, fps=given.fps)
    capture, shown = Capture(partial(open_stream, place), first), Shown()
    loop = Loop(stylizer, capture, controls, shown, fps=given.fps, longest=given.longest, camera=camera)
    with start_server(Desk(stylizer, capture, controls, shown, loop, place.label, folder), given.port) as server:
        address = f"http://{ADDRESS}:{server.server_port}/"
        if not given.quiet:
            click.echo(f"allaprima: {place.label} is painted at {address}; Ctrl-C ends it", err=True)
        loop.start()
        try:
            if given.open:
                webbrowser.open(address)
            with Stopping() as stopping:
                while not loop.wait(_TICK):
                    stopping.check()
        finally:
            loop.stop()
            server.shutdown()
    if loop.fault is not None:
        raise loop.fault


def make_controls(given: Given, stylizer: Stylizer) -> Controls:
    """The choice to begin with: one style, or a mixture of two.

    Raises:
        OptionError: a style that the model does not have, or more than two.
    """
    from allaprima.errors import StyleError
    from allaprima.live.controls import Choice, Controls
    from allaprima.style_model import mixture, parse_style

    names = [style.name for style in stylizer.styles]
    weights = parse_style(given.style or names[0])
    mixture(stylizer.card.names, weights, given.strength)
    if len(weights) > 2:
        raise StyleError("live mixes two styles at most", options=("style",))
    style, second = [*weights, ""][:2]
    choice = Choice(
        style,
        second,
        weights[second] / sum(weights.values()) if second else 0.0,
        given.strength,
        given.stroke,
        given.color,
        given.steady,
        given.mirror,
        given.wall,
    )
    return Controls(names, choice)


def check_folder(folder: Path) -> None:
    """Refuse a file where recordings are to go, before anything is opened."""
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{folder} is a file; name a folder with -o")
