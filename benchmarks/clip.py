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
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from allaprima import Stylizer
from allaprima.engine.engine import Engine
from allaprima.evaluation.record import command_line, record, versions
from allaprima.film.encoder import ToEncode, open_segment
from allaprima.film.encoding import choose_encoding
from allaprima.film.overlap import overlapped
from allaprima.film.pyav import load_av
from allaprima.film.reader import open_clip
from allaprima.look.stroke import Enlarger, reduce, reduced_size
from allaprima.options import DEFAULT_QUALITY
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


def encode(frames: Iterator[np.ndarray], size: tuple[int, int], folder: Path) -> None:
    """Frames as a clip's segment."""
    to_encode = ToEncode(ENCODING, size)
    with open_segment(folder / "codec.mov", ENCODING, size, RATE) as encoder:
        for pixels in frames:
            encoder.write(to_encode(pixels))


class Case:
    """One size and stroke."""

    def __init__(self, stylizer: Stylizer, clip: Path, stroke: int | str, style: str) -> None:
        self.stylizer, self.clip, self.stroke, self.style = stylizer, clip, stroke, style
        with open_clip(clip) as opened:
            self.frames = [frame.pixels for frame in opened.frames()]
            self.size = opened.size
        self.mixture = np.zeros(len(stylizer._engine.card.styles), np.float32)
        self.mixture[stylizer._engine.card.names.index(style)] = 1
        small = None if stroke == "own" else reduced_size(self.size[1], self.size[0], int(stroke))
        self.small = small or self.size[::-1]

    def whole(self, steady: float | None) -> None:
        """File to file."""
        further: dict[str, Any] = {} if steady is None else {"steady": steady}
        target = self.clip.with_name("painted.mp4")
        self.stylizer.stylize_file(self.clip, target, self.style, stroke=self.stroke, overwrite=True, **further)

    def network(self) -> None:
        """The network alone."""
        for frame in self.frames:
            self.stylizer._engine.paint(reduce(frame, *self.small)[None], self.mixture)

    def codec(self) -> None:
        """All but the painting."""
        with open_clip(self.clip) as opened, overlapped(frame.pixels for frame in opened.frames()) as frames:
            encode(frames, self.size, self.clip.parent)

    def steps(self, engine: Engine) -> dict[str, float]:
        """CPU milliseconds of a frame."""
        count = min(12, len(self.frames))
        spent: dict[str, float] = {}

        def timed(step: str, work: Callable[[], Any]) -> Any:
            began = time.process_time()
            result = work()
            spent[step] = spent.get(step, 0) + 1000 * (time.process_time() - began) / count
            return result

        def read() -> None:
            with open_clip(self.clip, end=count / RATE) as opened:
                for _ in opened.frames():
                    pass

        def decode() -> None:
            with load_av().open(str(self.clip)) as opened:
                for _ in zip(opened.decode(video=0), range(count), strict=False):
                    pass

        timed("decode", decode)
        timed("to RGB", read)
        spent["to RGB"] -= spent["decode"]
        shot, paintings = Shot(), []
        for frame in self.frames[:count]:
            seen = timed("reduce", lambda frame=frame: reduce(frame, *self.small))
            before = spent.get("network", 0)

            def paint(seen: np.ndarray) -> np.ndarray:
                return timed("network", lambda: engine.paint(seen[None], self.mixture)[0])

            def steadily(seen: np.ndarray = seen) -> np.ndarray:
                shot.begin(self.mixture[None], 0.5, 0.1)
                painted = shot.painted(seen, paint)()
                shot.end()
                return painted

            painted = timed("steadiness", steadily)
            spent["steadiness"] -= spent["network"] - before
            if self.small != self.size[::-1]:

                def enlarge(frame: np.ndarray = frame, seen: np.ndarray = seen, painted: np.ndarray = painted) -> Any:
                    enlarger, band = Enlarger(seen, painted, self.size[::-1], 0.0), 2**18 // self.size[0]
                    return np.concatenate(
                        [enlarger.rows(frame[top : top + band], top) for top in range(0, self.size[1], band)]
                    )

                painted = timed("enlarge", enlarge)
            paintings.append(painted)
        timed("encode", lambda: encode(iter(paintings), self.size, self.clip.parent))
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
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("--frames", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    stylizer, alone = Stylizer(options.model), Stylizer(options.model, threads=1)._engine
    results = []
    with tempfile.TemporaryDirectory() as folder, progress(len(CASES) * (options.rounds * 4 + 1), "painting") as bar:
        for width, height, stroke in CASES:
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
            rates = {name: round(len(case.frames) / seconds, 1) for name, seconds in least.items()}
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
    libraries = versions("numpy", "pillow", "onnxruntime", "av")
    settings = {"frames": options.frames, "rounds": options.rounds, "style": options.style}
    write_results(options.output, {**record(command), "versions": libraries, "settings": settings, "results": results})
    for row in results:
        print(row)


if __name__ == "__main__":
    main()
