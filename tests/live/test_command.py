"""``allaprima live`` as a command: its options, its refusals, and its end."""

from __future__ import annotations

import dataclasses
import re
import signal
import sys
import time
from http.client import HTTPConnection

import click
import pytest

from allaprima.cli import live as module
from allaprima.options import GROUPS, LIVE
from support import refusal, started


def test_the_commands_options_are_the_tables():
    options = [one.name for one in module.command.params]
    assert options == [*LIVE, *module.SHARED]
    assert set(options) == {field.name for field in dataclasses.fields(module.Given)}
    for one in LIVE.values():
        one.check(one.default)
        assert one.help.endswith(".")


def test_help_is_in_groups_with_examples_that_parse():
    text = module.command.get_help(click.Context(module.command, info_name="allaprima live"))
    headings = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert set(headings) - {"Options", "Examples"} <= set(GROUPS.values())
    for line, _ in module.command.examples:
        module.command.make_context("live", line.split()[2:])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "missing.mp4"], "there is no file missing.mp4"),
        (["--source", "test", "--style", "nobody"], "there is no style nobody"),
        (["--source", "test", "--style", "udnie,irises,the_kiss"], "two styles at most"),
        (["--source", "test", "--fps", "0"], "fps must be"),
        (["--source", "test", "--port", "70000"], "port must be"),
        (["--source", "test", "--to", "/dev/video4093"], "modprobe|browser source"),
        (["--source", "test", "-o", __file__], "is a file"),
    ],
)
def test_what_cannot_be_is_one_sentence(words, said):
    assert re.search(said, refusal(["live", *words]))


def test_a_file_without_pictures_and_a_silent_server_are_one_sentence(tmp_path):
    (tmp_path / "noise.mp4").write_bytes(b"no clip at all" * 100)
    assert "noise.mp4 cannot be opened: invalid data" in refusal(["live", "--source", str(tmp_path / "noise.mp4")])
    assert "cannot be opened: connection refused" in refusal(["live", "--source", "http://127.0.0.1:1/stream"])


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install" in refusal(["live", "--source", "test"])


def test_ctrl_c_ends_it_within_a_second(tmp_path):
    command = [sys.executable, "-m", "allaprima", "live", "--source", "test", "--port", "0", "--longest", "160"]
    with started(command, tmp_path) as process:
        line = process.stderr.readline().decode()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line)[1])
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/frame")
        assert connection.getresponse().status in (200, 204)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - start < 3  # a second, on a machine that does nothing else
        assert process.stderr.read().decode().split("\n")[-2] == "allaprima: interrupted"
