r"""Which of two paintings somebody likes better who does not know whose they are.

    python benchmarks/pairs.py draw new.onnx old.onnx --photos DIR --paintings DIR --styles udnie irises -o pairs/
    python benchmarks/pairs.py draw fine --peer lengstrom=wave.safetensors:great_wave --photos DIR --paintings DIR \
        --styles great_wave -o pairs/
    python benchmarks/pairs.py draw fast --strokes 640 auto --photos DIR --paintings DIR --styles udnie irises -o pairs/
    python benchmarks/pairs.py score pairs/ answers.txt -o pairs.json

``draw`` makes one picture for each photograph and style: the painting and the photograph on the left, then A and B,
whose sides are drawn by chance. Who is who lies in ``key.json``. Whoever looks at them writes one line for each: its
number and A, B or =. With ``--strokes`` both are the same model's, at two sizes of strokes, and photographs are whole
instead of squares. ``score`` says how often the first painter is preferred, with the interval of Wilson (1927) that
holds 95 %; = counts as half.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from allaprima.errors import AllaPrimaError
from allaprima.evaluation.judge import photo_square
from allaprima.evaluation.painters import Painter, Pixels, choose_paintings, load_models, model_painter
from allaprima.evaluation.record import command_line, record
from allaprima.picture.folder import pictures_below
from allaprima.picture.reading import read_picture
from allaprima.stylizer import Stylizer
from peers.fast_style_transfer import peer_painter
from progress import write_results

GAP, LABEL = 6, 22
"""Pixels between pictures, and above them."""
Z = 1.96
"""Of the normal distribution, for 95 %."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    drawing = verbs.add_parser("draw", help="make the pairs")
    drawing.add_argument(
        "models", nargs="+", metavar="MODEL", help="fast, fine or a file; two, or one and a peer or --strokes"
    )
    drawing.add_argument("--peer", action="append", default=[], metavar="NAME=WEIGHTS:STYLE")
    drawing.add_argument("--strokes", nargs=2, metavar="STROKE", help="one model's, as for allaprima stylize")
    drawing.add_argument("--photos", type=Path, required=True, metavar="DIR", help="every picture in it is painted")
    drawing.add_argument("--paintings", type=Path, required=True, metavar="DIR")
    drawing.add_argument("--styles", nargs="+", required=True, metavar="NAME")
    drawing.add_argument("--count", type=int, default=24, help="pairs (default: %(default)s)")
    drawing.add_argument("--side", type=int, default=512, help="of a picture, pixels (default: %(default)s)")
    drawing.add_argument("--seed", type=int, default=0)
    drawing.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    scoring = verbs.add_parser("score", help="count the answers")
    scoring.add_argument("folder", type=Path, metavar="DIR")
    scoring.add_argument("answers", type=Path, metavar="FILE")
    scoring.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    try:
        draw(options) if options.verb == "draw" else score(options)
    except (AllaPrimaError, OSError, ValueError) as error:
        print(f"pairs: {error}", file=sys.stderr)
        return 2
    return 0


def draw(options: argparse.Namespace) -> None:
    """Paint, shuffle and write the pairs."""
    if options.strokes and options.peer:
        raise ValueError("a peer has no sizes of strokes")
    models = load_models(options.models, threads=None)
    paintings = choose_paintings(models.values(), options.styles, options.paintings)
    sides = {
        style: strokes(models, options.strokes, style)
        if options.strokes
        else rivals(models, options.peer, paintings, style)
        for style in paintings
    }
    photos = sorted(pictures_below(options.photos))
    chance = random.Random(options.seed)
    tasks = [(photo, style) for photo in photos for style in sides]
    chance.shuffle(tasks)
    options.output.mkdir(parents=True, exist_ok=True)
    key = []
    for number, (photo, style) in enumerate(tasks[: options.count], 1):
        two = list(sides[style])
        chance.shuffle(two)
        pixels = read_picture(photo).pixels if options.strokes else photo_square(photo, options.side)
        shown = [(label, fitted(painter.paint(pixels), options.side)) for label, painter in zip("AB", two, strict=True)]
        painting, small = (fitted(each, options.side // 2) for each in (read_picture(paintings[style]).pixels, pixels))
        page(painting, small, shown).save(options.output / f"{number:03}.png")
        names = {side: painter.name for side, painter in zip("AB", two, strict=True)}
        key.append({"number": number, "photo": photo.name, "style": style, **names})
    first = next(iter(sides.values()))[0].name
    command = command_line(["python", "benchmarks/pairs.py"], sys.argv[1:])
    write_results(options.output / "key.json", {"command": command, "first": first, "pairs": key})


def rivals(
    models: Mapping[str, Stylizer], peers: Sequence[str], paintings: Mapping[str, Path], style: str
) -> tuple[Painter, ...]:
    """The two who paint in a style.

    Raises:
        ValueError: there are not two.
    """
    found = [model_painter(stylizer, label, style) for label, stylizer in models.items()]
    found += [peer for spec in peers if (peer := peer_painter(spec, paintings)).style == style]
    if len(found) != 2:
        raise ValueError(f"a pair takes two painters, and {style} has {len(found)}")
    return tuple(found)


def strokes(models: Mapping[str, Stylizer], sizes: Sequence[str], style: str) -> tuple[Painter, ...]:
    """The same model at two sizes of strokes, as two who paint.

    Raises:
        ValueError: there is more than one model, or one size.
    """
    if len(models) != 1:
        raise ValueError(f"strokes of one model are compared, and there are {len(models)}")
    if sizes[0] == sizes[1]:
        raise ValueError(f"strokes of two sizes are compared, and both are {sizes[0]}")
    ((label, stylizer),) = models.items()

    def painter(size: str) -> Painter:
        stroke = int(size) if size.isdigit() else size
        return Painter(f"{label}, stroke {size}", style, lambda pixels: stylizer.stylize(pixels, style, stroke=stroke))

    return tuple(map(painter, sizes))


def fitted(pixels: Pixels, side: int) -> Image.Image:
    """A picture, with at most that many pixels on the longer side."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture


def page(painting: Image.Image, photo: Image.Image, shown: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Painting above photograph, both small, and the two to choose from."""
    left, (width, height) = max(painting.width, photo.width) + GAP, shown[0][1].size
    height = max(height, painting.height + photo.height)
    sheet = Image.new("RGB", (left + 2 * width + GAP, height + LABEL), "white")
    pen = ImageDraw.Draw(sheet)
    sheet.paste(painting, (0, LABEL))
    sheet.paste(photo, (0, LABEL + height - photo.height))
    for place, (label, picture) in enumerate(shown):
        pen.text((left + place * (width + GAP), 4), label, fill="black")
        sheet.paste(picture, (left + place * (width + GAP), LABEL))
    return sheet


def score(options: argparse.Namespace) -> None:
    """Count how often the first painter is preferred."""
    key = json.loads((options.folder / "key.json").read_text())
    answers = read_answers(options.answers)
    rows = []
    for pair in key["pairs"]:
        if pair["number"] not in answers:
            raise ValueError(f"there is no answer to {pair['number']}")
        answer = answers[pair["number"]]
        liked = 0.5 if answer == "=" else float(pair[answer] == key["first"])
        rows.append({**pair, "answer": answer, "first_preferred": liked})
    share = sum(row["first_preferred"] for row in rows) / len(rows)
    low, high = wilson(share, len(rows))
    print(f"{key['first']} is preferred in {share:.0%} of {len(rows)} pairs ({low:.0%}–{high:.0%})")
    found = {"drawn_by": key["command"], "first": key["first"], "preferred": share, "interval": [low, high]}
    command = command_line(["python", "benchmarks/pairs.py"], sys.argv[1:])
    write_results(options.output, {**record(command), **found, "pairs": rows})


def read_answers(path: Path) -> dict[int, str]:
    """A, B or = by the number of the pair.

    Raises:
        ValueError: a line is no answer, or a pair has two.
    """
    answers: dict[int, str] = {}
    for line in filter(str.strip, path.read_text().splitlines()):
        number, _, answer = line.strip().upper().partition(" ")
        if not number.isdecimal() or answer.strip() not in ("A", "B", "="):
            raise ValueError(f"a line of {path} is {line!r}; it must be a number and A, B or =")
        if int(number) in answers:
            raise ValueError(f"{path} has two answers to {int(number)}")
        answers[int(number)] = answer.strip()
    return answers


def wilson(share: float, count: int) -> tuple[float, float]:
    """The interval of a share of so many: Wilson 1927, *Probable inference*."""
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return round(middle - half, 3), round(middle + half, 3)


if __name__ == "__main__":
    sys.exit(main())
