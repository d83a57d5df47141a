"""Sharing one run among the processes that `torchrun` starts: each takes every so-many-th sample."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from rstheory.smoothing.noise import generator_name

T = TypeVar("T")

# A process that is done waits for the slowest one, which may take days where samples differ or a card is slow.
_PATIENCE = timedelta(days=365)


@dataclass(frozen=True)
class Share:
    """One process's share of the work. Alone: Share().

    rank: number of the process, from 0 on.
    world: how many processes there are.

    >>> Share(rank=1, world=3).of(range(8))
    [1, 4, 7]
    """

    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank={self.rank} is not allowed: it must lie in 0..{self.world - 1}")

    @property
    def first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    @property
    def part(self) -> int | None:
        """Number of this process's part of the log; None where one process writes it all."""
        return self.rank if self.world > 1 else None

    def of(self, items: Sequence[T]) -> list[T]:
        """The items that are this process's to do."""
        return list(items[self.rank :: self.world])

    def wait(self) -> None:
        """Until every process is here."""
        if self.world > 1:
            dist.barrier()

    def total(self, numbers: Tensor) -> Tensor:
        """The sum over all processes of tensors of one shape; the tensor itself where there is one process."""
        if self.world > 1:
            dist.all_reduce(numbers)
        return numbers

    def agree_on(self, decide: Callable[[], T]) -> T:
        """What the first process decides: every process returns it, or raises the first one's ValueError or OSError."""
        outcome: list[tuple[T] | ValueError | OSError | None] = [None]
        if self.first:
            try:
                outcome = [(decide(),)]
            except (ValueError, OSError) as error:
                outcome = [error]
        if self.world > 1:
            dist.broadcast_object_list(outcome, src=0)
        match outcome[0]:
            case (decision,):
                return decision
            case ValueError() | OSError() as refusal:
                raise refusal
            case _:
                raise AssertionError("the first process told the others nothing")


ALONE = Share()


@contextmanager
def processes(device: torch.device) -> Iterator[Share]:
    """This process's share, from the variables that torchrun sets; everything where there are none.

    The processes talk through gloo on the CPU and NCCL on CUDA, only to begin and end together.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Share()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Share(dist.get_rank(), world)
    finally:
        dist.destroy_process_group()


def own_device(name: str) -> torch.device:
    """The device that a name means for this process: each process of a machine gets its own CUDA card.

    name: "cpu", "cuda", "cuda:1", or "auto" for CUDA where there is any.

    >>> own_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device={name!r} is not allowed: use auto, cpu, cuda or cuda:N") from None
    generator_name(device)  # refuses devices whose noise is not known
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ValueError(f"device={name!r} is not allowed: this torch sees no CUDA device; use --device cpu")
        if device.index is None:
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    return device
