"""The ComfyUI nodes: they paint what the package paints in PyTorch, bit for bit, and bring no dependency."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from allaprima.export.graph import StyleModel
from allaprima.gallery import BANKS, gallery_model
from allaprima.style_model import mixture
from allaprima.training.model_file import read_network
from allaprima.version import __version__
from integrations.comfy_host import Host, Interrupted
from support import checkered

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "integrations" / "comfyui" / "build.py"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("custom_nodes") / "alla_prima"
    subprocess.run([sys.executable, str(BUILD), str(folder)], check=True)
    return folder


@pytest.fixture
def host(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """With the nodes as ``host.nodes``."""
    host = Host(tmp_path)
    for name, module in host.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in [name for name in sys.modules if name.startswith("custom_nodes_")]:
        monkeypatch.delitem(sys.modules, name)
    host.nodes = host.load(pack)
    return host


def frames(count: int, width: int = 70, height: int = 52) -> torch.Tensor:
    return torch.stack([torch.from_numpy(checkered(width, height, seed)) for seed in range(count)]).float() / 255.0


@torch.inference_mode()
def by_the_package(bank: str, image: torch.Tensor, style: str, strength: float) -> torch.Tensor:
    card, network = read_network(gallery_model(bank))
    pixels = (255.0 * image).round().to(torch.uint8)
    return StyleModel(network).eval()(pixels, torch.from_numpy(mixture(card.names, style, strength)))


@pytest.mark.parametrize("bank", BANKS)
def test_frames_are_painted_bit_for_bit_as_the_package_paints_them(host: Any, bank: str):
    styles, names = host.run(host.nodes["AllaPrimaLoad"], model=bank)
    assert "great_wave" in names.splitlines()
    for style, strength in (("great_wave", 1.0), ("great_wave:0.6,irises:0.4", 0.7)):
        image = frames(3)
        (painted,) = host.run(
            host.nodes["AllaPrimaStylize"], image=image, styles=styles, style=style, strength=strength
        )
        assert painted.shape == image.shape
        assert painted.dtype == torch.float32
        assert torch.equal((255.0 * painted).round().to(torch.uint8), by_the_package(bank, image, style, strength))
    assert host.progress[-1] == (3, 3)


def test_chunks_change_nothing_and_the_user_may_stop_between_them(host: Any, monkeypatch):
    (styles, _), image = host.run(host.nodes["AllaPrimaLoad"], model="fast"), frames(5)
    stylize = host.nodes["AllaPrimaStylize"]
    (whole,) = host.run(stylize, image=image, styles=styles, style="udnie")
    bank = sys.modules["custom_nodes_alla_prima.bank"]
    monkeypatch.setattr(bank, "CHUNK", 2 * 70 * 52)
    host.progress.clear()
    (parts,) = host.run(stylize, image=image, styles=styles, style="udnie")
    assert host.progress == [(2, 5), (4, 5), (5, 5)]
    assert torch.equal(parts, whole)
    host.interrupted = True
    with pytest.raises(Interrupted):
        host.run(stylize, image=image, styles=styles, style="udnie")


def test_a_mask_says_where(host: Any):
    (styles, _), image = host.run(host.nodes["AllaPrimaLoad"], model="fast"), frames(2)
    stylize = host.nodes["AllaPrimaStylize"]
    (whole,) = host.run(stylize, image=image, styles=styles, style="udnie")
    mask = torch.zeros(52, 70)
    mask[:, :30], mask[:, 30:40] = 1.0, 0.5
    for form in (mask, mask[None], mask.expand(2, -1, -1)):
        (painted,) = host.run(stylize, image=image, styles=styles, style="udnie", mask=form)
        torch.testing.assert_close(painted[:, :, :30], whole[:, :, :30])
        torch.testing.assert_close(painted[:, :, 30:40], (whole + image)[:, :, 30:40] / 2)
        assert torch.equal(painted[:, :, 40:], image[:, :, 40:])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"style": "cubism"}, "there is no style cubism"),
        ({"image": frames(1, 12, 12)}, "at least 16 pixels"),
        ({"mask": torch.ones(2, 9, 9)}, "does not fit"),
    ],
)
def test_a_mistake_is_a_sentence(host: Any, change: dict[str, Any], words: str):
    styles, _ = host.run(host.nodes["AllaPrimaLoad"], model="fast")
    inputs = {"image": frames(1), "styles": styles, "style": "udnie", **change}
    with pytest.raises(Exception, match=words):
        host.run(host.nodes["AllaPrimaStylize"], **inputs)


def test_a_model_of_ones_own_is_loaded_and_a_broken_one_is_named(host: Any):
    folder = host.models / "allaprima"
    folder.mkdir(parents=True)
    (folder / "mine.onnx").write_bytes(gallery_model("fast").read_bytes())
    (folder / "broken.onnx").write_bytes(gallery_model("fast").read_bytes()[:5000])
    styles, _ = host.run(host.nodes["AllaPrimaLoad"], model="mine.onnx")
    assert "udnie" in styles.styles
    with pytest.raises(Exception, match=r"broken\.onnx is not a readable style model"):
        host.run(host.nodes["AllaPrimaLoad"], model="broken.onnx")


COMMAND = """#!{python}
import shutil, sys
words = sys.argv[1:]
assert words[0] == "train" and {{"--resume", "--overwrite"}} <= set(words), words
if words[words.index("--quality") + 1] == "best":
    sys.exit("allaprima: there is no VGG16 file here")
print("step 50 of 100: total 3", file=sys.stderr)
print("step 100 of 100: total 2", file=sys.stderr, flush=True)
from PIL import Image
assert Image.open(words[1]).size == (70, 52)
shutil.copy({model!r}, words[words.index("-o") + 1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script as a command")
def test_a_painting_is_learnt_by_the_command(host: Any, tmp_path: Path):
    command = tmp_path / "allaprima"
    command.write_text(COMMAND.format(python=sys.executable, model=str(gallery_model("fast"))))
    command.chmod(0o755)
    words = {"painting": frames(1), "name": "mine", "command": str(command)}
    (styles,) = host.run(host.nodes["AllaPrimaTrain"], **words)
    assert "udnie" in styles.styles
    assert host.progress[-2:] == [(50, 100), (100, 100)]
    assert (host.models / "allaprima" / "mine.onnx").exists()
    unfinished = host.models / "allaprima-training"
    assert list(unfinished.iterdir()) == []
    with pytest.raises(RuntimeError, match="there is no VGG16 file here"):
        host.run(host.nodes["AllaPrimaTrain"], **words, quality="best")
    with pytest.raises(RuntimeError, match="there is no command nowhere"):
        host.run(host.nodes["AllaPrimaTrain"], **{**words, "command": "nowhere"})
    with pytest.raises(ValueError, match="letters, digits"):
        host.run(host.nodes["AllaPrimaTrain"], **{**words, "name": "../mine"})
    host.interrupted = True
    for change in ({}, {}, {"quality": "draft"}, {"painting": frames(2)[1:]}):
        with pytest.raises(Interrupted):
            host.run(host.nodes["AllaPrimaTrain"], **{**words, **change})
    assert len(list(unfinished.iterdir())) == 4  # one that failed and three that can go on, of the same name


def test_installing_adds_no_dependency(pack: Path):
    """It imports what ComfyUI has, nothing of the package itself, and asks for nothing."""
    said = tomllib.loads((pack / "pyproject.toml").read_text())
    assert said["project"]["dependencies"] == []
    assert said["project"]["version"] == __version__
    assert set(said["tool"]["comfy"]) >= {"PublisherId", "DisplayName"}
    assert not (pack / "requirements.txt").exists()
    program = f"""
import importlib.util, sys
sys.path.insert(0, {str(pack.parent)!r})
for name in ("allaprima", "onnx", "onnxruntime", "click", "tifffile"):
    sys.modules[name] = None
import types
package = types.ModuleType("alla_prima"); package.__path__ = [{str(pack)!r}]; sys.modules["alla_prima"] = package
from alla_prima.bank import read_bank
from pathlib import Path
print(len(read_bank(Path({str(pack)!r}) / "models" / "fast.onnx").styles))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 1
