"""Whether a clip whose painting was killed at random moments, and gone on with, is that of an unbroken run to the byte.

    python benchmarks/clip_kills.py clip.mp4 -o benchmarks/results/clip_kills.json

The clip is painted with large strokes and with its sound. Each process is killed by SIGKILL after a random pause and
started again with ``--resume``, until so many have been; whenever a clip is whole it is compared, and the next one
begins.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from allaprima.evaluation.record import command_line, record, versions
from progress import progress, write_results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="of several segments of ten seconds")
    parser.add_argument("--model", help="a bank or a file; default: the usual one")
    parser.add_argument("--kills", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--size", help="longer side; default: the clip's own, so that frames stay in YUV")
    parser.add_argument("--stroke", default="160", help="default: %(default)s")
    parser.add_argument("--pause", type=float, nargs=2, default=(1.0, 15.0), help="seconds, default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    chance, killed, runs, alike = random.Random(0), 0, 0, 0
    segments: list[int] = []
    with tempfile.TemporaryDirectory() as name, progress(options.kills, "killing") as bar:
        folder = Path(name)
        command = [sys.executable, "-m", "allaprima", "stylize", str(options.clip), "-s", "great_wave", "-q"]
        command += ["--stroke", options.stroke, *(["--size", options.size] if options.size else [])]
        command += ["--model", options.model] if options.model else []
        whole, target = folder / "whole.mp4", folder / "killed.mp4"
        subprocess.run([*command, "-o", str(whole)], check=True)
        while killed < options.kills:
            ended = False
            while not ended:
                with subprocess.Popen([*command, "-o", str(target), "--resume"]) as process:
                    with suppress(subprocess.TimeoutExpired):
                        pause = chance.uniform(*options.pause) if killed < options.kills else None
                        process.wait(pause)
                    ended = process.poll() is not None
                    if not ended:
                        process.kill()
                        killed += 1
                        segments.append(len(list(folder.glob(".*/[0-9]*.json"))))
                        bar.update(1)
                if ended and process.returncode:
                    raise SystemExit(f"it ended with exit code {process.returncode}")
            runs += 1
            alike += target.read_bytes() == whole.read_bytes()
            target.unlink()
        left = [path.name for path in folder.iterdir() if path != whole]
    result = {"killed": killed, "segments_whole_when_killed": segments, "clips": runs}
    result |= {"alike_to_the_byte": alike, "left_behind": left}
    command_made = command_line(["python", "benchmarks/clip_kills.py"], sys.argv[1:])
    libraries = versions("numpy", "pillow", "onnxruntime", "av")
    write_results(options.output, {**record(command_made), "versions": libraries, "results": result})
    print(result)


if __name__ == "__main__":
    main()
