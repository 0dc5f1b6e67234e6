"""Build the site into ``_build/html``, and the man pages into ``_build/man``; any warning ends it.

``python docs/build.py [--man] [-o FOLDER]``; ``--man`` also puts the man pages into ``docs/man``, which the wheel has.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).parent
STRICT = ("--nitpicky", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env")


def build(folder: Path) -> int:
    """Site and man pages from one reading of the sources; 0, or Sphinx's exit code."""
    trees = ("-d", str(folder / "doctrees"))
    code = sphinx(["-b", "html", *STRICT, *trees, str(HERE), str(folder / "html")])
    lenient = [word for word in STRICT if word != "--fresh-env"]
    return code or sphinx(["-b", "man", *lenient, *trees, str(HERE), str(folder / "man")])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--man", action="store_true", help="put the man pages into docs/man")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "_build")
    given = parser.parse_args()
    code = build(given.output)
    if given.man and not code:
        shutil.rmtree(HERE / "man", ignore_errors=True)
        shutil.copytree(given.output / "man", HERE / "man", ignore=shutil.ignore_patterns(".*"))
    return code


if __name__ == "__main__":
    sys.exit(main())
