"""One training in several processes, as ``torchrun`` starts them: each takes its share of every batch.

What a step does is decided by seed, step and place in the whole batch, so the number of processes changes nothing but
the speed. The gradients are averaged here, in one piece and in a fixed order. PyTorch's ``DistributedDataParallel``
averages them while they are computed, in buckets that it lays out anew after the first step: with more than two
processes, the sums of a resumed training would then be rounded otherwise. The network is small and VGG16 is frozen, so
there is next to nothing to gain by that overlap.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from allaprima.errors import AllaPrimaError, LostProcessError, OptionError, TrainingError

T = TypeVar("T")

VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What ``torchrun`` tells each process in its environment."""


@dataclass(frozen=True)
class Ranks:
    """Which of a training's processes this one is. By itself, it is the only one."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    """Among those of this machine."""
    local_count: int = 1

    @classmethod
    def of_environment(cls) -> Ranks:
        """What ``torchrun`` says; without it, one process.

        Raises:
            OptionError: it says no numbers.
        """
        if not all(name in os.environ for name in VARIABLES):
            return cls()
        try:
            rank, local_rank, count, local_count = (int(os.environ[name]) for name in VARIABLES[:4])
        except ValueError as error:
            raise OptionError(f"the variables {', '.join(VARIABLES[:4])} of the environment must be numbers") from error
        return cls(rank, count, local_rank, local_count)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and talks to the user."""
        return self.rank == 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """A block in which the processes know one another.

        Raises:
            LostProcessError: they do not find one another.
        """
        if self.count == 1:
            yield
            return
        with _lost_ones_noticed():
            on_gpus = torch.cuda.is_available() and dist.is_nccl_available()
            # A restarted group may get the store of the one before, with addresses of processes that are gone.
            store, rank, count = next(rendezvous("env://"))
            store = dist.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)  # type: ignore[attr-defined]
            backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"
            dist.init_process_group(backend, store=store, rank=rank, world_size=count)
        try:
            yield
        finally:
            dist.destroy_process_group()

    def device(self, name: str, chosen: torch.device) -> torch.device:
        """Where this process computes: on a GPU of its own, where GPUs compute.

        Args:
            name: what was asked for.
            chosen: what that means for one process.

        Raises:
            TrainingError: there are too few GPUs, or one was asked for by number, or several processes cannot use it.
        """
        if self.count == 1 or chosen.type == "cpu":
            return chosen
        if chosen.type != "cuda" or ":" in name:
            raise TrainingError(
                f"{self.count} processes cannot share the device {chosen}; ask for cuda or cpu", options=("device",)
            )
        if self.local_count > torch.cuda.device_count():
            raise TrainingError(f"{self.local_count} processes need as many GPUs; {torch.cuda.device_count()} are here")
        device = torch.device("cuda", self.local_rank)
        torch.cuda.set_device(device)
        return device

    def share(self, batch: int) -> slice:
        """The places in a whole batch that are this process's.

        Raises:
            OptionError: not all would have equally many.
        """
        if batch % self.count:
            raise OptionError(
                f"{self.count} processes cannot share batches of {batch} evenly: the batch must be a multiple of "
                f"{self.count}",
                options=("batch",),
            )
        own = batch // self.count
        return slice(self.rank * own, (self.rank + 1) * own)

    def average(self, gradients: Iterable[Tensor]) -> None:
        """Replace each gradient by its mean over all processes, which all then have bit for bit.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.count == 1:
            return
        gradients = list(gradients)
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        with _lost_ones_noticed():
            dist.all_reduce(flat)
        flat /= self.count
        means = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view(gradient.shape))

    def gathered(self, note: T) -> list[T]:
        """What all processes have noted, in their order, which is that of the batch.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.count == 1:
            return [note]
        notes: list[T] = [note] * self.count
        with _lost_ones_noticed():
            dist.all_gather_object(notes, note)
        return notes

    def of_first(self, state: T) -> T:
        """What the first process has as its state: weights and plain values, on the CPU.

        Raises:
            LostProcessError: another process has ended.
        """
        if self.count == 1:
            return state
        file = io.BytesIO()
        torch.save(state if self.first else None, file)
        notes = [file.getvalue()]
        with _lost_ones_noticed():
            dist.broadcast_object_list(notes, src=0)
        received: T = torch.load(io.BytesIO(notes[0]), map_location="cpu", weights_only=True)
        return received

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block that all processes enter; if it fails in one of them, it fails in all, and one says why.

        Raises:
            AllaPrimaError: what failed here, if it failed in no process before this one.
            SystemExit: what failed elsewhere, with its exit code.
        """
        failed: AllaPrimaError | None = None
        try:
            yield
        except AllaPrimaError as error:
            failed = error
        codes = self.gathered(None if failed is None else failed.exit_code)
        if failed is not None and not any(codes[: self.rank]):
            raise failed
        if any(codes):
            raise SystemExit(next(code for code in codes if code))


@contextmanager
def _lost_ones_noticed() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # PyTorch has a class of it for some backends only
        raise LostProcessError("the connection to another process of this training was lost") from error
