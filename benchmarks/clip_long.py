"""Whether painting a long clip takes more and more memory: what the command holds, minute by minute.

    python benchmarks/clip_long.py clip.mp4 --minutes 60 --fps 10 -o benchmarks/results/clip_long.json

The clip's first frames, scaled, are repeated without sound until the clip is that long. ``allaprima stylize`` itself
paints that, from file to file. Memory is what the command's process holds (Linux). The file of results is written every
minute, so that a run that is stopped has results, too.
"""

from __future__ import annotations

import argparse
import signal
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
    if not frames:
        sys.exit(f"{source} has no frames")
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    with tempfile.TemporaryDirectory() as folder:
        clip, painted = Path(folder, "long.mp4"), Path(folder, "painted.mp4")
        repeated(options.clip, clip, 60 * options.minutes * options.fps, Fraction(options.fps))
        words = ["stylize", str(clip), "--style", options.style, "--stroke", options.stroke, "-o", str(painted)]
        looks: list[dict[str, float]] = []
        began = time.monotonic()
        with subprocess.Popen([sys.executable, "-m", "allaprima", *words]) as command:
            try:
                while not ended(command):
                    minute = round((time.monotonic() - began) / 60, 1)
                    looks.append({"minute": minute, "megabytes": round(megabytes(command.pid), 1)})
                    write_results(options.output, {**head, "finished": False, "results": looks})
            finally:
                command.terminate()
    if command.returncode:
        sys.exit(f"allaprima stylize ended with {command.returncode}")
    seconds = round(time.monotonic() - began, 1)
    write_results(options.output, {**head, "finished": True, "seconds": seconds, "results": looks})


def ended(command: subprocess.Popen[bytes]) -> bool:
    """Whether a command has ended before it is time for the next look."""
    try:
        command.wait(EVERY)
    except subprocess.TimeoutExpired:
        return False
    return True


if __name__ == "__main__":
    main()
