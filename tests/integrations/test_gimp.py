"""The GIMP plug-in: its pipe paints what the command paints; the plug-in itself runs in a stub of GIMP's Python."""

from __future__ import annotations

import importlib.util
import io
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support import checkered

FOLDER = Path(__file__).parents[2] / "integrations" / "gimp" / "alla-prima"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script as a command")


@pytest.fixture(scope="module")
def pipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pipe", FOLDER / "pipe.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def command(tmp_path: Path) -> str:
    """The command, as an environment of its own has it: the variables of GIMP's Python do not reach it."""
    path = tmp_path / "bin" / "allaprima"
    path.parent.mkdir()
    source = Path(__file__).parents[2] / "src"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{source}" exec "{sys.executable}" -m allaprima "$@"\n')
    path.chmod(0o755)
    return str(path)


def with_alpha(width: int = 60, height: int = 44) -> np.ndarray:
    alpha = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    return np.dstack([checkered(width, height), alpha])


@pytest.mark.parametrize("pixels", [checkered(37, 21), with_alpha(37, 21)])
def test_a_png_is_what_it_was_made_of(pipe, pixels):
    height, width, channels = pixels.shape
    picture = Image.open(io.BytesIO(pipe.png(pixels.tobytes(), width, height, channels)))
    assert np.array_equal(np.asarray(picture), pixels)
    with pytest.raises(ValueError, match="are not 38×21 pixels"):
        pipe.png(pixels.tobytes(), 38, 21, channels)


def test_the_pipe_paints_what_the_command_paints(pipe, command, tmp_path, monkeypatch):
    pixels = checkered(60, 44)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    words = [command, "stylize", "photo.png", "-s", "udnie", "--strength", "0.5", "-o", "painted.png"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv("PYTHONHOME", "/gimp/has/its/own")
    painted = pipe.stylize(pipe.png(pixels.tobytes(), 60, 44, 3), "udnie", 0.5, command)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(painted))), np.asarray(Image.open(tmp_path / "painted.png")))


def test_a_mistake_is_the_commands_own_sentence(pipe, command):
    picture = pipe.png(checkered(60, 44).tobytes(), 60, 44, 3)
    with pytest.raises(RuntimeError, match="there is no style cubism"):
        pipe.stylize(picture, "cubism", 1.0, command)
    with pytest.raises(RuntimeError, match="There is no command nowhere"):
        pipe.stylize(picture, "udnie", 1.0, "nowhere")


class Gimp:
    """As much of GIMP 3 as the plug-in meets. An image is a list of layers, each with pixels and offsets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dialog: bool = True) -> None:
        self.started: list[Any] = []
        self.asked = 0
        gimp = self

        class PlugIn:
            __gtype__ = "AllaPrima"

            @staticmethod
            def error_quark() -> int:
                return 1

        class Dialog:
            def fill(self, names: None) -> None:
                gimp.asked += 1

            def run(self) -> bool:
                return dialog

            def destroy(self) -> None: ...

        class Procedure:
            def __init__(self, run: Any) -> None:
                self.run, self.arguments = run, {}

            def __getattr__(self, name: str) -> Any:
                assert name in {"set_image_types", "set_sensitivity_mask", "set_menu_label", "add_menu_path",
                                "set_documentation", "set_attribution"}, name  # fmt: skip
                return lambda *_: None

            def add_string_argument(self, name: str, label: str, blurb: str, default: str, flags: int) -> None:
                self.arguments[name] = default

            def add_double_argument(
                self, name: str, label: str, blurb: str, low: float, high: float, default: float, flags: int
            ) -> None:
                assert low <= default <= high
                self.arguments[name] = default

            def new_return_values(self, status: str, error: str | None) -> tuple[str, str | None]:
                return status, error

        def load(mode: str, image: Any, path: str) -> Layer:
            return Layer(np.asarray(Image.open(path)))

        self.repository = SimpleNamespace(
            Gegl=SimpleNamespace(
                Rectangle=SimpleNamespace(new=lambda *four: four), AbyssPolicy=SimpleNamespace(CLAMP="clamp")
            ),
            Gimp=SimpleNamespace(
                PlugIn=PlugIn, main=lambda kind, words: None, displays_flush=lambda: None, file_load_layer=load,
                ImageProcedure=SimpleNamespace(new=lambda plug_in, name, kind, run, data: Procedure(run)),
                PDBProcType=SimpleNamespace(PLUGIN="plugin"),
                ProcedureSensitivityMask=SimpleNamespace(DRAWABLE=1),
                RunMode=SimpleNamespace(INTERACTIVE="interactive", NONINTERACTIVE="noninteractive"),
                PDBStatusType=SimpleNamespace(CANCEL="cancel", SUCCESS="success", EXECUTION_ERROR="error"),
            ),
            GimpUi=SimpleNamespace(
                init=lambda name: None, ProcedureDialog=SimpleNamespace(new=lambda *_: Dialog())
            ),
            Gio=SimpleNamespace(File=SimpleNamespace(new_for_path=lambda path: path)),
            GLib=SimpleNamespace(Error=SimpleNamespace(new_literal=lambda quark, words, code: words)),
            GObject=SimpleNamespace(ParamFlags=SimpleNamespace(READWRITE=3)),
        )  # fmt: skip
        gi, repository = ModuleType("gi"), ModuleType("gi.repository")
        vars(gi).update(require_version=lambda name, version: None, repository=repository)
        vars(repository).update(vars(self.repository))
        monkeypatch.setitem(sys.modules, "gi", gi)
        monkeypatch.setitem(sys.modules, "gi.repository", repository)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.delitem(sys.modules, "pipe", raising=False)
        self.plug_in = runpy.run_path(str(FOLDER / "alla-prima.py"))["AllaPrima"]()
        monkeypatch.delitem(sys.modules, "pipe", raising=False)
        (name,) = self.plug_in.do_query_procedures()
        self.procedure = self.plug_in.do_create_procedure(name)

    def run(self, image: Any, layers: list[Layer], mode: str = "noninteractive", **changes: Any) -> Any:
        values = {**self.procedure.arguments, **changes}
        config = SimpleNamespace(get_property=values.__getitem__)
        return self.procedure.run(self.procedure, mode, image, layers, config, None)


class Layer:
    def __init__(self, pixels: np.ndarray, offsets: tuple[int, int] = (0, 0)) -> None:
        self.pixels, self.offsets, self.name = pixels, offsets, ""

    def get_width(self) -> int:
        return self.pixels.shape[1]

    def get_height(self) -> int:
        return self.pixels.shape[0]

    def has_alpha(self) -> bool:
        return self.pixels.shape[2] == 4

    def get_parent(self) -> None:
        return None

    def get_offsets(self) -> tuple[bool, int, int]:
        return True, *self.offsets

    def set_offsets(self, x: int, y: int) -> None:
        self.offsets = x, y

    def set_name(self, name: str) -> None:
        self.name = name

    def get_buffer(self) -> Layer:
        return self

    def get(self, place: tuple[int, ...], scale: float, kind: str, abyss: str) -> bytes:
        assert place == (0, 0, self.get_width(), self.get_height())
        assert kind == ("R'G'B'A u8" if self.has_alpha() else "R'G'B' u8")
        return self.pixels.tobytes()


class Picture:
    def __init__(self, *layers: Layer) -> None:
        self.layers, self.groups = list(layers), 0

    def get_item_position(self, layer: Layer) -> int:
        return self.layers.index(layer)

    def insert_layer(self, layer: Layer, parent: None, position: int) -> None:
        self.layers.insert(position, layer)

    def undo_group_start(self) -> None:
        self.groups += 1

    def undo_group_end(self) -> None:
        self.groups -= 1


@pytest.mark.parametrize("pixels", [checkered(60, 44), with_alpha()])
def test_the_painting_is_a_new_layer_above_the_old_one(pixels, command, monkeypatch, pipe):
    gimp, below, layer = Gimp(monkeypatch), Layer(checkered(90, 70)), Layer(pixels, (7, 9))
    image = Picture(layer, below)
    status, _ = gimp.run(image, [layer], style="udnie", command=command)
    assert (status, image.groups) == ("success", 0)
    assert image.layers[1:] == [layer, below]
    new = image.layers[0]
    assert (new.offsets, new.name) == ((7, 9), "udnie")
    painted = pipe.stylize(pipe.png(pixels.tobytes(), 60, 44, pixels.shape[2]), "udnie", 1.0, command)
    assert np.array_equal(new.pixels, np.asarray(Image.open(io.BytesIO(painted))))
    assert new.pixels.shape == pixels.shape
    assert not np.array_equal(new.pixels, pixels)


def test_it_asks_and_may_be_cancelled(monkeypatch):
    gimp, layer = Gimp(monkeypatch, dialog=False), Layer(checkered(60, 44))
    image = Picture(layer)
    assert gimp.run(image, [layer], "interactive")[0] == "cancel"
    assert gimp.asked == 1
    assert image.layers == [layer]


def test_what_goes_wrong_is_said_and_changes_nothing(monkeypatch, command):
    gimp, layer = Gimp(monkeypatch), Layer(checkered(60, 44))
    image = Picture(layer)
    for changes, words in (
        ({"command": "nowhere"}, "There is no command nowhere"),
        ({"command": command, "style": "cubism"}, "there is no style cubism"),
    ):
        status, error = gimp.run(image, [layer], **changes)
        assert status == "error"
        assert words in error
    assert gimp.run(image, [], style="udnie")[1] == "Choose one layer."
    assert (image.layers, image.groups) == ([layer], 0)


def test_gimp_can_start_it():
    """In a folder of its name, and executable, as GIMP 3 wants it; nothing but gi and Python's library is imported."""
    script = FOLDER / "alla-prima.py"
    assert script.parent.name == script.stem
    assert script.stat().st_mode & stat.S_IXUSR
