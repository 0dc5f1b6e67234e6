"""The verbs, each in a file of its name that is loaded when it is called for."""

from __future__ import annotations

import difflib
import importlib
import logging
import warnings

import click

from allaprima.cli import signals
from allaprima.version import __version__

VERBS = {
    "stylize": "Repaint photographs in the style of a painting.",
    "styles": "List the styles of the gallery or of a model.",
    "live": "Paint a camera, a screen or a clip while it runs (extra: video).",
    "studio": "Paint in the browser (extra: studio).",
    "train": "Learn a new style from a painting (extra: train).",
    "export": "Write a model for other programs (extra: train).",
    "optimize": "Paint one picture in any style, slowly, without training (extra: train).",
    "evaluate": "Compare models with the optimization they replace (extra: evaluate).",
}


class Verbs(click.Group):
    """Loads a verb's file when it is called for, so that painting never waits for what training needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, from the file of its name."""
        if cmd_name not in VERBS:
            return None
        with signals.at_once():
            command: click.Command = importlib.import_module(f"allaprima.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is called, or the one that may have been meant."""
        name = args[0]
        if name in VERBS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(name, VERBS, n=1, cutoff=0.7)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(VERBS)}"
        raise click.UsageError(f'there is no command "{name}"; {hint}', ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in ``--help``, without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="allaprima")
def app() -> None:
    """Alla Prima: repaint pictures in the style of a painting, in one forward pass."""
    # What a decoder finds odd about a file is no news to users: it is read all the same, or refused in our own words.
    warnings.simplefilter("ignore")
    for decoder in ("PIL", "tifffile"):
        logging.getLogger(decoder).addHandler(logging.NullHandler())
