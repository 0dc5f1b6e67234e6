"""How near a picture painted in tiles comes to the same picture painted whole, and whether a seam is left.

    python benchmarks/tiles.py photos/ --side 6000

A large picture is laid out of the folder's photographs, in full detail and different everywhere, which is harder than a
photograph enlarged. It is painted whole, which needs about 110 bytes a pixel, and in tiles with the statistics taken in
three ways: exactly, from a sample of crops, and from a reduced copy (the thumbnail of Chen et al. 2022). Reported are
the difference from the picture painted whole, in 1/255, and the seam: the mean gradient across the tiles' borders as a
share of that elsewhere, divided by the same share in the picture painted whole. For a picture that is too large to be
painted whole see ``large.py``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from allaprima.engine.boxes import grid
from allaprima.engine.engine import Engine
from allaprima.engine.sample import CROP, CROPS_SHARE, Sample, take_sample
from allaprima.engine.tiles import Feeds, TilePainter
from allaprima.evaluation.record import command_line, record
from allaprima.gallery import find_model, gallery_model
from allaprima.look.stroke import reduce, reduced_size
from allaprima.picture.formats import SUFFIXES
from allaprima.style_model import mixture
from progress import write_results
from speed import RESULTS

Pixels = NDArray[np.uint8]
SIDE = 512  # of the tiles: more borders than the largest tiles have, so that more of them are measured
MEMORY = 4 * 2**30
PATCH = 288


def lay_out(folder: Path, side: int) -> Pixels:
    """[side, side, 3] of the folder's photographs, each cut to ``PATCH`` pixels."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        sys.exit(f"tiles: there are no photographs in {folder}")
    order = np.random.default_rng(0).permutation(len(paths))
    columns = -(-side // PATCH)
    canvas = Image.new("RGB", (side, side))
    for place in range(columns**2):
        with Image.open(paths[order[place % len(paths)]]) as photo:
            patch = ImageOps.fit(photo.convert("RGB"), (PATCH, PATCH))
        canvas.paste(patch, (place % columns * PATCH, place // columns * PATCH))
    return np.asarray(canvas)


def seam(image: Pixels, side: int) -> float:
    """Mean gradient across the borders of tiles, as a share of that elsewhere."""
    shares = []
    for axis in (0, 1):
        lines = np.array([gradient(image, axis, k) for k in range(image.shape[axis] - 1)])
        border = np.zeros(lines.size, bool)
        border[[box[axis] - 1 for box in grid(*image.shape[:2], side) if box[axis]]] = True
        shares.append(lines[border].mean() / lines[~border].mean())
    return float(np.mean(shares))


def gradient(image: Pixels, axis: int, place: int) -> float:
    """The mean difference between line ``place`` and the next."""
    one, other = (image.take(k, axis).astype(np.int16) for k in (place, place + 1))
    return float(np.abs(one - other).mean())


def compare(name: str, painted: Pixels, whole: Pixels, natural: float) -> dict[str, Any]:
    """One row of the results; ``natural`` is the picture's own "seam" where nothing was cut."""
    difference = np.abs(painted.astype(np.int16) - whole)
    return {
        "statistics": name,
        "mean_difference": round(float(difference.mean()), 3),
        "p99_difference": float(np.percentile(difference, 99)),
        "largest_difference": int(difference.max()),
        "seam": round(seam(painted, SIDE) / natural, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--side", type=int, default=6000, help="of the picture, in pixels (default: 6000)")
    parser.add_argument("--model", type=find_model, default=gallery_model(), help="fast (default), fine or a file")
    parser.add_argument("--styles", nargs="+", help="default: every style of the model")
    parser.add_argument("--threads", type=int, help="default: every core")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "tiles.json", help="default: %(default)s")
    options = parser.parse_args()

    image = lay_out(options.photos, options.side)
    engine = Engine(options.model, options.threads, memory=2**50)
    painter = TilePainter(options.model.read_bytes(), len(engine.card.styles), engine.open)
    rows = []
    for style in options.styles or engine.card.names[1:]:
        weights = mixture(engine.card.names, style, 1.0)
        whole = engine.paint(image[None], weights)[0]
        natural = seam(whole, SIDE)
        alone = np.empty_like(image)
        for box in grid(*image.shape[:2], SIDE):
            alone[box.top : box.bottom, box.left : box.right] = engine.paint(box.of(image), weights)[0]
        rows.append({"style": style, **compare("of each tile alone", alone, whole, natural)})
        for name, statistics in ways(painter, image, weights).items():
            painted = painter.paint_tiles(image, statistics(), SIDE)
            rows.append({"style": style, **compare(name, painted, whole, natural)})
            print(rows[-1], file=sys.stderr)
    settings = {"side": options.side, "tile": SIDE, "crops_share": CROPS_SHARE, "crop": CROP}
    command = command_line(["python", "benchmarks/tiles.py"], sys.argv[1:])
    write_results(options.output, {**record(command), "settings": settings, "results": rows})


def ways(painter: TilePainter, image: Pixels, weights: NDArray[np.float32]) -> dict[str, Callable[[], Feeds]]:
    """How the statistics can be taken."""

    def exact(whole: Pixels) -> Feeds:
        return painter.statistics(whole, weights, painter.everything(whole), MEMORY)

    def alike(sample: Sample) -> Sample:
        return sample._replace(weights=np.ones(len(sample.crops)))

    def thumbnail(longest: int) -> Feeds:
        size = reduced_size(*image.shape[:2], longest)
        return exact(image if size is None else reduce(image, *size))

    return {
        "exact": lambda: exact(image),
        "sample": lambda: painter.statistics(image, weights, take_sample(image), MEMORY),
        "sample, all crops alike": lambda: painter.statistics(image, weights, alike(take_sample(image)), MEMORY),
        "reduced copy of 1024": lambda: thumbnail(1024),
        "reduced copy of 2048": lambda: thumbnail(2048),
    }


if __name__ == "__main__":
    main()
