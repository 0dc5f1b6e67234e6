"""Paint as a user would, with whatever versions are installed: python .ci/smoke.py EXAMPLES.

Whole and in tiles, by the command and from Python; every way a picture comes in that a dependency decides on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

import allaprima


def run(*words: str | Path) -> None:
    """The command; it must succeed without a word of complaint."""
    subprocess.run([sys.executable, "-W", "error", "-m", "allaprima", *map(str, words)], check=True)


def difference(one: Path, other: Path) -> float:
    """Mean, in 1/255."""
    pixels = [np.asarray(Image.open(path).convert("RGB"), np.float64) for path in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def main() -> None:
    """Everything; a fault is a traceback or an exit code."""
    photo = Path(sys.argv[1]) / "astronaut.jpg"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run("--version")
        run("styles")
        run("stylize", photo, "-s", "udnie", "-o", place / "whole.png")
        run("stylize", photo, "-s", "udnie", "-o", place / "tiles.png", "--memory", "100M", "--exact")
        assert difference(place / "whole.png", place / "tiles.png") < 0.1, "tiles differ from the whole"
        assert difference(place / "whole.png", photo) > 5, "nothing was painted"

        many = place / "many"
        many.mkdir()
        pixels = np.asarray(Image.open(photo).convert("RGB").resize((96, 80)))
        for suffix in ("jpg", "png", "webp", "avif", "gif", "tif"):
            Image.fromarray(pixels).save(many / f"picture.{suffix}")
        tifffile.imwrite(many / "float.tif", pixels.astype(np.float32) / 255, photometric="rgb")
        run("stylize", many, "-s", "the_scream:0.5,udnie:0.5", "-o", place / "painted", "--threads", "2")
        assert len(list((place / "painted").iterdir())) == 7, "a picture was left out"

    painted = allaprima.Stylizer("fine").stylize(pixels, "great_wave", strength=0.7)
    assert painted.shape == pixels.shape
    print(f"painted with Python {sys.version.split()[0]}, numpy {np.__version__}, Pillow {Image.__version__}")


if __name__ == "__main__":
    main()
