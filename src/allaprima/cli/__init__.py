"""The command line: one thin file per verb, which parses, calls and prints.

Exit codes: 0 all done; 1 some pictures of several failed, the others are done, or an export was not
exact; 2 wrong usage or input; 3 a training or optimization that diverged; 70 a fault of the program; 130 interrupted by
Ctrl-C; 143 terminated by SIGTERM.
"""

from __future__ import annotations

import sys

from allaprima.cli import signals, streams

TYPE_CHECKING = False  # without the module typing, which takes as long to load as all that is loaded before signals
if TYPE_CHECKING:
    from allaprima.cli.verbs import app as app


def main() -> None:
    """The ``allaprima`` command: errors become one sentence on stderr and an exit code, never a traceback."""
    signals.install()
    streams.fill_places()
    with signals.at_once():
        from allaprima.cli.faults import guarded
        from allaprima.cli.verbs import app
    code = guarded(lambda: app.main(prog_name="allaprima", standalone_mode=False))
    if code > 128:
        signals.leave(code)
    signals.uninstall()
    sys.exit(code)


def __getattr__(name: str) -> object:
    """``app``, the command itself, is loaded when it is asked for, so that signals are answered before."""
    if name == "app":
        from allaprima.cli.verbs import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
