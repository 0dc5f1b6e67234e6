"""Training keeps the memory that it frees, where the C library can be told to."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from allaprima.engine.machine import MALLOC_SETTINGS

ROUNDS = 20
FAULTS = """
import resource
import numpy as np
from allaprima.engine.machine import keep_freed_memory

LARGE = 5_000_000  # 40 MB: more than glibc keeps of itself, whatever was freed before
{keep}
np.ones(LARGE)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({rounds}):
    np.ones(LARGE)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: str, environment: dict[str, str]) -> int:
    """How often a process had to ask the system for a page while it made the same array so often."""
    clean = {name: value for name, value in os.environ.items() if name not in MALLOC_SETTINGS}
    code = FAULTS.format(keep=keep, rounds=ROUNDS)
    run = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, check=True, capture_output=True, text=True, timeout=120
    )
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_taken_again_unless_the_environment_says_otherwise():
    assert faults("", {}) > ROUNDS  # at least one a round, however large the system's pages are
    assert faults("keep_freed_memory()", {}) < ROUNDS
    for name, value in (("MALLOC_TRIM_THRESHOLD_", "131072"), ("MALLOC_MMAP_MAX_", "65536")):
        assert faults("keep_freed_memory()", {name: value}) > ROUNDS
