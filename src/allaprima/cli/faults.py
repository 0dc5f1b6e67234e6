"""Whatever goes wrong becomes one sentence on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

import click

from allaprima.cli import signals, streams
from allaprima.errors import AllaPrimaError

DEBUG = "ALLAPRIMA_DEBUG"
"""Set to 1, this variable of the environment shows where errors come from."""
UNEXPECTED = 70
"""The exit code of a fault of the program; EX_SOFTWARE of sysexits.h."""
INTERRUPTED = 130


def sentence(error: BaseException) -> str:
    """What went wrong, with the options that help."""
    named = getattr(error, "options", ())
    if not named:
        return str(error)
    from allaprima.options import OPTIONS  # here, since it brings numpy, which --version does not need

    flags = (OPTIONS[name].flag if name in OPTIONS else "--" + name.replace("_", "-") for name in named)
    return f"{error}; try {' or '.join(flags)}"


def show_traceback(error: BaseException) -> None:
    """Where an error came from, for those who ask for it."""
    if os.environ.get(DEBUG, "") not in ("", "0"):
        click.echo("".join(traceback.format_exception(error)), err=True)


def guarded(command: Callable[[], object]) -> int:
    """Run a command; its exit code."""
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except signals.Terminated as error:
        return _say(signals.word_of(error.exit_code), error.exit_code)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except BrokenPipeError:  # nobody wants more
        streams.drop_stdout()
        return 1
    except BaseException as error:
        show_traceback(error)
        return _say(*words_and_code(error))
    return code if isinstance(code, int) else 0


def words_and_code(error: BaseException) -> tuple[str, int]:
    """What is said of an error, and the exit code."""
    words, code = _unexpected(error), UNEXPECTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        words, code = error.ctx.get_help() if error.ctx else "", error.exit_code
    elif isinstance(error, click.ClickException):
        words, code = " ".join(error.format_message().split()), error.exit_code
    elif isinstance(error, AllaPrimaError):
        words, code = sentence(error), error.exit_code
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        words, code = signals.word_of(INTERRUPTED), INTERRUPTED
    elif isinstance(error, MemoryError):
        words, code = "there is not enough memory", AllaPrimaError.exit_code
    elif isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename is not None else ""
        words, code = f"{place}{error.strerror or error}", AllaPrimaError.exit_code
    return words, code


def _unexpected(error: BaseException) -> str:
    return (
        f"an unexpected fault, {type(error).__name__}: {' '.join(str(error).split())}; please report it, with what is "
        f"shown if {DEBUG}=1 is set"
    )


def _say(words: str, code: int) -> int:
    click.echo(words if "\n" in words else f"allaprima: {words}", err=True)  # only a help text has several lines
    return code
