"""How fast a clip is painted from file to file, and where the time of a frame goes.

    python benchmarks/clip.py clip.mp4 -o benchmarks/results/clip.json

The clip's first frames, scaled to each size and with its sound, are painted whole: decoded, painted steadily, encoded
as H.264, joined with the sound. Beside it stand the frame-by-frame path, the network alone and the codec alone
(decoding, colors and encoding in threads of their own), all with every core, in turns, the fastest of all rounds. Then
every step by itself, in CPU milliseconds of one thread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from allaprima import Stylizer
from allaprima.engine.engine import Engine
from allaprima.evaluation.record import command_line, record, versions
from allaprima.film.encoder import open_segment
from allaprima.film.encoding import choose_encoding
from allaprima.film.frame import Frame
from allaprima.film.overlap import overlapped, side_by_side
from allaprima.film.planes import InPlanes
from allaprima.film.pyav import load_av
from allaprima.film.reader import open_clip
from allaprima.look.stroke import reduced_size
from allaprima.options import DEFAULT_QUALITY, ENGINES
from allaprima.steady.grid import painted_at
from allaprima.steady.shot import Shot
from progress import progress, write_results

CASES: tuple[tuple[int, int, int | str], ...] = (
    (640, 480, "own"),
    (1280, 720, "own"),
    (1280, 720, 640),
    (1920, 1080, 640),
)
"""Width, height and ``stroke``."""
ENCODING = choose_encoding(".mp4", None, DEFAULT_QUALITY, alpha=False)
RATE = Fraction(25)


def scaled(source: Path, target: Path, size: tuple[int, int], count: int) -> None:
    """The first frames of a clip at another size, as H.264 with the clip's sound."""
    av = load_av()
    with av.open(str(source)) as clip, av.open(str(target), "w") as result:
        picture = result.add_stream("libx264", rate=RATE, options={"crf": "18", "preset": "veryfast"})
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        sound = result.add_stream_from_template(clip.streams.audio[0])
        done = 0
        for packet in clip.demux(clip.streams.video[0], clip.streams.audio[0]):
            if packet.stream.type == "audio":
                if packet.dts is not None and packet.pts * packet.time_base < count / RATE:
                    packet.stream = sound
                    result.mux(packet)
                continue
            for frame in packet.decode():
                if done < count:
                    fitted = frame.reformat(*size, "yuv420p", interpolation="BICUBIC")
                    fitted.pts, fitted.time_base, done = done, 1 / RATE, done + 1
                    fitted.pict_type = 0
                    result.mux(picture.encode(fitted))
        result.mux(picture.encode())


def encode(frames: Iterable[Any], size: tuple[int, int], folder: Path) -> None:
    """PyAV's frames as a clip's segment."""
    with open_segment(folder / "codec.mov", ENCODING, size, RATE) as encoder:
        for frame in frames:
            encoder.write(frame)


class Case:
    """One size and stroke."""

    def __init__(self, stylizer: Stylizer, clip: Path, stroke: int | str, style: str) -> None:
        self.stylizer, self.clip, self.stroke, self.style = stylizer, clip, stroke, style
        with open_clip(clip) as opened:
            self.size = opened.size
        height, width = self.size[::-1]
        small = None if stroke == "own" else reduced_size(height, width, int(stroke))
        self.small = small or (height, width)
        with self.read() as frames:
            self.seen = [frame.pixels for frame in frames]
        self.mixture = np.zeros(len(stylizer._engine.card.styles), np.float32)
        self.mixture[stylizer._engine.card.names.index(style)] = 1

    @contextmanager
    def read(self, end: Fraction | None = None) -> Iterator[Iterator[Frame]]:
        """The frames as they are read for this stroke."""
        with open_clip(self.clip, end=end) as opened:
            yield opened.frames_in_yuv(*self.small) if opened.in_yuv else opened.frames()

    def planes(self) -> InPlanes:
        """What makes paintings what the encoder takes."""
        return InPlanes(self.size[::-1], self.small)

    def whole(self, steady: float | None) -> None:
        """File to file."""
        further: dict[str, Any] = {} if steady is None else {"steady": steady}
        target = self.clip.with_name("painted.mp4")
        self.stylizer.stylize_file(self.clip, target, self.style, stroke=self.stroke, overwrite=True, **further)

    def network(self) -> None:
        """The network alone, as many frames at a time as in a clip."""
        engine = self.stylizer._engine

        def paint(seen: np.ndarray) -> None:
            engine.paint(seen[None], self.mixture, beside=True)

        for _ in side_by_side(paint, self.seen, engine.at_once):
            pass

    def codec(self) -> None:
        """All but the painting: the frames that the network sees stand in for their paintings."""
        planes = self.planes()
        with (
            self.read() as frames,
            overlapped(frames) as read,
            overlapped(planes.frame(one.planes, planes.of_painting(one.pixels), 0.0) for one in read) as finished,
        ):
            encode(finished, self.size, self.clip.parent)

    def steps(self, engine: Engine) -> dict[str, float]:
        """CPU milliseconds of a frame."""
        count = min(12, len(self.seen))
        spent: dict[str, float] = {}

        def timed(step: str, work: Callable[[], Any]) -> Any:
            began = time.process_time()
            result = work()
            spent[step] = spent.get(step, 0) + 1000 * (time.process_time() - began) / count
            return result

        def read() -> list[Frame]:
            with self.read(count / RATE) as frames:
                return list(frames)

        def decode() -> None:
            with load_av().open(str(self.clip)) as opened:
                for _ in zip(opened.decode(video=0), range(count), strict=False):
                    pass

        timed("decode", decode)
        frames = timed("to RGB", read)
        spent["to RGB"] -= spent["decode"]
        shot, planes, paintings = Shot(), self.planes(), []
        for frame in frames:
            seen = timed("steadiness", lambda frame=frame: shot.see(frame.pixels, self.mixture[None], 0.5, 0.1))
            shot.follow(seen)

            def paint(picture: np.ndarray) -> np.ndarray:
                return timed("network", lambda: engine.paint(picture[None], self.mixture)[0])

            painted = painted_at(seen.phase, frame.pixels, paint)
            new = timed("to YUV", lambda painted=painted: planes.of_painting(painted))
            shown = timed("steadiness", lambda seen=seen, new=new: shot.blend(seen, [new])[0]())
            paintings.append(timed("to YUV", lambda frame=frame, shown=shown: planes.frame(frame.planes, shown, 0.0)))
        timed("encode", lambda: encode(paintings, self.size, self.clip.parent))
        return spent


def clock(work: Callable[[], None]) -> float:
    """Seconds on the wall."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path, help="with sound")
    parser.add_argument("--model", help="a bank or a file; default: the usual one")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="default: %(default)s")
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="numbers from 0; default: all")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("--frames", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    stylizer = Stylizer(options.model, engine=options.engine)
    alone = Stylizer(options.model, threads=1, engine=options.engine)._engine
    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        progress(len(options.cases) * (options.rounds * 4 + 1), "painting") as bar,
    ):
        for width, height, stroke in (CASES[number] for number in options.cases):
            clip = Path(folder) / f"{width}.mp4"
            scaled(options.clip, clip, (width, height), options.frames)
            case = Case(stylizer, clip, stroke, options.style)
            ways = {
                "clip": lambda case=case: case.whole(None),
                "frame by frame": lambda case=case: case.whole(0),
                "network": case.network,
                "codec": case.codec,
            }
            least: dict[str, float] = {}
            for _ in range(options.rounds):
                for name, way in ways.items():
                    least[name] = min(least.get(name, np.inf), clock(way))
                    bar.update(1)
            rates = {name: round(len(case.seen) / seconds, 1) for name, seconds in least.items()}
            over = least["clip"] / max(least["network"], least["codec"])
            steps = {step: round(value, 1) for step, value in case.steps(alone).items()}
            bar.update(1)
            results.append({
                "width": width, "height": height, "stroke": stroke, "frames_a_second": rates,
                "time_over_slower": round(over, 3),
                "time_over_frame_by_frame": round(least["clip"] / least["frame by frame"], 3),
                "cpu_ms": steps,
            })  # fmt: skip
    command = command_line(["python", "benchmarks/clip.py"], sys.argv[1:])
    libraries = versions("numpy", "pillow", options.engine.partition("-")[0], "av")
    settings = {key: getattr(options, key) for key in ("engine", "frames", "rounds", "style")}
    write_results(options.output, {**record(command), "versions": libraries, "settings": settings, "results": results})
    for row in results:
        print(row)


if __name__ == "__main__":
    main()
