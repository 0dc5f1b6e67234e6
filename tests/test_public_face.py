"""What ``import allaprima`` gives, what it loads, and how a stylizer presents itself."""

from __future__ import annotations

import ast
import inspect
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from mypy import api as mypy

import allaprima
from allaprima import AllaPrimaError, Card, EngineError, ModelError, OptionError, Stylizer, errors
from allaprima.gallery import gallery_model
from allaprima.shortcuts import gallery
from support import checkered

STYLE = "udnie"
HEAVY = ("numpy", "PIL", "onnxruntime", "torch")


@pytest.mark.parametrize(
    ("program", "allowed"),
    [
        ("import allaprima; allaprima.__version__; dir(allaprima); allaprima.OptionError", set()),
        ("from allaprima.cli import app; app.main(['--version'], standalone_mode=False)", set()),
        ("from allaprima.cli import app; app.main(['--help'], standalone_mode=False)", set()),
        ("from allaprima.cli import app; app.main(['stylize', '--help'], standalone_mode=False)", {"numpy"}),
        ("from allaprima.cli import app; app.main(['styles'], standalone_mode=False)", {"numpy"}),
        ("import allaprima; allaprima.styles(); allaprima.styles('fine')", {"numpy"}),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(program, allowed):
    program += f"\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(result.stdout.splitlines()[-1])) <= allowed


def test_every_public_name_is_there():
    for name in allaprima.__all__:
        assert getattr(allaprima, name) is not None
        assert name in dir(allaprima)
    with pytest.raises(AttributeError, match="no attribute 'stilize'"):
        _ = allaprima.stilize


def test_type_checkers_see_the_same_names():
    """The imports for type checkers, the homes for Python and ``__all__`` are one list."""
    tree = ast.parse(inspect.getsource(allaprima))
    checking, _ = (node for node in tree.body if isinstance(node, ast.If))
    seen = {(alias.name, node.module) for node in checking.body for alias in node.names}
    assert seen == set(allaprima._HOME.items())
    assert {name for name, _ in seen} | {"__version__"} == set(allaprima.__all__)


def test_every_error_is_exported_and_has_a_standard_parent():
    family = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    assert set(family) <= set(allaprima.__all__)
    for error in set(family.values()) - {AllaPrimaError}:
        assert issubclass(error, AllaPrimaError)
        assert issubclass(error, (ValueError, OSError, RuntimeError, MemoryError))


def test_messages_speak_no_flags():
    """Options are named by an error's ``options``; the command line spells them in its own way."""
    wrong = []
    for path in Path(allaprima.__file__).parent.rglob("*.py"):
        if "cli" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise):
                texts = (t.value for t in ast.walk(node) if isinstance(t, ast.Constant) and isinstance(t.value, str))
                wrong += [f"{path.name}:{node.lineno}: {text}" for text in texts if " --" in text or "(--" in text]
    assert wrong == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"threads": "two"}, "threads must be a whole number of at least 1, not 'two'"),
        ({"threads": 0}, "threads must be a whole number of at least 1, not 0"),
        ({"threads": True}, "threads must be"),
        ({"memory": 1.5}, 'memory must be a number of bytes or text such as "1.5G", not 1.5'),
        ({"memory": 0}, "memory must be"),
        ({"memory": "lots"}, 'the memory "lots" is not an amount'),
        ({"exact": 1}, "exact must be True or False, not 1"),
        ({"engine": "tensorrt"}, "engine must be one of: onnxruntime, openvino, openvino-bf16"),
    ],
)
def test_arguments_are_checked_at_once(arguments, words):
    with pytest.raises(OptionError, match=words):
        Stylizer(**arguments)


def test_a_model_must_be_a_bank_or_a_path(tmp_path):
    for wrong in (3, tmp_path / "none.onnx", "slow"):
        with pytest.raises(ModelError):
            Stylizer(wrong)
    assert issubclass(EngineError, RuntimeError)


def test_memory_may_be_text():
    picture = checkered(300, 200)
    whole = Stylizer().stylize(picture, STYLE).astype(int)
    for memory in ("1M", 2**20):
        assert np.abs(Stylizer(memory=memory).stylize(picture, STYLE) - whole).max() <= 1


def test_progress_ends_with_all_the_work():
    picture, told = checkered(300, 200), []
    Stylizer().stylize(picture, STYLE, progress=lambda *work: told.append(work))
    assert told == [(1, 1)]
    told.clear()
    Stylizer(memory="1M").stylize(picture, STYLE, progress=lambda *work: told.append(work))
    assert len(told) > 3
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_repr_says_model_styles_and_engine(tmp_path):
    assert repr(Stylizer()) == ("<Stylizer fast: 20 styles (great_wave, starry_night, the_scream, …), onnxruntime>")
    copy = tmp_path / "mine.onnx"
    copy.write_bytes(gallery_model("fine").read_bytes())
    assert repr(Stylizer(copy)).startswith(f"<Stylizer {copy}: 20 styles")


def painted_by(stylizer: Stylizer) -> np.ndarray:
    return stylizer.stylize(checkered(40, 32), STYLE)


def test_a_stylizer_goes_to_another_process(tmp_path, monkeypatch):
    (tmp_path / "mine.onnx").write_bytes(gallery_model().read_bytes())
    monkeypatch.chdir(tmp_path)
    original = Stylizer("mine.onnx", threads=1, memory="1G", exact=True)
    monkeypatch.chdir("/")
    copy = pickle.loads(pickle.dumps(original))
    assert repr(copy) == repr(original)
    assert len(pickle.dumps(original)) < 1000  # the model's name, not its weights
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert np.array_equal(
            pool.submit(Stylizer.stylize, original, checkered(40, 32), STYLE).result(), painted_by(copy)
        )


def test_threads_share_a_stylizer_and_the_gallerys_is_loaded_once():
    stylizer = Stylizer(threads=1)
    pictures = [checkered(64, 48, seed) for seed in range(12)]
    expected = [stylizer.stylize(picture, STYLE) for picture in pictures]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda picture: stylizer.stylize(picture, STYLE), pictures))
        shared = list(pool.map(lambda _: gallery(), range(12)))
    assert all(map(np.array_equal, found, expected))
    assert len(set(map(id, shared))) == 1


def test_looks_and_pictures_can_be_compared_and_kept_in_sets():
    stylizer = Stylizer()
    mask = np.zeros((4, 4), np.uint8)
    one, other = (stylizer.look(STYLE, mask=mask) for _ in range(2))
    assert one == one  # noqa: PLR0124 - an array inside raised here
    assert one != other
    assert len({one, other}) == 2
    assert isinstance(stylizer.card, Card)


def test_a_look_has_the_models_only_style_and_is_checked_against_it():
    with pytest.raises(allaprima.StyleError, match="did you mean udnie"):
        Stylizer().look("udnei")
    with pytest.raises(allaprima.StyleError, match="choose a style"):
        Stylizer().look()
    with pytest.raises(allaprima.StyleError, match="there is no style cubism"):
        Stylizer().look(STYLE, mask=np.zeros((4, 4), np.uint8), mask_style="cubism")


RIGHT = """
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import allaprima
from allaprima import OptionError, Stylizer


def right(pixels: NDArray[np.uint8], image: Image.Image, data: bytes) -> None:
    painted: Image.Image = allaprima.stylize("photo.jpg", style="udnie", color="photo", mask="sky.png")
    painted = allaprima.stylize(Path("photo.jpg"), {"udnie": 0.6, "cossacks": 0.4}, 0.8, stroke="own")
    painted = allaprima.stylize(io.BytesIO(data), "udnie")
    painted = allaprima.stylize(open("photo.jpg", "rb"), "udnie")
    painted = allaprima.stylize(image, "udnie", progress=lambda done, total: None)
    array: NDArray[np.uint8] = allaprima.stylize(pixels, "udnie", stroke=512, size=300, mask=pixels > 3)
    encoded: bytes = allaprima.stylize(data, "udnie", quality=80)
    encoded = allaprima.stylize(bytearray(data), "udnie")
    encoded = allaprima.stylize("photo.jpg", "udnie", format="webp", quality=80)
    stylizer = Stylizer("fine", threads=2, memory="1.5G", exact=True, engine="onnxruntime")
    array = stylizer.stylize(pixels, "udnie")
    path: Path = stylizer.stylize_file("photo.jpg", "painting.png", "udnie", overwrite=True)
    reasons: list[str] = [outcome.reason for outcome in allaprima.stylize_files(["a.jpg", path], "out", "udnie")]
    names: list[str] = [style.name for style in stylizer.styles] + [style.title for style in allaprima.styles()]
    look: allaprima.Look = stylizer.look("udnie", mask=image, feather=3)
    try:
        stylizer.stylize(image)
    except OptionError as error:
        print(error.options)
"""

WRONG = """
import allaprima

allaprima.stylize("photo.jpg", style="udnie", colour="photo")
allaprima.stylize("photo.jpg", color="sepia")
allaprima.stylize("photo.jpg", strength="0.5")
allaprima.stylize("photo.jpg", stroke="big")
allaprima.stylize("photo.jpg", stroke=None)
allaprima.stylize(["a.jpg", "b.jpg"], "udnie")
allaprima.stylize(None, "udnie")
allaprima.stylize("photo.jpg", "udnie", 1.0, "auto")
text: str = allaprima.stylize(b"", "udnie")
allaprima.Stylizer(threads="two")
allaprima.Stylizer().stylize_file("photo.jpg")
allaprima.stilize("photo.jpg")
allaprima.stylize_files([b"data"], style="udnie")
"""


def test_user_code_is_type_checked(tmp_path):
    """mypy --strict finds every mistake, line by line, and nothing where there is none."""
    for name, text in {"right.py": RIGHT, "wrong.py": WRONG}.items():
        (tmp_path / name).write_text(text)
    source = Path(allaprima.__file__).parents[1]
    options = [
        "--strict",
        "--no-error-summary",
        f"--cache-dir={tmp_path / 'cache'}",
        f"--config-file={tmp_path / 'no'}",
    ]
    (tmp_path / "no").write_text("[mypy]\nfollow_imports_for_stubs = True\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", str(source))
        out, err, _ = mypy.run([*options, str(tmp_path / "right.py"), str(tmp_path / "wrong.py")])
    lines = [line for line in out.splitlines() if ": error:" in line]
    assert not [line for line in lines if "wrong.py" not in line], out + err
    found = {int(line.split(":")[1]) for line in lines}
    calls = {number for number, line in enumerate(WRONG.splitlines(), 1) if "(" in line}
    assert found == calls, "\n".join(lines)
