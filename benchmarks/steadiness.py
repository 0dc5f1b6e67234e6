r"""How steady clips are painted, beside the same frames painted each by itself.

A synthetic camera moves over photographs, so that the flow is exact: no estimator says what is steady. Clips need one:
OpenCV's DIS flow (``pip install opencv-python-headless``) of the *input*, and what it finds occluded does not count
(Ruder, Dosovitskiy & Brox 2016, *Artistic Style Transfer for Videos*, section 5). Every figure stands beside sharpness,
since a blur would win; with ``--paintings`` also beside the content and style distances of the paper, by VGG16, steady
over frame by frame.

    python benchmarks/steadiness.py --photos val/ --clips clips/ --paintings styles/ --vgg16 vgg16.safetensors \
        --strip docs/steadiness.jpg -o benchmarks/results/steadiness.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima import Stylizer
from allaprima.evaluation.record import command_line, record
from allaprima.options import STEADY
from allaprima.steady.motion import moved

Pixels = NDArray[np.uint8]
Way = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Where each pixel of a frame lies in the next, as a step [H, W, 2], and where that can be said [H, W]."""
VIEW = (352, 240)
FRAMES, SETTLED = 16, 4
NOISE = 1.0
"""Of the camera, in levels; ``NOISY`` in the test of noise gain."""
NOISY = 2.0
CAMERAS = {
    "still": lambda t: (0, 0, 1, 0),
    "pan 0.5": lambda t: (0.5 * t, 0.25 * t, 1, 0),
    "pan 1": lambda t: (t, 0, 1, 0),
    "pan 3": lambda t: (3 * t, 1.3 * t, 1, 0),
    "zoom 1 %": lambda t: (0, 0, 1.01**-t, 0),
    "rotate 0.5°": lambda t: (0, 0, 1, np.deg2rad(0.5 * t)),
}
"""Frame, counted from the middle of the clip, -> shift in pixels, scale, angle."""


@dataclass
class Scene:
    """Frames, and the way from each to the next."""

    frames: list[Pixels]
    ways: Callable[[int], Way]


def camera(photo: Image.Image, path: Callable[[int], tuple[float, float, float, float]]) -> Scene:
    """A camera over a photograph."""
    width, height = VIEW
    random = np.random.default_rng(0)
    frames, places = [], []
    for t in range(FRAMES):
        x, y, scale, angle = path(t - FRAMES // 2)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        center = np.array([photo.width / 2 + x, photo.height / 2 + y]) - turn @ (width / 2, height / 2)
        view = np.column_stack([turn, center])
        image = photo.transform(VIEW, Image.Transform.AFFINE, view.ravel().tolist(), Image.Resampling.BICUBIC)
        noisy = np.asarray(image) + random.normal(0, NOISE, (height, width, 3))
        frames.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
        places.append(np.vstack([view, [0, 0, 1]]))
    here = np.moveaxis(np.mgrid[:height, :width][::-1].astype(np.float64), 0, -1) + 0.5

    def way(t: int) -> Way:
        to = np.linalg.inv(places[t + 1]) @ places[t]
        there = here @ to[:2, :2].T + to[:2, 2]
        inside = ((there > 1) & (there < (width - 1, height - 1))).all(-1)
        return (there - here).astype(np.float32), inside

    return Scene(frames, way)


def clip(path: Path) -> Scene:
    """Frames of a file, at half their size; their flow is estimated."""
    import av  # noqa: PLC0415 - clips alone need them
    import cv2  # noqa: PLC0415

    frames = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= 20:
                frames.append(np.asarray(Image.fromarray(frame.to_ndarray(format="rgb24")).reduce(2)))
            if len(frames) == FRAMES:
                break
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]

    def way(t: int) -> Way:
        flow, back = finder.calc(gray[t], gray[t + 1], None), finder.calc(gray[t + 1], gray[t], None)
        returned = moved(back, flow)
        length = np.square(flow).sum(-1)
        seen = np.square(flow + returned).sum(-1) <= 0.01 * (length + np.square(returned).sum(-1)) + 0.5
        edges = sum(np.square(part) for axis in (0, 1) for part in np.gradient(flow[..., axis]))
        return flow, seen & (edges <= 0.01 * length + 0.002)

    return Scene(frames, way)


def warping_error(painted: list[Pixels], scene: Scene) -> float:
    """The mean squared difference along the motion, of a range of 0..1."""
    errors = []
    for t in range(SETTLED, len(painted) - 1):
        flow, seen = scene.ways(t)
        after = moved(painted[t + 1].astype(np.float32), flow)
        errors.append(np.square((after - painted[t]) / 255)[seen].mean())
    return float(np.mean(errors))


def sharpness(painted: list[Pixels]) -> float:
    """The mean step of luminance between neighbors."""
    gray = [np.asarray(Image.fromarray(one).convert("L"), np.float32) for one in painted[SETTLED:]]
    return float(np.mean([np.abs(np.diff(one, axis=axis)).mean() for one in gray for axis in (0, 1)]))


def noisy(photo: Pixels, count: int) -> list[Pixels]:
    random = np.random.default_rng(1)
    return [
        np.clip(np.rint(photo + random.normal(0, NOISY, photo.shape)), 0, 255).astype(np.uint8) for _ in range(count)
    ]


def deviation(frames: list[Pixels]) -> float:
    """Over time, of a pixel's value; root of the mean over pixels."""
    return float(np.sqrt(np.var(np.array(frames[SETTLED:], np.float32), axis=0).mean()))


Distances = Callable[[Pixels, Pixels, str], tuple[float, float]]
"""Of a frame, its painting and the style's name: how far the painting is from both, content and style."""


def distances(styles: list[str], paintings: Path, vgg16: Path | None) -> Distances:
    """The training's own, with every style's emphasis 1."""
    from allaprima.evaluation.judge import Judge  # noqa: PLC0415 - PyTorch
    from allaprima.training.perceptual import LossNetwork  # noqa: PLC0415
    from allaprima.training.recipes import choose_recipe  # noqa: PLC0415
    from allaprima.training.vgg16 import load_weights  # noqa: PLC0415

    network = LossNetwork(load_weights(vgg16))
    judge = Judge(choose_recipe("default"), network, {style: paintings / f"{style}.jpg" for style in styles})

    def of(frame: Pixels, painted: Pixels, style: str) -> tuple[float, float]:
        terms = judge.terms(painted, judge.targets(frame, style))
        return terms["content"], terms["style"]

    return of


class Painted:
    """Frames painted in one style, each by itself and steadily."""

    def __init__(self, stylizer: Stylizer, style: str, steady: float, distances: Distances | None = None) -> None:
        self._stylizer, self._style, self._steady, self._distances = stylizer, style, steady, distances

    def both(self, frames: list[Pixels]) -> tuple[list[Pixels], list[Pixels]]:
        """The frames, each by itself and steadily."""
        alone, steady = (
            [*map(self._stylizer.session(self._style, stroke="own", steady=s).paint, frames)] for s in (0, self._steady)
        )
        return alone, steady

    def scene(self, scene: Scene) -> dict[str, float]:
        """Warping error, sharpness and, of the frame in the middle, distances."""
        alone, steady = self.both(scene.frames)
        further: dict[str, float] = {}
        if self._distances is not None:
            frames = [*zip(scene.frames, alone, steady, strict=True)][FRAMES // 2 :: FRAMES]
            by_itself, steadily = (
                np.sum([self._distances(frame[0], frame[which], self._style) for frame in frames], axis=0)
                for which in (1, 2)
            )
            further = {
                name: round(float(value), 3)
                for name, value in zip(("content", "style"), steadily / by_itself, strict=True)
            }
        return {
            "frame_by_frame": round(warping_error(alone, scene), 6),
            "ratio": round(warping_error(steady, scene) / warping_error(alone, scene), 3),
            "sharpness": round(sharpness(steady) / sharpness(alone), 3),
            **further,
        }

    def noise(self, photo: Pixels) -> dict[str, float]:
        """Deviation over time, as a multiple of the photograph's."""
        frames = noisy(photo, FRAMES)
        alone, steady = self.both(frames)
        own = deviation(frames)
        return {
            "frame_by_frame": round(deviation(alone) / own, 3),
            "steady": round(deviation(steady) / own, 3),
            "ratio": round(deviation(steady) / deviation(alone), 3),
        }

    def strip(self, scene: Scene) -> Image.Image:
        """Three frames from the middle and their differences along the motion, by themselves above, steadily below.

        Differences are twice as bright; what is not seen in both frames is black.
        """
        top, left = (length // 2 - half for length, half in zip(scene.frames[0].shape, (80, 100), strict=False))
        part, first, rows = np.s_[top : top + 160, left : left + 200], FRAMES // 2, []
        for painted in self.both(scene.frames):
            shown = [one[part] for one in painted[first : first + 3]]
            for t in (first, first + 1):
                flow, seen = scene.ways(t)
                off = np.abs(moved(painted[t + 1].astype(np.float32), flow) - painted[t]) * seen[..., None]
                shown.append(np.clip(2 * off, 0, 255).astype(np.uint8)[part])
            rows.append(np.hstack(shown))
        return Image.fromarray(np.vstack(rows))

    def settling(self, before: Pixels, after: Pixels, part: tuple[slice, ...]) -> int:
        """Frames after a change until ``part`` is within 1 of 255 in the mean of the painting by itself."""
        alone, steady = self.both([before] * SETTLED + [after] * 12)
        off = [np.abs(a[part].astype(int) - b[part]).mean() for a, b in zip(alone, steady, strict=True)][SETTLED:]
        return next((n for n, value in enumerate(off) if value < 1), len(off))

    def cut(self, before: Pixels, after: Pixels) -> bool:
        """Whether the frame after a cut equals the frame painted alone."""
        alone, steady = self.both([before] * SETTLED + [after])
        return np.array_equal(alone[-1], steady[-1])

    def drift(self, photo: Pixels, count: int) -> dict[str, float]:
        """Levels of 255 and of sharpness, from the tenth frame to the last of a still picture with noise."""
        frames = noisy(photo, 64)
        session = self._stylizer.session(self._style, stroke="own", steady=self._steady)
        painted = {}
        for t in range(count):
            one = session.paint(frames[t % len(frames)])
            if t in (10, count - 1):
                painted[t] = one
        first, last = painted[10], painted[count - 1]
        return {
            "frames": count,
            "levels": round(abs(float(last.mean()) - float(first.mean())), 3),
            "sharpness": round(sharpness([last] * 5) / sharpness([first] * 5), 4),
        }


def cost(stylizer: Stylizer, style: str, steady: float, size: tuple[int, int], photo: Image.Image) -> dict[str, float]:
    """CPU seconds of a frame, steady over by itself; the camera moves, and the two take turns."""
    wide = np.asarray(photo.resize((size[0] + 40, size[1])))
    sessions = [stylizer.session(style, stroke="own", steady=s) for s in (0, steady)]
    spent: list[list[float]] = [[], []]
    for t in range(10):
        frame = np.ascontiguousarray(wide[:, t : t + size[0]])
        for session, times in zip(sessions, spent, strict=True):
            start = time.process_time()
            session.paint(frame)
            times.append(time.process_time() - start)
    alone, steadily = (float(np.median(times[2:])) for times in spent)
    return {"frame_by_frame_ms": round(alone * 1e3, 1), "ratio": round(steadily / alone, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs of 480 × 320 pixels or more")
    parser.add_argument("--clips", type=Path, help="folder of clips")
    parser.add_argument("--paintings", type=Path, help="folder of the styles' pictures, NAME.jpg, for distances")
    parser.add_argument("--vgg16", type=Path, help="its weights; without, they are downloaded")
    parser.add_argument("--styles", nargs="+", default=["great_wave", "the_scream", "irises"])
    parser.add_argument("--model", help="a bank or a file, as the command takes it; default: the usual one")
    parser.add_argument("--steady", type=float, default=STEADY)
    parser.add_argument("--drift", type=int, default=3000, help="frames")
    parser.add_argument("--strip", type=Path, help="a picture of frames of the first clip in the first style")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    files = sorted(arguments.photos.glob("*.jpg"))
    photos = [image for image in (Image.open(file).convert("RGB") for file in files) if image.size[0] >= image.size[1]]
    scenes = {name: camera(photos[3], path) for name, path in CAMERAS.items()}
    if arguments.clips is not None:
        scenes |= {path.stem: clip(path) for path in sorted(arguments.clips.glob("*.mp4"))}
    measured = None
    if arguments.paintings is not None:
        measured = distances(arguments.styles, arguments.paintings, arguments.vgg16)
    stylizer = Stylizer(arguments.model, threads=1)
    if arguments.strip is not None:
        clips = [scene for name, scene in scenes.items() if name not in CAMERAS]
        painted = Painted(stylizer, arguments.styles[0], arguments.steady)
        painted.strip(clips[0]).save(arguments.strip, quality=90)
    first, second = (np.asarray(photo.crop((64, 40, 64 + VIEW[0], 40 + VIEW[1]))) for photo in photos[3:5])
    covered = first.copy()
    covered[60:160, 100:220] = second[60:160, 100:220]
    command = command_line(["python", "benchmarks/steadiness.py"], sys.argv[1:])
    result: dict[str, object] = {
        **record(command),
        "steady": arguments.steady,
        "frames": FRAMES,
        "size": VIEW,
        "styles": {},
    }
    styles: dict[str, object] = {}
    for style in arguments.styles:
        painted = Painted(stylizer, style, arguments.steady, measured)
        styles[style] = {
            "scenes": {name: painted.scene(scene) for name, scene in scenes.items()},
            "noise_gain": painted.noise(first),
            "settling": {
                "cut": painted.settling(first, second, np.s_[:, :]),
                "cut_to_the_byte": painted.cut(first, second),
                "uncovered": painted.settling(covered, first, np.s_[60:160, 100:220]),
            },
            "drift": painted.drift(first[:96, :128], arguments.drift),
        }
        print(style, json.dumps(styles[style]), flush=True)
    result["styles"] = styles
    sizes = ((640, 360), (1280, 720))
    result["cost"] = {
        f"{w}x{h}": cost(stylizer, arguments.styles[0], arguments.steady, (w, h), photos[3]) for w, h in sizes
    }
    print(json.dumps(result["cost"]))
    arguments.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
