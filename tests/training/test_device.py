"""Training keeps the memory that it frees, where the C library can be told to."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from allaprima.training.device import keep_freed_memory

{keep}
np.ones(2_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: str, environment: dict[str, str]) -> int:
    """How often a process had to ask the system for a page while it made the same array twenty times."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    code = FAULTS.format(keep=keep)
    run = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, check=True, capture_output=True, text=True, timeout=120
    )
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_taken_again_unless_the_environment_says_otherwise():
    without = faults("", {})
    assert faults("keep_freed_memory()", {}) < without / 4
    assert faults("keep_freed_memory()", {"MALLOC_TRIM_THRESHOLD_": "131072"}) > without / 2
