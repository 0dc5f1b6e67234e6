"""Core ML, where coremltools is installed. Paintings are macOS's own there; elsewhere the program is computed by us."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from allaprima.cli import app
from allaprima.conversion.convert import export
from allaprima.conversion.formats import FORMATS
from allaprima.conversion.size import Size
from allaprima.errors import ConversionError, OptionError
from allaprima.style_model import Card
from allaprima.training.model_file import read_network

ct = pytest.importorskip("coremltools", reason="the extra coreml is not installed")

SIZES = (Size(64, 96), Size(128, 128))


@pytest.fixture(scope="module")
def made(small):
    return export(small, "coreml", sizes=SIZES)


@pytest.fixture(scope="module")
def spec(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("coreml") / "small.mlpackage"
    assert made.write(path) == [path]
    assert [one.name for one in path.parent.iterdir()] == ["small.mlpackage"]
    return ct.models.MLModel(str(path), skip_model_load=True).get_spec()


@pytest.fixture(scope="module")
def baked(small):
    return export(small, "coreml", sizes=[Size(45, 70)], style="b", strength=0.8)


def operators(export):
    return [one for one in export.converted._program.functions["main"].operations if one.op_type != "const"]


def test_it_paints_as_the_style_model(made, baked):
    assert made.largest <= FORMATS["coreml"].tolerance
    assert baked.largest <= FORMATS["coreml"].tolerance


def test_its_ends_are_images_of_the_sizes_asked_for(spec):
    image, style = spec.description.input
    (stylized,) = spec.description.output
    assert (image.name, style.name, stylized.name) == ("image", "style", "stylized")
    for end in (image, stylized):
        sizes = [(one.height, one.width) for one in end.type.imageType.enumeratedSizes.sizes]
        assert sorted(sizes) == sorted(SIZES)
        assert (end.type.imageType.height, end.type.imageType.width) == SIZES[0]
    assert list(style.type.multiArrayType.shape) == [4]


def test_norms_are_written_out_unless_a_style_is_baked_in(made, baked):
    kinds = [Counter(one.op_type for one in operators(export)) for export in (made, baked)]
    assert all(kind["conv"] >= 12 for kind in kinds)
    assert [kind["instance_norm"] for kind in kinds] == [0, 9]
    for one in operators(baked):
        if one.op_type == "instance_norm":
            assert one.gamma.val is not None
            assert one.beta.val is not None


def test_its_weights_are_the_network_s(made, small):
    _, network = read_network(small)
    stored = [one.weight.val for one in operators(made) if one.op_type == "conv"]
    for layer in (network.down1, network.down2, network.blocks[0].first, network.blocks[2].second):
        weight = layer.conv.weight.detach().numpy()
        assert any(one.shape == weight.shape and np.array_equal(one, weight) for one in stored)


def test_it_says_what_it_is(spec, small):
    from allaprima.cards import read_card

    said = spec.description.metadata.userDefined
    assert Card.from_json(said["allaprima.card"]) == read_card(small)
    assert json.loads(said["allaprima.export"])["to"] == "coreml"
    assert "a, b, c" in spec.description.metadata.shortDescription


def test_several_sizes_are_multiples_of_the_stride(small):
    with pytest.raises(OptionError, match="multiples of 4: 45x70"):
        export(small, "coreml", sizes=[Size(45, 70), Size(64, 64)])


def test_the_shipped_bank_with_one_style(tmp_path):
    words = ["export", "fast", "--to", "coreml", "--size", "128x160", "--style", "great_wave:0.5,udnie:0.5"]
    app.main([*words, "-o", str(tmp_path / "x.mlpackage"), "--report", str(tmp_path / "r.json")], standalone_mode=False)
    assert json.loads((tmp_path / "r.json").read_text())["largest"] <= FORMATS["coreml"].tolerance
    assert (tmp_path / "x.mlpackage" / "Manifest.json").is_file()


def test_an_operator_that_is_not_known_is_said():
    from coremltools.converters.mil import Builder

    from allaprima.conversion import mil

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 3))])
    def program(x):
        return Builder.erf(x=x)

    with pytest.raises(ConversionError, match="has the operator erf, which cannot be checked"):
        mil.run(program, {"x": torch.zeros(1, 3)})


def test_operators_are_computed_by_their_definition():
    from coremltools.converters.mil import Builder

    from allaprima.conversion import mil

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 2, 6, 8))])
    def program(x):
        y = Builder.pad(x=x, pad=[0, 0, 0, 0, 1, 2, 3, 1], mode="reflect")
        y = Builder.pad(x=y, pad=[1, 0, 0, 2], mode="constant", constant_val=0.5)
        y = Builder.slice_by_index(x=y, begin=[0, 0, 1, 0], end=[0, 0, -1, 9], begin_mask=[True, True, False, False],
                                   end_mask=[True, True, False, False], stride=[1, 1, 2, 1])  # fmt: skip
        return Builder.reduce_mean(x=y, axes=[2], keep_dims=True)

    x = torch.arange(96.0).view(1, 2, 6, 8)
    expected = F.pad(F.pad(x, [3, 1, 1, 2], mode="reflect"), [0, 2, 1, 0], value=0.5)[:, :, 1:-1:2, :9].mean(2, True)
    (found,) = mil.run(program, {"x": x}).values()
    torch.testing.assert_close(found, expected)
