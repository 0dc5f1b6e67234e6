r"""Which of several style models paints better: fixed photographs, several judges, style at equal content.

    python benchmarks/compare.py new/fine.onnx --reference fine --photos DIR --paintings DIR \
        --styles great_wave the_scream --vgg16 VGG16 --squeezenet SQUEEZENET --hed HED --sheet sheet.png

Every model paints every photograph of the lists in ``sets/`` at several strengths; docs/quality.md says what is
measured and how to read it. Figures are kept in a log, so that a run that was stopped goes on, and another model costs
only its own pictures. The computer stays usable: one thread, at the lowest priority.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from allaprima.errors import AllaPrimaError
from allaprima.evaluation.log import Log
from allaprima.evaluation.painters import (
    Painter,
    choose_paintings,
    file_sha256,
    load_models,
    model_painter,
    photograph,
)
from allaprima.evaluation.record import command_line, record, versions
from allaprima.gallery import find_model
from judges import sheet, tables
from judges.faces import Faces
from judges.hed import EdgeJudge
from judges.indices import Indices
from judges.judge import Judge, Scene
from judges.lite0 import lite0
from judges.measure import Measured, measure, probes, scenes_of
from judges.photo_sets import find_set, read_set
from judges.squeezenet import squeezenet
from judges.verdicts import compare, difference, pairs
from judges.vgg16 import vgg16
from peers.fast_style_transfer import peer_painter
from progress import progress, write_results
from quality import parse_strength
from speed import RESULTS, at_least_one

LOWEST = 19
LOG = Path(__file__).parents[1] / ".cache" / "compare.jsonl"
INDICES = {"indices": ("mesh", "bright field", "dark", "unrest"), "faces": ("faces",)}


def painters(options: argparse.Namespace) -> tuple[list[Painter], dict[str, Path], dict[str, str]]:
    """Everyone who is measured, style by style; the paintings by style; the models' digests by name.

    Raises:
        ModelError: a model or a peer cannot be loaded.
        StyleError: a style that no model has, or a peer aims at a style that is not measured.
    """
    names = list(dict.fromkeys([options.reference, *options.models]))
    models = load_models(names, threads=1)
    digests = {label: file_sha256(find_model(name)) for label, name in zip(models, names, strict=True)}
    paintings = choose_paintings(models.values(), options.styles, options.paintings)
    found = []
    for style in paintings:
        found.append(photograph(style))
        for label, stylizer in models.items():
            if style in stylizer.card.names:
                found += [
                    replace(model_painter(stylizer, label, style, strength), fingerprint=digests[label])
                    for strength in options.strengths
                ]
        found += [peer for spec in options.peer if (peer := peer_painter(spec, paintings)).style == style]
    return found, paintings, digests


def panel(options: argparse.Namespace, paintings: dict[str, Path]) -> list[Judge]:
    """The judges whose weights were named, and the indices.

    Raises:
        AllaPrimaError: weights or paintings cannot be read.
    """
    judges: list[Judge] = [vgg16(options.vgg16, paintings)]
    if options.squeezenet:
        judges.append(squeezenet(options.squeezenet, paintings))
    if options.hed:
        judges.append(EdgeJudge(options.hed))
    if options.verdict:
        judges.append(lite0(options.verdict, paintings))
    return [*judges, Indices(), *([Faces(options.faces)] if options.faces else [])]


def mean(values: Sequence[float]) -> float:
    """For JSON."""
    return round(float(np.mean(values)), 5)


def report(table: Sequence[Measured], judges: Sequence[Judge], reference: str) -> dict[str, Any]:
    """All that is said of one set of photographs."""
    others = dict.fromkeys(m.painter for m in table if m.strength == 1.0 and m.painter != reference)
    names = [judge.name for judge in judges]
    return {
        "distances": [
            {
                "style": m.style,
                "painter": m.painter,
                "strength": m.strength,
                "judges": {
                    name: {term: mean(m.values(name, term)) for term in m.terms[name][0]}
                    for name in names
                    if name not in INDICES
                },
            }
            for m in table
        ],
        "equal_content": [
            row for pair in pairs(names) for painter in others for row in compare(table, pair, painter, reference)
        ],
        "index_photos": {
            term: count
            for judge, terms in INDICES.items()
            for term in terms
            if (count := len(table[0].values(judge, term)))
        },
        "indices": [
            {
                "style": m.style,
                "painter": m.painter,
                **{
                    term: mean(values)
                    for judge, terms in INDICES.items()
                    for term in terms
                    if (values := m.values(judge, term))
                },
            }
            for m in table
            if m.strength in (0.0, 1.0)
        ],
        "index_differences": [
            {
                "index": term, "painter": painter, "reference": reference, "difference": round(found.value, 4),
                "interval": None if found.low is None or found.high is None
                else [round(found.low, 4), round(found.high, 4)],
            }
            for judge, terms in INDICES.items()
            for term in terms
            for painter in others
            if (found := difference(table, judge, term, painter, reference)) is not None
        ],
    }  # fmt: skip


def draw_sheets(everyone: Sequence[Painter], scenes: Sequence[Scene], path: Path, side: int) -> list[Path]:
    """A sheet for each style at full strength; for ``sheet.png`` they are called ``sheet_STYLE.png``."""
    written = []
    for style in dict.fromkeys(p.style for p in everyone):
        full = [p for p in everyone if p.style == style and p.strength == 1.0]
        rows = [
            sheet.Row([("photograph", s.pixels), *((f"{p.name} {style}", p.paint(s.pixels)) for p in full)])
            for s in scenes
        ]
        written.append(path.with_stem(f"{path.stem}_{style}"))
        sheet.save(sheet.draw(rows, side), written[-1])
    return written


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that the options ask for; the whole file of results.

    Raises:
        AllaPrimaError: something that is needed is missing or cannot be read.
    """
    everyone, paintings, digests = painters(options)
    judges = panel(options, paintings)
    photos = {name: read_set(find_set(name), options.photos, options.count) for name in options.sets}
    scenes = {name: scenes_of(found, options.size) for name, found in photos.items()}
    log = Log(options.log)
    data: dict[str, Any] = {
        **record(command_line(["python", "benchmarks/compare.py"], sys.argv[1:])),
        "versions": versions("allaprima", "numpy", "torch", "onnxruntime"),
        "models": digests,
        "reference": next(iter(digests)),
        "size": options.size,
        "judges": [judge.name for judge in judges],
        "sets": {},
    }
    length = len(everyone) * sum(map(len, scenes.values()))
    with progress(length, "comparing") as bar:
        for name, found in scenes.items():
            table = measure(everyone, judges, found, log, lambda: bar.update(1))
            data["sets"][name] = {
                "photos": [photo.path.name for photo in photos[name]],
                **report(table, judges, data["reference"]),
            }
    data["probes"] = probes([p for p in everyone if p.strength == 1.0], options.size, log)
    if options.sheet:
        shown = [scene for found in scenes.values() for scene in found]
        written = draw_sheets(everyone, shown, options.sheet, options.crop)
        click.echo(f"sheets: {', '.join(map(str, written))}", err=True)
    return data


def show(data: dict[str, Any]) -> str:
    """The results as Markdown."""
    parts = []
    for name, found in data["sets"].items():
        parts += [
            f"### {name}: {len(found['photos'])} photographs, {data['size']} px",
            f"Content / style by judge:\n\n{tables.distances(found['distances'])}",
            f"Style distance at equal content, over that of `{data['reference']}` (below 1 is better), "
            f"with 95 % intervals:\n\n{tables.ratios(found['equal_content'])}",
            f"Indices at full strength:\n\n{tables.indices(found['indices'], found['index_photos'])}",
            f"Their differences from `{data['reference']}`, paired by photograph, the mean over the styles:"
            f"\n\n{tables.index_differences(found['index_differences'])}",
        ]
    return "\n\n".join([*parts, f"### Next to nothing\n\n{tables.indices(data['probes'], {})}"])


def parse_strengths(text: str) -> list[float]:
    """``0.6,0.8,1`` -> the numbers, from weak to full; full strength is always among them."""
    return sorted({*map(parse_strength, text.split(",")), 1.0} - {0.0})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="fast, fine or a file; two seeds are two models")
    parser.add_argument("--reference", required=True, metavar="MODEL", help="whom they are compared with")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR", help="where photographs lie")
    parser.add_argument(
        "--sets",
        nargs="+",
        default=["ordinary", "hard"],
        metavar="SET",
        help="lists in sets/, or files (default: both)",
    )
    parser.add_argument("--count", type=at_least_one, metavar="N", help="photographs of each set, taken evenly")
    parser.add_argument("--size", type=at_least_one, default=384, help="side of the squares (default: 384)")
    parser.add_argument("--paintings", type=Path, metavar="DIR", help="where the painting of a style is NAME.jpg")
    parser.add_argument("--styles", nargs="+", default=[], metavar="NAME[=IMAGE]", help="default: all of the models")
    parser.add_argument("--strengths", type=parse_strengths, default="0.6,0.8,1", help="default: %(default)s")
    parser.add_argument("--vgg16", type=Path, required=True, metavar="FILE", help="weights of the loss network")
    parser.add_argument("--squeezenet", type=Path, metavar="FILE", help="weights of SqueezeNet 1.0")
    parser.add_argument("--hed", type=Path, metavar="FILE", help="weights of HED, for content by edges")
    parser.add_argument(
        "--verdict", type=Path, metavar="FILE", help="weights of EfficientNet-Lite0, for a last word only"
    )
    parser.add_argument("--faces", type=Path, metavar="FILE", help="weights of CenterFace, to see whether faces stay")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=WEIGHTS:STYLE", help="a network of fast-style-transfer"
    )
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw a contact sheet for each style")
    parser.add_argument("--crop", type=at_least_one, default=384, help="side of its pictures (default: 384)")
    parser.add_argument("--log", type=Path, default=LOG, metavar="FILE", help="figures of earlier runs (%(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "compare.json", help="default: %(default)s")
    options = parser.parse_args()
    if hasattr(os, "nice"):
        os.nice(LOWEST)
    torch.set_num_threads(1)
    try:
        data = run(options)
        write_results(options.output, data)
    except AllaPrimaError as error:
        sys.exit(f"compare: {error}")
    click.echo(show(data))


if __name__ == "__main__":
    main()
