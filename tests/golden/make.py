"""The golden paintings: three of each bank, and the digest of each bank's weights.

    python tests/golden/make.py

writes them anew, after a bank was trained again on purpose. ``test_golden.py`` compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima import Stylizer

FOLDER = Path(__file__).parent
DIGESTS = FOLDER / "digests.json"
EXAMPLES = FOLDER.parents[1] / "examples"
BANKS = ("fast", "fine")
SIZE = (128, 112)


class Golden(NamedTuple):
    """One painting of each bank."""

    photo: str
    """In ``examples/``."""
    style: str
    strength: float

    def file(self, bank: str) -> Path:
        """Where it lies."""
        return FOLDER / f"{bank}_{Path(self.photo).stem}.png"


GOLDEN = (
    Golden("astronaut.jpg", "udnie", 1.0),
    Golden("chelsea.jpg", "starry_night", 0.6),
    Golden("coffee.jpg", "the_scream:0.7,composition_vii:0.3", 1.0),
)
"""A style, a strength and a mixture."""


def paint(stylizer: Stylizer, golden: Golden) -> NDArray[np.uint8]:
    """[112, 128, 3]: a reduced photograph, painted as an array."""
    with Image.open(EXAMPLES / golden.photo) as photo:
        pixels = np.asarray(photo.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS))
    return stylizer.stylize(pixels, golden.style, strength=golden.strength)


def main() -> None:
    """Write all of them."""
    digests = {}
    for bank in BANKS:
        stylizer = Stylizer(bank, threads=1)
        for golden in GOLDEN:
            Image.fromarray(paint(stylizer, golden)).save(golden.file(bank), optimize=True)
        digests[bank] = stylizer.card.weights_sha256
    DIGESTS.write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()
