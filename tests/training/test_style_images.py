"""The paintings that a bank learns, and the gallery's own."""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.cards import read_card
from allaprima.errors import OptionError, TrainingError
from allaprima.gallery import BANKS, find_model
from allaprima.training.style_images import StyleImage, describe_styles, read_style, read_table

ROOT = Path(__file__).parents[2]
PAINTINGS = ROOT / "paintings"


def test_a_painting_is_learned_at_its_own_short_side(tmp_path):
    Image.effect_noise((300, 200), 80).convert("RGB").save(tmp_path / "waves.png")
    (tmp_path / "about.tsv").write_text("name\temphasis\tstyle_size\nwaves\t1.5\t128\n")
    (style,) = describe_styles([tmp_path / "waves.png"], tmp_path / "about.tsv")
    assert (style.emphasis, style.style_size) == (1.5, 128)
    assert read_style(style, 64).shape == (1, 3, 128, 192)
    assert read_style(StyleImage("waves", style.path), 64).shape == (1, 3, 64, 96)


def test_the_part_of_a_painting_that_its_table_names_is_learned(tmp_path):
    painting = Image.effect_noise((300, 200), 80).convert("RGB")
    painting.save(tmp_path / "waves.png")
    (tmp_path / "about.tsv").write_text("name\tstyle_size\tcrop\nwaves\t100\t0.5, 0.25, 1, 0.75\n")
    (style,) = describe_styles([tmp_path / "waves.png"], tmp_path / "about.tsv")
    part = np.asarray(painting.crop((150, 50, 300, 150)))
    assert np.array_equal(read_style(style, 64)[0].permute(1, 2, 0).mul(255).round().byte().numpy(), part)


@pytest.mark.parametrize(
    "crop", ["0,0,1", "a,0,1,1", "0.5,0,0.5,1", "0,0,1,1.1", "-0.1,0,1,1", "0,0.8,1,0.2", "nan,0,1,1"]
)
def test_a_crop_that_is_none_gets_one_sentence(tmp_path, crop):
    Image.effect_noise((300, 200), 80).convert("RGB").save(tmp_path / "waves.png")
    (tmp_path / "about.tsv").write_text(f"name\tcrop\nwaves\t{crop}\n")
    with pytest.raises(OptionError, match="must be left, top, right and bottom as shares of the painting"):
        describe_styles([tmp_path / "waves.png"], tmp_path / "about.tsv")


def test_a_crop_that_shows_no_strokes_is_refused(tmp_path):
    Image.effect_noise((300, 200), 80).convert("RGB").save(tmp_path / "waves.png")
    with pytest.raises(TrainingError, match=r"the crop of the style image .* has 150×20 pixels, too few"):
        read_style(StyleImage("waves", str(tmp_path / "waves.png"), crop=(0.0, 0.5, 0.5, 0.6)), 64)


@pytest.mark.parametrize("bank", BANKS)
def test_the_gallerys_paintings_lie_in_the_repository(bank):
    """All that a bank was trained on, each the file whose digest the data page names."""
    names = [style.name for style in read_card(find_model(bank)).styles[1:]]
    assert sorted(path.stem for path in PAINTINGS.glob("*.jpg")) == sorted(names)
    assert list(read_table(ROOT / "docs" / "gallery.tsv")) == names
    with (ROOT / "docs" / "data" / "paintings.tsv").open(newline="", encoding="utf-8") as file:
        digests = {row["file"]: row["sha256"] for row in csv.DictReader(file, delimiter="\t")}
    for name in names:
        path = PAINTINGS / f"{name}.jpg"
        assert sha256(path.read_bytes()).hexdigest() == digests[path.name]
        assert path.stat().st_size < 500_000
