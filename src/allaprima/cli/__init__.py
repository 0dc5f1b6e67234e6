"""The command line: one thin file per verb, which parses, calls and prints.

Exit codes: 0 all done; 1 some pictures of several failed, the others are done; 2 wrong usage or input;
3 a training or optimisation that diverged; 130 interrupted.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import sys
import warnings

import click

from allaprima.errors import AllaPrimaError
from allaprima.version import __version__

VERBS = {
    "stylize": "Repaint photographs in the style of a painting.",
    "styles": "List the styles of the gallery or of a model.",
    "train": "Train a network on paintings of your own (extra: train).",
    "optimize": "Paint one picture slowly, in any style, without training (extra: train).",
    "evaluate": "Measure models beside the optimisation that they replace (extra: evaluate).",
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


def sentence(error: AllaPrimaError) -> str:
    """What went wrong, with the options that help."""
    options = " or ".join("--" + name.replace("_", "-") for name in error.options)
    return f"{error}; try {options}" if options else str(error)


def main() -> None:
    """The ``allaprima`` command: errors become one sentence on stderr and an exit code, never a traceback."""
    try:
        code = app.main(prog_name="allaprima", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        code = 2
    except click.ClickException as error:
        click.echo(f"allaprima: {' '.join(error.format_message().split())}", err=True)
        code = error.exit_code
    except AllaPrimaError as error:
        click.echo(f"allaprima: {sentence(error)}", err=True)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("allaprima: interrupted", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    except OSError as error:
        click.echo(f"allaprima: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        code = AllaPrimaError.exit_code
    sys.exit(code if isinstance(code, int) else 0)
