"""Whether painting a long clip takes more and more memory: what the command holds, minute by minute.

    python benchmarks/clip_long.py clip.mp4 --minutes 60 --fps 10 -o benchmarks/results/clip_long.json

The clip's first frames, scaled, are repeated without sound until there is so much of them. ``allaprima stylize`` itself
paints that, from file to file. Memory is what the command's process holds (Linux). The file of results is written every
minute, so that a run that is stopped has results, too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from allaprima.evaluation.record import command_line, record, versions
from allaprima.film.pyav import load_av
from memory import megabytes
from progress import progress, write_results

SIZE, FRAMES = (1280, 720), 100
EVERY = 60.0
"""Seconds between two looks."""


def repeated(source: Path, target: Path, count: int, rate: Fraction) -> None:
    """So many frames, encoded anew from the first ``FRAMES`` of a clip, over and over."""
    av = load_av()
    with av.open(str(source)) as clip:
        frames = [
            frame.reformat(*SIZE, "yuv420p") for frame, _ in zip(clip.decode(video=0), range(FRAMES), strict=False)
        ]
    with av.open(str(target), "w") as result:
        stream = result.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        with progress(count, "making the clip") as bar:
            for number in range(count):
                frame = frames[number % len(frames)]
                frame.pts, frame.time_base, frame.pict_type = number, 1 / rate, 0
                result.mux(stream.encode(frame))
                bar.update(1)
        result.mux(stream.encode())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=int, default=60, help="of the long clip (default: %(default)s)")
    parser.add_argument("--fps", type=int, default=25, help="default: %(default)s")
    parser.add_argument("--stroke", default="320", help="default: %(default)s")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    settings = {name: getattr(options, name) for name in ("minutes", "fps", "stroke", "style")}
    head = {
        **record(command_line(["python", "benchmarks/clip_long.py"], sys.argv[1:])),
        "versions": versions("numpy", "onnxruntime", "av"),
        "settings": settings,
    }
    with tempfile.TemporaryDirectory() as folder:
        clip, painted = Path(folder, "long.mp4"), Path(folder, "painted.mp4")
        repeated(options.clip, clip, 60 * options.minutes * options.fps, Fraction(options.fps))
        words = ["stylize", str(clip), "--style", options.style, "--stroke", options.stroke, "-o", str(painted)]
        began, looks = time.monotonic(), []
        with subprocess.Popen([sys.executable, "-m", "allaprima", *words]) as command:
            while True:
                try:
                    code = command.wait(EVERY)
                except subprocess.TimeoutExpired:
                    held, passed = megabytes(command.pid), time.monotonic() - began
                    looks.append({"minute": round(passed / 60, 1), "megabytes": round(held, 1)})
                    write_results(options.output, {**head, "finished": False, "results": looks})
                else:
                    break
        if code:
            sys.exit(f"allaprima stylize ended with {code}")
        write_results(options.output, {**head, "finished": True, "results": looks})


if __name__ == "__main__":
    main()
