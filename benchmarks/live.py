"""How fast a live source is painted, and how late its paintings are on a page.

    python benchmarks/live.py clip.mp4 -o benchmarks/results/live.json

A clip of 640 × 480 and 60 frames a second stands in for a camera. A viewer takes every painting over HTTP, as the page
does, and adds the time of its own request to the age that the server tells. First the size stays and the rate is what
it comes to; then the size adapts to hold 30 frames a second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from allaprima import Stylizer
from allaprima.evaluation.record import command_line, record, versions
from allaprima.film.pyav import load_av
from allaprima.live import loop as painting
from allaprima.live.capture import Capture
from allaprima.live.controls import Choice, Controls
from allaprima.live.desk import Desk
from allaprima.live.place import find_place
from allaprima.live.server import start_server
from allaprima.live.shown import Shown
from allaprima.live.stream import open_stream
from progress import progress, write_results
from viewer import Viewer

WIDTH, HEIGHT, RATE = 640, 480, Fraction(60)


def camera(source: Path, target: Path, count: int = 240) -> None:
    """The first frames of a clip as those of a camera."""
    av = load_av()
    with av.open(str(source)) as clip, av.open(str(target), "w") as result:
        stream = result.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "superfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, frame in zip(range(count), clip.decode(video=0), strict=False):
            fitted = frame.reformat(WIDTH, HEIGHT, "yuv420p")
            fitted.pts, fitted.time_base, fitted.pict_type = number, 1 / RATE, 0
            result.mux(stream.encode(fitted))
        result.mux(stream.encode())


def watched(stylizer: Stylizer, clip: Path, style: str, steady: float, fps: float, seconds: float) -> dict[str, Any]:
    """What a viewer gets in so many seconds, after as many in which the size settles."""
    place = find_place(str(clip), WIDTH, fps)
    controls = Controls([one.name for one in stylizer.styles], Choice(style=style, steady=steady))
    capture, shown = Capture(partial(open_stream, place)), Shown()
    loop = painting.Loop(stylizer, capture, controls, shown, fps=fps, longest=WIDTH)
    with start_server(Desk(stylizer, capture, controls, shown, loop, place.label, clip.parent), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        loop.start()
        try:
            viewer = Viewer("127.0.0.1", server.server_port)
            viewer.looked(seconds)
            ages = sorted(viewer.looked(seconds))
            size = loop.stats.size
        finally:
            loop.stop()
            server.shutdown()
    return {
        "width": size[0], "height": size[1], "steady": steady, "wanted_fps": fps,
        "fps": round(len(ages) / seconds, 1), "latency_ms": round(statistics.median(ages), 1),
        "latency_ms_95": round(ages[int(0.95 * len(ages))], 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--model", help="a bank or a file; default: the usual one")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=12, help="of each case; default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    stylizer, results = Stylizer(options.model), []
    smallest = painting._SMALLEST
    with tempfile.TemporaryDirectory() as folder, progress(4, "painting") as bar:
        camera(options.clip, clip := Path(folder) / "camera.mp4")
        for fps, least in ((60.0, WIDTH), (30.0, smallest)):
            painting._SMALLEST = least
            for steady in (0.5, 0.0):
                results.append(watched(stylizer, clip, options.style, steady, fps, options.seconds))
                bar.update(1)
    command = command_line(["python", "benchmarks/live.py"], sys.argv[1:])
    settings = {"seconds": options.seconds, "style": options.style}
    libraries = versions("numpy", "pillow", "onnxruntime", "av")
    write_results(options.output, {**record(command), "versions": libraries, "settings": settings, "results": results})
    for row in results:
        print(row)


if __name__ == "__main__":
    main()
