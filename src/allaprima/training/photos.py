"""Photographs to train on: found in a folder, checked, shuffled, decoded by workers, augmented.

Sample number i is the same crop of the same photograph in every run with the same seed, whoever decodes
it and whenever: a resumed training simply starts at a later i.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from allaprima.errors import PictureError, TrainingError
from allaprima.picture.folder import pictures_below
from allaprima.picture.reading import open_image, read_picture

NONE_LEFT = "not one of the photographs can be decoded"
MAX_ZOOM = 2.0
"""A crop's photograph is resized so that its short side lies between 1 and this many times the crop's: plain
surfaces fill much of a large photograph and must be seen in training."""


GAINS, GAMMAS = (0.2, 1.0), (0.7, 2.0)
"""What a darkened photograph is multiplied by, after the power; a gain alone is what the contrast is lowered by."""

PLAIN = 1.0
"""The least standard deviation of a crop in one of its colors, of 255. Less is nothing to see, and norms multiply its
gradient beyond bounds."""


@dataclass(frozen=True)
class PhotoFolder:
    """The usable photographs below a folder, in sorted order, and why others are left out."""

    paths: tuple[Path, ...]
    skipped: dict[Path, str] = field(default_factory=dict)


def find_photos(folder: Path, smallest: int) -> PhotoFolder:
    """Every picture below ``folder`` whose short side has at least ``smallest`` pixels, hidden files left out.

    Only headers are read here; a file that turns out to be broken later is skipped then.

    Raises:
        TrainingError: the folder does not exist or holds no usable photograph.
    """
    if not folder.is_dir():
        raise TrainingError(f"there is no folder of photographs at {folder}")
    paths: list[Path] = []
    skipped: dict[Path, str] = {}
    for path in sorted(pictures_below(folder)):
        try:
            with open_image(path) as picture:
                short = min(picture.size)
        except PictureError as error:
            skipped[path] = str(error)
            continue
        if short < smallest:
            skipped[path] = f"its short side has {short} pixels, fewer than {smallest}"
        else:
            paths.append(path)
    if not paths:
        reason = f"; {len(skipped)} were skipped, the first because {next(iter(skipped.values()))}" if skipped else ""
        raise TrainingError(f"{folder} holds no photograph{reason}")
    return PhotoFolder(tuple(paths), skipped)


def bundled_photos() -> Path:
    """The folder of photographs that comes with the package; its README.md has their sources and licences."""
    return Path(str(files("allaprima.training") / "photographs"))


def read_photo(path: Path, short_side: int | None = None) -> Image.Image:
    """An upright picture in sRGB, as every other verb reads it; resized to ``short_side`` if one is given.

    Raises:
        PictureError: the file cannot be read as a picture.
    """
    picture = Image.fromarray(read_picture(path, draft=short_side).pixels)
    return picture if short_side is None else resized(picture, short_side)


def read_square(path: Path, side: int) -> Image.Image:
    """The middle of a photograph: its short side, and with it the square, of ``side`` pixels."""
    photo = read_photo(path, side)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    return photo.crop((left, top, left + side, top + side))


def resized(picture: Image.Image, short_side: int) -> Image.Image:
    """The picture with its shorter side of exactly that many pixels."""
    scale = short_side / min(picture.size)
    width, height = (max(short_side, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def to_tensor(picture: Image.Image) -> Tensor:
    """RGB picture -> uint8 [3, H, W]."""
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)


@lru_cache(maxsize=2)
def shuffled(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order of ``count`` photographs in one epoch."""
    return np.random.default_rng((seed, epoch)).permutation(count)


class RandomCrops(Dataset[tuple[Tensor, dict[Path, str]]]):
    """Sample i: a random crop of a random scale, perhaps flipped, and the files that failed on the way to it.

    Args:
        paths: the photographs.
        size: side of the crops, pixels.
        seed: the training's.
        darkened: share of the samples that are darkened or lose contrast.
        small: how many samples, the first ones, have another side, and which. Their scale is that of the others.
    """

    def __init__(
        self, paths: Sequence[Path], size: int, seed: int, darkened: float = 0.0, small: tuple[int, int] = (0, 0)
    ) -> None:
        self.paths, self.size, self.seed, self.darkened, self.small = paths, size, seed, darkened, small

    def __getitem__(self, index: int) -> tuple[Tensor, dict[Path, str]]:
        """-> uint8 [3, side, side]; instead of a broken photograph or a plain crop, the next one in shuffled order."""
        failed: dict[Path, str] = {}
        plain: Tensor | None = None
        rng = np.random.default_rng((self.seed, index, 1))
        for attempt in range(len(self.paths)):
            epoch, position = divmod(index + attempt, len(self.paths))
            path = self.paths[shuffled(len(self.paths), self.seed, epoch)[position]]
            if path in failed:
                continue
            try:
                piece = to_tensor(self.crop(path, rng, self.small[1] if index < self.small[0] else self.size))
            except PictureError as error:
                failed[path] = str(error)
                continue
            if piece.float().std((1, 2)).max() >= PLAIN:
                return self.perhaps_darkened(piece, index), failed
            plain = piece
        if plain is None:
            raise TrainingError(NONE_LEFT)
        return plain, failed

    def crop(self, path: Path, rng: np.random.Generator, side: int) -> Image.Image:
        """A random ``side`` × ``side`` piece of the photograph."""
        photo = read_photo(path, round(self.size * rng.uniform(1.0, MAX_ZOOM)))
        left = int(rng.integers(photo.width - side + 1))
        top = int(rng.integers(photo.height - side + 1))
        piece = photo.crop((left, top, left + side, top + side))
        return ImageOps.mirror(piece) if rng.random() < 0.5 else piece

    def perhaps_darkened(self, piece: Tensor, index: int) -> Tensor:
        """Uint8 [3, H, W]: as it is, or darker, or of less contrast, in the share of samples that are to be."""
        rng = np.random.default_rng((self.seed, index, 5))
        if rng.random() >= self.darkened:
            return piece
        x, gain = piece.float() / 255.0, rng.uniform(*GAINS)
        if rng.random() < 0.5:
            x = gain * x.pow(math.exp(rng.uniform(*np.log(GAMMAS))))
        else:
            x = x.mean() + gain * (x - x.mean())
        return (255.0 * x).round().to(torch.uint8)


def first_crops(paths: Sequence[Path], size: int, seed: int, count: int) -> Tensor:
    """The first crops that a training of that seed would see, if none were darkened: [count, 3, size, size] in 0..1."""
    crops = RandomCrops(paths, size, seed)
    return torch.stack([crops[i][0] for i in range(count)]) / 255.0


def _collate(samples: Iterable[tuple[Tensor, dict[Path, str]]]) -> tuple[Tensor, dict[Path, str]]:
    crops, failures = zip(*samples, strict=True)
    return torch.stack(crops), {path: why for failed in failures for path, why in failed.items()}


def _leave_interrupts_to_the_trainer(worker: int) -> None:
    """Ctrl-C reaches every process of the terminal, and the workers are needed for the step in hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def batches(
    crops: RandomCrops, batch: int, first: int, last: int, workers: int, places: slice = slice(None)
) -> Iterator[tuple[Tensor, dict[Path, str]]]:
    """Batches number ``first`` up to ``last`` (not included): uint8 [N, 3, side, side] and new failures.

    Each has ``batch`` photographs in all, of which this process takes those places.
    """
    steps = [list(range(step * batch, (step + 1) * batch)[places]) for step in range(first, last)]
    loader = DataLoader(
        crops,
        batch_sampler=steps,
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_leave_interrupts_to_the_trainer,
    )
    try:
        yield from loader
    except TrainingError as error:  # a worker's comes with its traceback as the message
        raise TrainingError(NONE_LEFT) from error
