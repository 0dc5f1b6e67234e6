"""What several tests share: small pictures, and the command line as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from PIL import Image

from support import checkered

# The commands say this themselves; here it must be said before any test loads PyTorch.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# No deadline, since machines differ; the same examples every time, so that a red run is the change's own doing.
# HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph of odd size."""
    path = tmp_path / "photo.jpg"
    Image.fromarray(checkered(101, 67)).save(path, quality=95)
    return path


@pytest.fixture
def allaprima(tmp_path: Path) -> Run:
    """Run ``allaprima ARGS`` in a process of its own, in ``tmp_path``."""

    def run(*args: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "allaprima", *map(str, args)]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=300, **options
        )  # type: ignore[call-overload]

    return run
