"""The container's recipe, step by step, as far as that goes without an engine: what it installs runs as it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
RECIPE = PROJECT / "examples" / "Containerfile"


def steps(word: str) -> list[str]:
    """What follows a word at the beginning of the recipe's lines."""
    return re.findall(rf"^{word} (.+)$", RECIPE.read_text(), re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="the recipe's paths are POSIX's")
def test_what_the_recipe_installs_starts_and_is_healthy(tmp_path):
    pytest.importorskip("fastapi", reason="the extra studio is not installed")
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    (make,) = steps("RUN")
    venv, install = (shlex.split(part.replace("/studio", str(tmp_path / "studio"))) for part in make.split("&&"))
    assert install[-1] == "/source[studio]"
    subprocess.run([sys.executable, *venv[1:]], check=True)
    # What it depends on is here already: this test is of the project, not of the network.
    site = next((tmp_path / "studio" / "lib").glob("python*/site-packages"))
    (site / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    alone = [*install[:-1], "--quiet", "--no-deps", "--no-build-isolation", str(PROJECT)]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(alone, check=True, env=clean)
    assert (site / "allaprima" / "studio" / "page" / "index.html").exists()

    (token := tmp_path / "token.txt").write_text("a token of sixteen characters\n")
    command = json.loads(steps("ENTRYPOINT")[0])
    command = [word.replace("/studio/", f"{tmp_path}/studio/").replace("/token.txt", str(token)) for word in command]
    clean |= dict(part.split("=") for part in steps("ENV"))
    process = subprocess.Popen([*command, "--port", "0"], cwd="/", env=clean, stderr=subprocess.PIPE, text=True)
    try:
        port = re.search(r":(\d+)/", process.stderr.readline())[1]
        check = json.loads(steps("HEALTHCHECK CMD")[0])
        check = [word.replace("/studio/", f"{tmp_path}/studio/").replace("8321", port) for word in check]
        assert subprocess.run(check, env=clean, check=False).returncode == 0
    finally:
        process.terminate()
        assert process.wait(30) == 0, process.stderr.read()


def test_the_recipe_gives_no_rights_away():
    assert steps("USER") == ["65532:65532"]
    assert "8321" in steps("EXPOSE")
