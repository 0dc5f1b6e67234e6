"""Many pictures, reports and streams, as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from allaprima.cli import app
from allaprima.cli.faults import guarded
from allaprima.file_painter import FilePainter
from allaprima.provenance import read_stamp
from support import checkered, one_sentence, touch


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three photographs in ``in``, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png", "c.gif"):
        Image.fromarray(checkered(40, 32)).save(tmp_path / "in" / name)
    return tmp_path


def run(*words, data=None):
    result = CliRunner().invoke(app, ["stylize", *map(str, words)], input=data)
    return result, result.stderr.splitlines()


def test_it_says_what_was_done(folder):
    assert run("in/a.png", "-s", "udnie")[1] == ["wrote in/a_udnie.png"]
    assert run("in/a.png", "in/b.png", "-s", "udnie", "-o", "two")[1] == ["painted 2 pictures into two/"]
    assert run("in", "-s", "udnie")[1] == ["painted 4 pictures into in_udnie/"]
    assert run("in", "-s", "udnie", "-o", "quiet", "--quiet")[1] == []
    assert run("in", "-s", "udnie", "--resume")[1] == ["4 pictures were painted before"]


def test_results_that_exist_are_one_line(folder):
    run("in", "-s", "udnie", "-o", "out")
    result, said = run("in", "-s", "udnie", "-o", "out")
    assert said == ["allaprima: 3 results exist; --resume skips them, --overwrite replaces them"]
    assert result.exit_code == 2
    (folder / "out" / "a.png").unlink()
    result, said = run("in", "-s", "udnie", "-o", "out")
    assert said[0] == "allaprima: 2 results exist; --resume skips them, --overwrite replaces them"
    assert result.exit_code == 1


def test_the_same_fault_is_said_a_few_times(folder):
    for number in range(30):
        touch(folder / "in" / f"bad{number}.png")
    result, said = run("in", "-s", "udnie", "-o", "out", "--report", "r.json")
    assert result.exit_code == 1
    assert said[-2:] == ["allaprima: 20 more: it is not a picture of a known format", "painted 3 pictures into out/"]
    assert len(said) == 12
    assert json.loads((folder / "r.json").read_text())["failed"] == 30


def test_resume_knows_when_the_look_or_the_photograph_has_changed(folder):
    def resumed(*words):
        run("in", "-o", "out", "--resume", "--overwrite", "--report", "r.json", *words)
        told = json.loads((folder / "r.json").read_text())
        return told["painted"], told["skipped"]

    assert resumed("-s", "udnie") == (3, 0)
    assert resumed("-s", "udnie") == (0, 3)
    assert resumed("-s", "cossacks") == (3, 0)
    assert resumed("-s", "cossacks", "--strength", "0.5") == (3, 0)
    stamp = read_stamp(folder / "out" / "a.png")
    times = (folder / "in" / "a.png").stat()
    Image.fromarray(checkered(64, 32)).save(folder / "in" / "a.png")
    os.utime(folder / "in" / "a.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert resumed("-s", "cossacks", "--strength", "0.5") == (1, 2)
    assert read_stamp(folder / "out" / "a.png") != stamp


def test_resume_replaces_ours_and_nobody_elses(folder):
    run("in", "-s", "udnie", "-o", "out")
    os.utime(touch(folder / "out" / "a.png", b"somebody's"), (1, 1))
    result, said = run("in", "-s", "cossacks", "-o", "out", "--resume")
    assert result.exit_code == 1
    assert said[0] == "allaprima: out/a.png exists; --overwrite replaces it"
    assert said[1].startswith("painted 2 pictures into out/; 2 of them again")
    assert (folder / "out" / "a.png").read_bytes() == b"somebody's"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["in/a.png", "-o", "x.png", "--report", "in/a.png"], "is the name of a picture"),
        (["in/a.png", "-o", "x.png", "--report", "in"], "would replace a folder"),
        (["in/a.png", "-o", "x.png", "--report", "r.json"], "r.json exists"),
        (["-", "--report", "r.json"], "r.json exists"),
        (["-", "--resume"], "not for pipes"),
        (["in/a.png", "-o", "-", "--watch"], "not for pipes"),
        (["nothere", "--watch"], "there is no folder nothere"),
        (["in/a.png", "--watch"], "--watch is for folders"),
        (["fox.mp4"], "No such file"),
        (["circle.png"], "Too many levels of symbolic links"),
    ],
)
def test_what_is_refused_before_any_work(folder, monkeypatch, words, sentence):
    touch(folder / "r.json", b"precious")
    if "circle.png" in words:
        (folder / "circle.png").symlink_to("circle.png")
    else:
        monkeypatch.setattr(FilePainter, "paint", None)
    runner = CliRunner()
    with runner.isolation(input=b"") as (_, err, _):
        code = guarded(lambda: app.main(["stylize", "-s", "udnie", *words], standalone_mode=False))
        said = err.getvalue().decode()
    assert code == 2
    assert sentence in said
    assert said.count("\n") == 1
    assert (folder / "r.json").read_bytes() == b"precious"
    assert not (folder / "x.png").exists()


def test_a_report_of_a_pipe(folder):
    photo = (folder / "in" / "a.png").read_bytes()
    result, said = run("-", "-s", "udnie", "--report", "r.json", data=photo)
    assert (result.exit_code, said) == (0, [])
    assert json.loads((folder / "r.json").read_text())["painted"] == 1
    result, said = run("-", "-s", "udnie", "--report", "r2.json", data=b"nothing")
    assert (result.exit_code, said) == (2, ["allaprima: stdin: it is not a picture of a known format"])
    assert json.loads((folder / "r2.json").read_text())["failed"] == 1


def test_a_picture_that_changes_while_it_is_painted_is_painted_again(folder, monkeypatch):
    whole = (folder / "in" / "a.png").read_bytes()
    Image.fromarray(checkered(20, 20)).save(folder / "in" / "a.png")
    paint = FilePainter.paint

    def grows(self, source, *rest):
        painting = paint(self, source, *rest)
        if source.read_bytes() != whole:
            touch(source, whole)
        return painting

    monkeypatch.setattr(FilePainter, "paint", grows)
    assert run("in/a.png", "-s", "udnie", "-o", "x.png")[0].exit_code == 0
    with Image.open("x.png") as image:
        assert image.size == (40, 32)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (KeyError("x"), 70, "an unexpected fault, KeyError: 'x'; please report it"),
        (MemoryError(), 2, "there is not enough memory"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (OSError(13, "Permission denied", "a.png"), 2, "a.png: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_every_error_is_one_sentence(capsys, monkeypatch, error, code, sentence):
    monkeypatch.delenv("ALLAPRIMA_DEBUG", raising=False)

    def command():
        raise error

    assert guarded(command) == code
    said = capsys.readouterr().err
    assert said.startswith(f"allaprima: {sentence}")
    assert said.count("\n") == 1
    monkeypatch.setenv("ALLAPRIMA_DEBUG", "1")
    assert guarded(command) == code
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("stylize photo.jpg -s udnie -o x.png 2>&-", 0, None),
        ("stylize - -s udnie <&-", 2, "stdin is closed"),
        ("stylize photo.jpg -s udnie -o - >&-", 2, "stdout is closed"),
        ("stylize photo.jpg -s udnie -o - >/dev/full", 2, "stdout cannot be written: No space left on device"),
        ("stylize photo.jpg -s udnie -o - | true; exit ${PIPESTATUS[0]}", 1, None),
        ("styles >&-", 0, None),
    ],
)
def test_streams_that_are_closed(photo, line, code, sentence):
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    command = ["bash", "-c", f'"{sys.executable}" -m allaprima {line}']
    result = subprocess.run(command, cwd=photo.parent, capture_output=True, check=False, timeout=60)
    assert result.returncode == code, result.stderr
    if sentence is None:
        assert result.stderr == b""
    else:
        assert sentence in one_sentence(result)
    if "x.png" in line:
        with Image.open(photo.with_name("x.png")) as image:
            image.load()
