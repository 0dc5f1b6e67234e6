"""The comparison from end to end with tiny networks of random weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.torch import save_file

import compare
from allaprima.errors import ModelError
from allaprima.evaluation.painters import file_sha256
from allaprima.gallery import gallery_model
from judges import lite0, squeezenet
from judges.faces import Faces, open_centerface, strongest
from judges.hed import BLOCKS, read_hed
from judges.judge import Scene

GENERATOR = torch.Generator().manual_seed(0)


def random(*shape: int) -> torch.Tensor:
    fan = int(np.prod(shape[1:])) or 1
    return torch.randn(shape, generator=GENERATOR) * (2 / fan) ** 0.5


@pytest.fixture(scope="session")
def squeezenet_file(tmp_path_factory) -> Path:
    weights = {"features.0.weight": random(8, 3, 7, 7), "features.0.bias": torch.zeros(8)}
    inputs = 8
    for number in squeezenet.FIRES.values():
        for part, kernel in (("squeeze", 1), ("expand1x1", 1), ("expand3x3", 3)):
            shape = (4, inputs, 1, 1) if part == "squeeze" else (6, 4, kernel, kernel)
            weights[f"features.{number}.{part}.weight"] = random(*shape)
            weights[f"features.{number}.{part}.bias"] = torch.zeros(shape[0])
        inputs = 12
    path = tmp_path_factory.mktemp("judges") / "squeezenet.safetensors"
    save_file(weights, path)
    return path


@pytest.fixture(scope="session")
def hed_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("judges") / "hed.h5"
    with h5py.File(path, "w") as file:

        def write(place: str, outputs: int, inputs: int, kernel: int) -> None:
            file[f"{place}/vars/0"] = random(outputs, inputs, kernel, kernel).permute(2, 3, 1, 0).numpy()
            file[f"{place}/vars/1"] = np.zeros(outputs, np.float32)

        inputs = 3
        for block, convolutions in enumerate(BLOCKS, 1):
            for number in range(convolutions):
                write(f"block{block}/layers/conv2d{f'_{number}' if number else ''}", 4, inputs, 3)
                inputs = 4
            write(f"dsn{block}", 1, 4, 1)
        write("fuse", 1, 5, 1)
    return path


@pytest.fixture(scope="session")
def lite0_file(tmp_path_factory) -> Path:
    weights: dict[str, torch.Tensor] = {}

    def norm(name: str, channels: int) -> None:
        for key, value in (("running_mean", 0.0), ("running_var", 1.0), ("weight", 1.0), ("bias", 0.0)):
            weights[f"{name}.{key}"] = torch.full((channels,), value)

    weights["_conv_stem.weight"] = random(8, 3, 3, 3)
    norm("_bn0", 8)
    for number, block in enumerate(lite0.BLOCKS):
        name = f"_blocks.{number}"
        wide = 8
        if number:
            wide = 16
            weights[f"{name}._expand_conv.weight"] = random(wide, 8, 1, 1)
            norm(f"{name}._bn0", wide)
        weights[f"{name}._depthwise_conv.weight"] = random(wide, 1, block.kernel, block.kernel)
        norm(f"{name}._bn1", wide)
        weights[f"{name}._project_conv.weight"] = random(8, wide, 1, 1)
        norm(f"{name}._bn2", 8)
    path = tmp_path_factory.mktemp("judges") / "lite0.pth"
    torch.save(weights, path)
    return path


@pytest.fixture(scope="session")
def faces_file(tmp_path_factory) -> Path:
    """A detector that is sure of a face wherever it is bright; sizes are written in, as in the real one."""
    bright, nothing = np.full((1, 3, 4, 4), 0.05 / 48, np.float32), np.zeros((2, 3, 4, 4), np.float32)
    nodes, weights = [], []
    for name, kernel, bias in (("heat", bright, -6.0), ("scale", nothing, 3.0), ("shift", nothing, 0.0)):
        weights.append(numpy_helper.from_array(kernel, f"{name}.kernel"))
        weights.append(numpy_helper.from_array(np.full(len(kernel), bias, np.float32), f"{name}.bias"))
        inputs = ["input.1", f"{name}.kernel", f"{name}.bias"]
        made = "logits" if name == "heat" else name
        nodes.append(helper.make_node("Conv", inputs, [made], kernel_shape=[4, 4], strides=[4, 4]))
    nodes.append(helper.make_node("Sigmoid", ["logits"], ["heat"]))
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [10, 3, 32, 32])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [10, channels, 8, 8])
            for name, channels in (("heat", 1), ("scale", 2), ("shift", 2))
        ],
        weights,
    )
    path = tmp_path_factory.mktemp("judges") / "faces.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_faces_are_found_in_pictures_of_any_size_and_seen_to_go(faces_file):
    photo = np.zeros((70, 100, 3), np.uint8)
    photo[20:30, 40:50] = 255
    detector = Faces(faces_file)
    scene = Scene(photo, "digest", "face")
    assert len(strongest(*detector.find(photo))) == 1
    assert detector.terms(scene, photo, "")["faces"] > 0.9
    assert detector.terms(scene, np.zeros_like(photo), "")["faces"] < 0.1
    assert detector.terms(Scene(np.zeros_like(photo), "dark", "night"), photo, "") == {}


@pytest.fixture
def comparison(photos, paintings, vgg16_file, squeezenet_file, hed_file, lite0_file, tmp_path, monkeypatch):
    """Run the command on two photographs; -> the file of results."""
    listed = tmp_path / "two.tsv"
    files = [photos / name for name in ("0.jpg", "2.jpg")]
    listed.write_text("".join(f"{f.name}\t{file_sha256(f)}\tnight\n" for f in files))
    monkeypatch.setattr(compare.os, "nice", lambda _: 0)
    judges = ["--vgg16", vgg16_file, "--squeezenet", squeezenet_file, "--hed", hed_file, "--verdict", lite0_file]
    inputs = ["--photos", photos, "--sets", listed, "--styles", f"great_wave={paintings[0]}", f"udnie={paintings[1]}"]
    outputs = ["--log", tmp_path / "log.jsonl", "-o", tmp_path / "out.json"]

    def run(*words: str | Path) -> dict:
        command = ["compare.py", *words, *inputs, *judges, "--size", 64, "--strengths", "0.5,1", *outputs]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        compare.main()
        return json.loads((tmp_path / "out.json").read_text())

    return run


def test_models_are_compared_drawn_and_not_measured_twice(comparison, tmp_path, capsys):
    twin = tmp_path / "twin.onnx"
    twin.write_bytes(gallery_model("fast").read_bytes())
    data = comparison(twin, "--reference", "fast", "--sheet", tmp_path / "sheet.png")
    assert data["reference"] == "fast"
    assert data["models"]["fast"] == data["models"]["twin"]
    (found,) = data["sets"].values()
    assert found["photos"] == ["0.jpg", "2.jpg"]
    assert [(row["painter"], row["strength"]) for row in found["distances"][:5]] == [
        ("photograph", 0.0), ("fast", 0.5), ("fast", 1.0), ("twin", 0.5), ("twin", 1.0),
    ]  # fmt: skip
    untouched = found["distances"][0]["judges"]
    assert all(untouched[judge]["content"] == 0.0 for judge in ("vgg16", "squeezenet", "hed", "lite0"))
    assert {row["judge"] for row in found["equal_content"]} == {
        "vgg16", "squeezenet", "lite0", "hed/squeezenet", "hed/lite0",
    }  # fmt: skip
    assert all(row["ratio"] == 1.0 and row["interval"] is None for row in found["equal_content"])
    assert all(row["difference"] == 0.0 for row in found["index_differences"])
    assert {row["painter"] for row in data["probes"]} == {"fast", "twin"}
    with Image.open(tmp_path / "sheet_great_wave.png") as image:
        assert image.width == 3 * (384 + 2)
    assert "| all · twin |" in capsys.readouterr().out

    log = tmp_path / "log.jsonl"
    lines = log.read_text()
    again = comparison(twin, "--reference", "fast")
    assert log.read_text() == lines
    assert again["sets"] == data["sets"]


def test_what_is_missing_is_said_in_one_line(comparison, tmp_path):
    with pytest.raises(SystemExit, match=r"^compare: there is no style model at .*none\.onnx"):
        comparison(tmp_path / "none.onnx", "--reference", "fast")


def test_weights_of_something_else_are_refused(tmp_path):
    for read in (
        lambda path: squeezenet.squeezenet(path, {}),
        lambda path: lite0.lite0(path, {}),
        read_hed,
        open_centerface,
    ):
        wrong = tmp_path / "wrong"
        wrong.write_bytes(b"not a network")
        with pytest.raises(ModelError, match="does not hold"):
            read(wrong)
