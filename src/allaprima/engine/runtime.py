"""ONNX Runtime as it is used here: sessions that share one pool of memory, and what a lack of memory looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Protocol

import onnxruntime

from allaprima.engine.installed import complain_once
from allaprima.errors import OutOfMemoryError

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""In order of preference; the first is there with ``onnxruntime-gpu`` only."""

_SHORT_OF_MEMORY = re.compile(r"fail\w* to allocate|bad_?alloc|out of memory|cannot allocate|not enough memory", re.I)


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any]) -> list[Any]:
        """Compute the outputs named, or all."""
        ...


def open_session(
    model: bytes, threads: int | None = None, *, planned: bool = False, alone: bool = True
) -> onnxruntime.InferenceSession:
    """A session of a model's bytes on the best device; ``threads`` compute, or as many as there are cores.

    All sessions of the process share one arena, ONNX Runtime's pool of memory; otherwise each would keep the most that
    it ever took.

    Args:
        model: the bytes of an ``.onnx`` file.
        threads: how many compute.
        planned: whether a size of picture that comes again gets a plan of its memory ("memory pattern"). That saves 2 %
            of the time, but takes twice the memory: a block for the plan beside the pieces of the first run.
        alone: whether nothing else computes meanwhile. Then threads that wait for each other do so without sleeping,
            which is faster, but takes the core from whoever else has work.
    """
    _share_arena()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails raises, and is not to be said twice
    options.intra_op_num_threads = threads or 0
    options.enable_mem_pattern = planned
    options.add_session_config_entry("session.use_env_allocators", "1")
    if not alone:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    available = onnxruntime.get_available_providers()
    complain_once(onnxruntime.__file__, tuple(available))
    return onnxruntime.InferenceSession(model, options, providers=[name for name in PROVIDERS if name in available])


@cache
def _share_arena() -> None:
    with suppress(Exception):  # a host program has one already, or this build has no arena: sessions have their own
        kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
        place = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
        onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg({}))


@cache
def shrinking() -> onnxruntime.RunOptions:
    """Options of a run after which the arena gives back what is not in use, for some time more the next time."""
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


@contextmanager
def memory_faults(width: int, height: int) -> Iterator[None]:
    """A failed allocation as a sentence; every other exception of a runtime is a fault of the program, and stays.

    Raises:
        OutOfMemoryError: there was not enough for a picture of that size.
    """
    try:
        yield
    except OutOfMemoryError:
        raise
    except Exception as error:  # ONNX Runtime has no common base class for its exceptions
        if not isinstance(error, MemoryError) and not _SHORT_OF_MEMORY.search(str(error)):
            raise
        raise OutOfMemoryError(
            f"there is not enough memory to paint {width}×{height} pixels: make the picture smaller, or allow less "
            "memory, which takes smaller tiles",
            options=("size", "memory"),
        ) from error
