"""``allaprima studio``: the page that paints in the browser, served here or written for any host."""

from __future__ import annotations

import os
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from allaprima.cli.command import Command, options_of
from allaprima.cli.extra import PATH, training_extra
from allaprima.cli.model_option import model_option
from allaprima.errors import OptionError
from allaprima.gallery import find_model

PORT = 8321
TOKEN = "ALLAPRIMA_TOKEN"

EXAMPLES = (
    ("allaprima studio", "Paint in the browser"),
    ("allaprima studio --export site/", "The page as files for any web host"),
    ("allaprima studio --host 0.0.0.0 --token token.txt --no-browser", "For other computers, who need the token"),
)

server = options_of("Server")
jobs = options_of("Clips and trainings")
page = options_of("Page")


@dataclass(frozen=True)
class Given:
    """What the command was given."""

    model: str | None
    host: str
    port: int
    name: str | None
    token: Path | None
    workers: int | None
    queue: int
    timeout: float
    memory: str
    max_pixels: int
    tasks: int
    task_timeout: float
    vgg16: Path | None
    photos: Path | None
    no_browser: bool
    export: Path | None
    overwrite: bool

    @property
    def model_file(self) -> Path | None:
        """Where the model lies."""
        return None if self.model is None else find_model(self.model)


@click.command("studio", cls=Command, examples=EXAMPLES, once=True)
@model_option
@server("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@server(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="NUMBER",
    help="0 takes a free one.",
)
@server("--name", metavar="HOST", help="Name by which a proxy in front makes the server known.")
@server(
    "--token",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"File with the token that programs must send. Or set {TOKEN}. Needed where others can reach the server.",
)
@server(
    "--workers",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="How many pictures the API paints at a time. Default: one for every core.",
)
@server(
    "--queue",
    type=click.IntRange(min=0),
    default=16,
    show_default=True,
    metavar="NUMBER",
    help="How many requests may wait; more are told to come again.",
)
@server(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long a painting may take.",
)
@server("--memory", default="1G", show_default=True, metavar="AMOUNT", help="Memory for pictures, of each worker.")
@server(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=50_000_000,
    show_default=True,
    metavar="NUMBER",
    help="Refuse larger pictures.",
)
@jobs(
    "--tasks",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    metavar="NUMBER",
    help="How many may be in work or wait; one is in work at a time. 0 takes none.",
)
@jobs(
    "--task-timeout",
    type=click.FloatRange(min=1),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long one may take.",
)
@jobs(
    "--vgg16",
    type=PATH,
    envvar="ALLAPRIMA_VGG16",
    metavar="FILE",
    help="VGG16 weights (.h5 or .safetensors), without which nothing is trained. Or set ALLAPRIMA_VGG16.",
)
@jobs(
    "--photos",
    type=PATH,
    metavar="FOLDER",
    help="Photographs to train on. Default: 37 that come with the package.",
)
@server("--no-browser", is_flag=True, help="Open no browser.")
@page(
    "--export",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the page as static files instead of serving it.",
)
@page("--overwrite", is_flag=True, help="Replace files that exist.")  # fmt: skip
def command(**values: Any) -> None:
    """Paint in the browser, on your own device.

    The page paints by itself; pictures never leave the browser. The same server has an HTTP API for other programs.
    """
    given = Given(**values)
    if given.export is None:
        serve_page(given)
        return
    from allaprima.studio.page import export_page

    paths = export_page(given.export, given.model_file, overwrite=given.overwrite)
    click.echo(f"wrote {len(paths)} files to {given.export}", err=True)


def serve_page(given: Given) -> None:
    """Serve until Ctrl-C."""
    with training_extra("the studio's server", "studio"):
        from allaprima.engine.machine import cores
        from allaprima.engine.memory import parse_memory
        from allaprima.studio.app import make_app
        from allaprima.studio.guard import is_loopback
        from allaprima.studio.pool import Settings
        from allaprima.studio.serving import address_of, open_socket, serve

    token = read_token(given.token)
    local = is_loopback(given.host)
    if token is None and not local:
        raise OptionError(
            f"others could reach {given.host} and use this server; give it a token, or listen on 127.0.0.1",
            options=("token", "host"),
        )
    parse_memory(given.memory)
    if given.vgg16 is not None and not given.vgg16.is_file():
        raise OptionError(f"there is no VGG16 file at {given.vgg16}", options=("vgg16",))
    if given.photos is not None and not given.photos.is_dir():
        raise OptionError(f"there is no folder of photographs at {given.photos}", options=("photos",))
    settings = Settings(
        given.model,
        given.workers or cores(),
        memory=given.memory,
        max_pixels=given.max_pixels,
        seconds=given.timeout,
        queue=given.queue,
        tasks=given.tasks,
        task_seconds=given.task_timeout,
        vgg16=None if given.vgg16 is None else str(given.vgg16.resolve()),
        photos="" if given.photos is None else str(given.photos.resolve()),
    )
    listening = open_socket(given.host, given.port)
    hosts = {"localhost", "127.0.0.1", "::1", given.host.strip("[]")} if local else set()
    if given.name is not None:
        hosts.add(given.name.lower())
    app = make_app(settings, hosts=hosts, token=token)
    address = address_of(listening)

    def started() -> None:
        click.echo(f"the studio is at {address}; Ctrl-C ends it", err=True)
        if not given.no_browser:
            webbrowser.open(address)

    with listening:
        serve(app, listening, started)


def read_token(path: Path | None) -> str | None:
    """From a file, or from the environment; never from the command line, which everybody on the machine can read.

    Raises:
        OptionError: the file cannot be read, or the token is shorter than 16 characters.
    """
    try:
        token = os.environ.get(TOKEN) if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise OptionError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if token is None:
        return None
    if len(token.strip()) < 16:
        raise OptionError(
            "a token needs at least 16 characters; python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
        )
    return token.strip()
