"""Where training computes, and in which number format."""

from __future__ import annotations

import torch

from allaprima.errors import TrainingError


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        TrainingError: the device named is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    try:
        if not there.get(name.split(":", maxsplit=1)[0], False):
            raise RuntimeError
        return torch.zeros(1, device=name).device  # cuda:9 is found out only when it is used
    except (RuntimeError, AssertionError) as error:
        present = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise TrainingError(f"there is no device {name} here; choose auto or one of: {present}") from error


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The loss network's number format; bfloat16 only where there are instructions for it."""
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return torch.float32
