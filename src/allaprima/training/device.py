"""Where training computes, in which number format, and with how many threads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

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
    if device.type == "cpu" and capabilities().get("avx512_bf16", False):
        return torch.bfloat16
    return torch.float32


def use_threads(threads: int | None, processes: int = 1) -> None:
    """How many threads PyTorch computes with on the CPU; None is one for each physical core that this process may use.

    A second thread on the same core gains nothing here. Several ``processes`` of one training share the cores.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(allowed, capabilities().get("num_physical_cores", allowed))
    torch.set_num_threads(threads or max(1, cores // processes))


def capabilities() -> Mapping[str, Any]:
    """What PyTorch knows of the CPU; nothing in versions before it tells."""
    known: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return known
