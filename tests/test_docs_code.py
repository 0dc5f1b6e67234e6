"""The code in the documents runs: Python, and the command; what cannot run here is read, so that its options exist.

Each page has a folder of its own with a photograph, a clip, paintings and whatever else its code names. Trainings and
optimizations are cut to a step. A block that is not run has its reason above it, a foreign program in ``FOREIGN``.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import chdir
from fractions import Fraction
from functools import cache
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from allaprima.cli import app
from allaprima.gallery import gallery_model
from doc_code import FOREIGN, PAGES, ROOT, Block, blocks, commands, mentioned, program
from studios import start_studio
from support import checkered, random_vgg16

SMALL = {
    "train": ["--steps", "1", "--size", "64", "--style-size", "64", "--threads", "1", "--overwrite"],
    "optimize": ["--iterations", "1", "--size", "64", "--overwrite"],
    "evaluate": ["--count", "1", "--iterations", "1", "--size", "64", "--timed-size", "64"],
}
"""What is added to a command, so that it takes a second instead of minutes; the last of two values counts."""
TRAIN = ("train", "painting.jpg", "-o", "painting.onnx")
"""The training of all pages; what it makes is also their ``mine.onnx``."""
STUDIO = "http://127.0.0.1:8321/"
MATERIAL = ("photo.jpg", "painting.jpg", "a.jpg", "b.jpg", "wave.jpg", "holiday/one.jpg", "val/one.jpg")


@pytest.fixture(scope="session")
def material(tmp_path_factory) -> Path:
    """What the documents' code reads."""
    folder = tmp_path_factory.mktemp("material")
    for number, name in enumerate((*MATERIAL, "paintings/painting.jpg", "examples/astronaut.jpg")):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(checkered(120, 80, number)).save(folder / name)
    Image.fromarray(np.full((80, 120), 255, np.uint8)).save(folder / "sky.png")
    shutil.copy(gallery_model(), folder / "fast.onnx")
    (folder / "token.txt").write_text("secret\n")
    return folder


@pytest.fixture
def folder(material, tmp_path, monkeypatch) -> Path:
    """A copy of it, for one page."""
    shutil.copytree(material, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add_clips(folder: Path) -> None:
    """A clip of 16 seconds with sound, and one for a mask."""
    pytest.importorskip("av", reason="the extra video is not installed")
    from film.clips import make_clip

    frames = [checkered(64, 48, number // 8) for number in range(32)]
    make_clip(folder / "clip.mp4", frames, rate=Fraction(2), sound=1)
    make_clip(folder / "matte.mp4", [np.full((48, 64, 3), 255, np.uint8)] * 32, rate=Fraction(2))


@cache
def vgg16(folder: Path) -> Path:
    """A loss network of random weights in place of the one that is downloaded."""
    pytest.importorskip("torch", reason="the extra train is not installed")
    from safetensors.torch import save_file

    path = folder / "vgg16.safetensors"
    save_file({name: value.half() for name, value in random_vgg16().items()}, path)
    return path


@cache
def trained(folder: Path, words: tuple[str, ...]) -> bytes:
    """The model that a training makes; pages that have the same command share one training."""
    target = words[words.index("-o") + 1]
    with chdir(folder):
        app.main([*words, *SMALL["train"]], prog_name="allaprima", standalone_mode=False)
        return Path(target).read_bytes()


def prepare(folder: Path, material: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only some pages need."""
    if "clip.mp4" in code:
        add_clips(folder)
    if re.search(r"allaprima (train|optimize|evaluate)|training\.vgg16|mine\.onnx", code):
        monkeypatch.setenv("ALLAPRIMA_VGG16", str(vgg16(material)))
    if "mine.onnx" in code:
        (folder / "mine.onnx").write_bytes(trained(material, TRAIN))


def having(*languages: str, run: bool = True) -> list[Path]:
    """The pages with blocks in these languages that are run, or are not."""
    return [page for page in PAGES if any(bool(block.reason) != run for block in blocks(page, *languages))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_every_block_says_in_what_it_is_written():
    for page in PAGES:
        for block in blocks(page, "bash", "shell", "console", "py", "python3", "pycon"):
            pytest.fail(f"{name_of(page)}: {block.language} is written sh or python, which are run")


@pytest.mark.parametrize("page", having("python"), ids=name_of)
def test_python_in_the_documents_runs(page, folder, material, monkeypatch):
    found = [block for block in blocks(page, "python") if not block.reason]
    prepare(folder, material, "".join(block.text for block in found), monkeypatch)
    import allaprima

    frame = checkered(64, 48)
    names = {"allaprima": allaprima, "frame": frame, "photo": frame, "frames": [frame]}
    for block in found:
        text = block.text.replace("iterations=100", "iterations=1")
        exec(compile(text, name_of(page), "exec"), names)


@pytest.mark.parametrize("page", having("sh"), ids=name_of)
def test_commands_in_the_documents_run(page, folder, material, monkeypatch, capfd, request):
    found = [block for block in blocks(page, "sh") if not block.reason]
    prepare(folder, material, "".join(block.text for block in found), monkeypatch)
    if any("curl" in map(program, commands(line)) for block in found for line in block.lines()):
        if shutil.which("curl") is None:
            pytest.skip("there is no curl")
        studio = Studio(folder)
        request.addfinalizer(studio.stop)
    for block in found:
        for line in block.lines():
            if "curl" in map(program, commands(line)):
                studio.ask(line)
            elif not any(program(words) in FOREIGN for words in commands(line)):
                run(line, folder, material)
    capfd.readouterr()


def run(line: str, folder: Path, material: Path) -> None:
    """A line of the shell: in this process, unless it is more than one command of ours."""
    simple = list(commands(line))
    if len(simple) == 1 and program(simple[0]) == "allaprima" and ">" not in line:
        words = simple[0][1:]
        if words[0] == "train":
            (folder / words[words.index("-o") + 1]).write_bytes(trained(material, tuple(words)))
            return
        result = app.main([*words, *more(words)], prog_name="allaprima", standalone_mode=False)
        assert not result, (line, result)
        return
    script = folder / "allaprima"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m allaprima "$@"\n')
    script.chmod(0o755)
    shell(line, {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"})


def more(words: list[str]) -> list[str]:
    """What is added to a command, so that it is quick, and may come again."""
    if words[0] == "stylize":
        return [] if {"--overwrite", "--resume", "--help", "-"} & set(words) else ["--overwrite"]
    return SMALL.get(words[0], [])


def shell(line: str, environment: dict[str, str]) -> bytes:
    """What a line by the shell says on stdout; any of its commands may fail it."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    command = [bash, "-euo", "pipefail", "-c", line]
    result = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False)
    assert result.returncode == 0, (line, result.stderr.decode())
    return result.stdout


class Studio:
    """A server that the requests of a page share, started when the first is made."""

    def __init__(self, folder: Path) -> None:
        self.process, self.address = start_studio(folder)
        self.job = ""
        ready = "until curl -sf {}readyz; do sleep 0.2; done"
        shell(ready.format(self.address), {})

    def ask(self, line: str) -> None:
        """A request; ``ID`` in its address is that of the job that was begun last."""
        line = line.replace(STUDIO, self.address).replace("/jobs/ID", f"/jobs/{self.job}")
        answer = shell(f'curl() {{ command curl -sS --fail "$@"; }}\n{line}', {})
        if place := re.search(rb"(?i)^location: .*/jobs/([\w-]+)", answer, re.MULTILINE):
            self.job = place[1].decode()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate()


QUICK = ("stylize", "styles", "optimize")
"""Verbs whose examples in help and man pages are run; those of the others are in the documents, too, or never end."""


def examples() -> list[tuple[str, str]]:
    """The examples in the help of each verb."""
    context = click.Context(app)
    commands = [app.get_command(context, verb) for verb in app.list_commands(context)]
    return [(command.name, line) for command in commands for line, _ in command.examples]


@pytest.mark.parametrize("verb", QUICK)
def test_the_examples_of_the_help_run(verb, folder, material, monkeypatch, capfd):
    lines = [line for name, line in examples() if name == verb]
    prepare(folder, material, "".join(lines), monkeypatch)
    for line in lines:
        run(line, folder, material)
    capfd.readouterr()


def test_the_examples_of_public_docstrings_run(folder, capfd):
    import allaprima

    names = {"allaprima": allaprima, "stylizer": allaprima.Stylizer(), "frames": [checkered(64, 48)] * 2}
    for documented in (allaprima, allaprima.stylize_files, allaprima.Stylizer.session):
        found = doctest.DocTestParser().get_examples(documented.__doc__)
        assert found, documented
        for example in found:
            exec(example.source, names)
    assert [painting.shape for painting in names["paintings"]] == [(48, 64, 3)] * 2
    capfd.readouterr()


def every_line() -> list[tuple[Path, str]]:
    """All lines of the shell, also those that are not run, the commands in the text, and the examples of the help."""
    lines = [(page, line) for page in PAGES for block in blocks(page, "sh") for line in block.lines()]
    lines += [(page, line) for page in PAGES for line in mentioned(page)]
    return lines + [(ROOT / "src" / "allaprima" / "cli" / f"{verb}.py", line) for verb, line in examples()]


def test_every_option_that_the_documents_name_exists():
    context = click.Context(app, info_name="allaprima")
    checked = 0
    for page, line in every_line():
        for words in commands(line):
            if program(words) != "allaprima" or words[1].startswith("-"):
                continue
            command = app.get_command(context, words[1])
            assert command is not None, (name_of(page), line)
            try:
                command.make_parser(click.Context(command, context)).parse_args(words[2:])
            except click.UsageError as error:
                pytest.fail(f"{name_of(page)}: {line}: {error.format_message()}")
            checked += 1
    assert checked > 100


def test_every_script_and_every_extra_that_the_documents_name_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for page, line in every_line():
        for words in commands(line):
            if program(words) == "python" and words[1].endswith(".py"):
                source = (ROOT / words[1]).read_text("utf-8")
                for option in re.findall(r"--[a-z][\w-]+", " ".join(words)):
                    helpers = source + "".join(path.read_text("utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
                    assert f'"{option}"' in helpers, (name_of(page), line, option)
            for names in re.findall(r"(?:\.|allaprima)\[([\w,]+)\]", line if program(words) == "pip" else ""):
                assert set(names.split(",")) <= set(extras), (name_of(page), line)


def test_whatever_is_not_run_says_why():
    for page in PAGES:
        found: list[Block] = blocks(page, "sh", "python")
        assert all(not block.reason or len(block.reason) > 5 for block in found)
        text = page.read_text("utf-8")
        marks = re.findall(r"^ *<!-- not run:", text, re.MULTILINE)
        assert len(marks) == sum(bool(block.reason) for block in found), name_of(page)
