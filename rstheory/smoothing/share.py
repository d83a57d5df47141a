"""Sharing one run among the processes that `torchrun` starts: whoever has room takes the next sample of one queue.

Where rules stop samples at different times, fixed shares would leave processes idle. The queue is a counter in the
store through which the processes found each other.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from rstheory._progress import Advance
from rstheory.smoothing.noise import generator_name

T = TypeVar("T")

# A process that is done waits for the slowest one, which may take days where samples differ or a card is slow.
_PATIENCE = timedelta(days=365)


class Store(Protocol):
    """What all processes can count in, such as `torch.distributed.TCPStore`."""

    def add(self, key: str, amount: int, /) -> int:
        """Add to a counter, which starts at 0; its new value. No two processes see the same one."""


@dataclass(frozen=True)
class Share:
    """One process's share of the work. Alone: Share().

    rank: number of the process, from 0 on.
    world: how many processes there are.
    store: what they all can count in, where there are several.

    >>> list(Share().taken("abc"))
    ['a', 'b', 'c']
    """

    rank: int = 0
    world: int = 1
    store: Store | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank={self.rank} is not allowed: it must lie in 0..{self.world - 1}")
        if (self.store is None) != (self.world == 1):
            raise ValueError(f"store={self.store} is not allowed for world={self.world}: several processes share one")

    @property
    def first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    @property
    def part(self) -> int | None:
        """Number of this process's part of the log; None where one process writes it all."""
        return self.rank if self.world > 1 else None

    def of(self, items: Sequence[T]) -> list[T]:
        """The items that are this process's, settled beforehand: every so-manieth, as where each takes as long.

        >>> Share().of([1, 2, 3])
        [1, 2, 3]
        """
        return list(items[self.rank :: self.world])

    def taken(self, items: Sequence[T]) -> Iterator[T]:
        """The items that this process takes, each as late as it is asked for; every item goes to one process.

        items: the same in every process, all of which must call this.
        """
        if self.store is None:
            yield from items
            return
        key = self.agree_on(lambda: uuid.uuid4().hex)
        while (place := self.store.add(key, 1) - 1) < len(items):
            yield items[place]

    def told(self, advance: Advance) -> Advance:
        """Progress of all processes, which the first one's `advance` is told of; all must call this.

        The first process hears of the others' steps when it makes some itself.
        """
        if self.store is None:
            return advance
        store, lock, shown = self.store, threading.Lock(), [0]
        key = self.agree_on(lambda: uuid.uuid4().hex)

        def of_all(steps: int) -> None:
            with lock:
                total = store.add(key, steps)
                if self.first:
                    advance(total - shown[0])
                    shown[0] = total

        return of_all

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

    The processes talk through gloo on the CPU and NCCL on CUDA, only to begin and end together; samples are taken and
    progress is told through the store.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Share()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    store, rank, world = next(rendezvous("env://", timeout=_PATIENCE))
    store.set_timeout(_PATIENCE)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=_PATIENCE)
    try:
        yield Share(rank, world, store)
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
