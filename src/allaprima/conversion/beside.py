"""The second file of an export for PyTorch."""

from __future__ import annotations

import re
from pathlib import Path


def modules_beside(path: Path) -> Path:
    """``my-bank.safetensors`` -> ``my_bank_network.py``, which can be imported."""
    stem = re.sub(r"\W", "_", path.stem)
    return path.with_name(f"{'_' if stem[:1].isdigit() else ''}{stem}_network.py")
