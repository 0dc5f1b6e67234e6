"""Threads of one ``Stylizer`` stay inside its memory, measured from outside: the peak of a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MEMORY = 300
"""MiB. Six pictures of 6 megapixels that do not wait for each other take 350, those that do 190."""

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import allaprima

way, memory, photo, folder = sys.argv[1:]
stylizer = allaprima.Stylizer(memory=f"{memory}M", threads=1)
stylizer.stylize(photo, "irises", size=64)
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak begins again at what is taken now


def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) // 1024


def paint(number):
    if way == "file":
        stylizer.stylize_file(photo, f"{folder}/{number}.jpg", "irises")
    else:
        stylizer.stylize(photo, "irises")


before = status("VmRSS")
with ThreadPoolExecutor(6) as pool:
    list(pool.map(paint, range(6)))
print(status("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    """3000×2000 pixels."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    small = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(small).resize((3000, 2000)).save(path)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("way", ["stylize", "file"])
def test_six_threads_stay_inside_the_memory(photo, tmp_path, way):
    command = [sys.executable, "-c", PROGRAM, way, str(MEMORY), str(photo), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert int(done.stdout) < MEMORY
