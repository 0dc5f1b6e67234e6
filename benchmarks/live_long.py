r"""Whether live painting stays as quick and as small as it was: its rate, delay and memory, minute by minute.

    python benchmarks/live_long.py clip.mp4 --minutes 10 -o benchmarks/results/live_long.json
    python benchmarks/live_long.py clip.mp4 --minutes 60 --fps 3 --longest 640 --threads 1 \
        -o benchmarks/results/live_hour.json

``allaprima live`` itself runs, with the clip as its source in a loop. A viewer takes every painting over HTTP, as the
page does, and adds the time of its own request to the age that the server tells. Memory is what the command's process
holds (Linux).
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from allaprima.evaluation.record import command_line, record, versions
from memory import megabytes
from progress import progress, write_results
from viewer import Viewer

SETTLING = 10.0
"""Seconds in which the painted size is found, and which do not count."""


def address_of(command: subprocess.Popen[str]) -> tuple[str, int]:
    """Host and port of the page that the command tells of."""
    assert command.stderr is not None
    said = ""
    for line in command.stderr:
        said += line
        if found := re.search(r"http://([\d.]+):(\d+)", line):
            return found[1], int(found[2])
    sys.exit(f"allaprima live ended: {said}")


def minutes_of(command: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    """One entry for each minute."""
    viewer = Viewer(*address_of(command))
    viewer.looked(SETTLING)
    entries = []
    with progress(count, "minutes") as bar:
        for minute in range(1, count + 1):
            ages = viewer.looked(60.0)
            entry = {"minute": minute, "fps": round(len(ages) / 60.0, 1), "megabytes": round(megabytes(command.pid), 1)}
            entries.append({**entry, "latency_ms": round(statistics.median(ages), 1)})
            bar.update(1, str(entries[-1]))
    return entries


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--fps", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--longest", type=int, default=1280, help="default: %(default)s")
    parser.add_argument("--threads", type=int, help="default: one for every core")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    arguments = ["--source", str(options.clip), "--fps", str(options.fps), "--longest", str(options.longest)]
    if options.threads:
        arguments += ["--threads", str(options.threads)]
    painting = [sys.executable, "-m", "allaprima", "live", *arguments, "--style", options.style, "--port", "0"]
    with subprocess.Popen(painting, stderr=subprocess.PIPE, text=True) as command:
        try:
            entries = minutes_of(command, options.minutes)
        finally:
            command.terminate()  # a script in the background ignores Ctrl-C, and so do its children
    settings = {name: getattr(options, name) for name in ("minutes", "fps", "longest", "threads", "style")}
    libraries = versions("numpy", "pillow", "onnxruntime", "av")
    result = {**record(command_line(["python", "benchmarks/live_long.py"], sys.argv[1:])), "versions": libraries}
    write_results(options.output, {**result, "settings": settings, "results": entries})


if __name__ == "__main__":
    main()
