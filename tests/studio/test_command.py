"""``allaprima studio`` as a command: what it refuses, and how it ends."""

from __future__ import annotations

import signal
import socket
import sys

import pytest

from studios import start_studio
from support import one_sentence


def test_the_page_is_written(allaprima, tmp_path):
    done = allaprima("studio", "--export", "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").exists()
    again = allaprima("studio", "--export", "site")
    assert again.returncode == 2
    assert one_sentence(again).endswith("exists; try --overwrite")


def test_others_are_served_with_a_token_only(allaprima, tmp_path):
    pytest.importorskip("fastapi")
    refused = allaprima("studio", "--host", "0.0.0.0", "--no-browser")
    assert refused.returncode == 2
    assert "others could reach 0.0.0.0" in one_sentence(refused)
    (tmp_path / "token.txt").write_text("short\n")
    short = allaprima("studio", "--token", "token.txt", "--no-browser")
    assert short.returncode == 2
    assert "at least 16 characters" in one_sentence(short)
    missing = allaprima("studio", "--token", "nowhere.txt", "--no-browser")
    assert missing.returncode == 2
    assert "nowhere.txt cannot be read" in one_sentence(missing)


def test_a_port_that_is_taken(allaprima):
    pytest.importorskip("fastapi")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = allaprima("studio", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "cannot be listened at" in one_sentence(refused)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0)])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_it_ends_when_it_is_told(tmp_path, number, code):
    process, _ = start_studio(tmp_path)
    process.send_signal(number)
    assert process.wait(20) == code
    assert process.stderr.read() == ""
