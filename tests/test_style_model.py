"""The contract's names, card and mixtures."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima import Stylizer
from allaprima.cards import read_card
from allaprima.errors import ModelError, StyleError
from allaprima.gallery import BANKS, gallery_model
from allaprima.style_model import PHOTO, Card, Style, mixture, parse_style, style_label

NAMES = ("photo", "great_wave", "starry_night", "the_scream")
CARD = Card(
    styles=(Style("photo"), Style("great_wave", "Katsushika Hokusai", "The Great Wave off Kanagawa", "1831")),
    network="fast",
    width=16,
    recipe={"name": "default"},
    steps=3,
    trained_on="5 photographs",
    device="cpu, float32",
    losses={"great_wave": {"content": 0.9, "style": 0.15}},
    weights_sha256="0" * 64,
    version="0.1.0",
)


def test_a_lone_style_has_its_own_entry():
    assert mixture(NAMES, "starry_night", 1.0).tolist() == [0, 0, 1, 0]


def test_strength_is_shared_with_the_photo():
    assert mixture(NAMES, "great_wave", 0.25).tolist() == [0.75, 0.25, 0, 0]


def test_weights_are_relative():
    assert mixture(NAMES, "great_wave:3, the_scream:1", 0.8) == pytest.approx([0.2, 0.6, 0, 0.2])
    assert mixture(NAMES, {"great_wave": 30, "the_scream": 10}, 0.8) == pytest.approx([0.2, 0.6, 0, 0.2])


def test_photo_may_be_part_of_a_mixture():
    assert mixture(NAMES, "photo:1,great_wave:1", 1.0).tolist() == [0.5, 0.5, 0, 0]


@given(
    st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1e308), min_size=1).filter(lambda w: any(w.values())),
    st.floats(0, 1),
)
def test_every_mixture_sums_to_one(weights, strength):
    result = mixture(NAMES, weights, strength)
    assert math.isclose(result.sum(), 1.0, abs_tol=1e-5)
    assert (result >= 0).all()
    assert result[PHOTO] >= 1 - strength - 1e-6


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("great_waev", "did you mean great_wave?"),
        ("cubism", "there are: great_wave, starry_night, the_scream"),
        ("", "empty name"),
        ("great_wave,", "empty name"),
        ("great_wave:x", "not a number"),
        ("great_wave:-1", "at least 0"),
        ("great_wave:nan", "at least 0"),
        ("great_wave:inf", "at least 0"),
        ("great_wave:0", "not all be 0"),
        ("great_wave,great_wave", "twice"),
        (["great_wave", "the_scream"], "not list"),
        (3, "not int"),
        ({"great_wave": "a"}, "must be a number"),
        ({3: 1.0}, "named by text"),
    ],
)
def test_wrong_styles_say_what_is_wrong(spec, words):
    with pytest.raises(StyleError, match=words.replace("?", r"\?")):
        mixture(NAMES, spec, 1.0)


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan, math.inf])
def test_wrong_strengths(strength):
    with pytest.raises(StyleError, match="between 0 and 1"):
        mixture(NAMES, "great_wave", strength)


def test_parse_and_label():
    assert parse_style("a:0.5,b:0.5") == {"a": 0.5, "b": 0.5}
    assert style_label("a:0.6,b:0.4") == "a+b"


def test_the_card_survives_the_file():
    assert Card.from_json(CARD.to_json()) == CARD
    assert CARD.names == ("photo", "great_wave")


def test_fields_of_later_versions_are_ignored():
    data = json.loads(CARD.to_json())
    later = {**data, "task": "scale", "styles": [{**style, "school": "ukiyo-e"} for style in data["styles"]]}
    assert Card.from_json(json.dumps(later)) == CARD


def test_older_cards_spell_the_license_in_another_way():
    data = json.loads(CARD.to_json())
    assert data["styles"][1].pop("license") == ""
    data["styles"][1]["licence"] = "public domain"
    assert Card.from_json(json.dumps(data)).styles[1].license == "public domain"


def test_a_card_is_read_without_loading_the_network(tmp_path):
    for bank in BANKS:
        assert read_card(gallery_model(bank)) == Stylizer(bank).card
    for name, data in {"text": b"not a model", "empty": b"", "half": gallery_model().read_bytes()[:1000]}.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        with pytest.raises(ModelError, match="not a readable ONNX model"):
            read_card(path)


def test_cards_that_cannot_be_read():
    with pytest.raises(ModelError, match="no Alla Prima card"):
        Card.from_json(None)
    with pytest.raises(ModelError, match="upgrade"):
        Card.from_json(json.dumps({**json.loads(CARD.to_json()), "format": 99}))
    without = json.loads(CARD.to_json())
    del without["steps"]
    with pytest.raises(ModelError, match="it has no 'steps'"):
        Card.from_json(json.dumps(without))
    for text in ("{", "[]", "{}", '{"format": 1, "styles": 3}', '{"format": 1, "styles": [3]}'):
        with pytest.raises(ModelError, match="cannot be read"):
            Card.from_json(text)
