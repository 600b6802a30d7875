"""One process, or several under torchrun that learn together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from spineyolo.maskrcnn.network import SpineMaskRCNN


@dataclass(frozen=True)
class Processes:
    """Who learns.

    Attributes:
        rank: this process's number; 0 validates, prints and writes.
        count: how many there are.
        device: what this one computes on.
    """

    rank: int
    count: int
    device: torch.device

    def wrap(self, network: SpineMaskRCNN) -> torch.nn.Module:
        """Return a network whose gradients are averaged over all processes."""
        return DistributedDataParallel(network) if self.count > 1 else network

    def agreed(self, value: float) -> float:
        """Return process 0's value in all: clocks differ, and what depends on them must not."""
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, src=0)
        return float(shared)

    def total(self, value: float) -> float:
        """Return the sum of all processes' values, in all."""
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(shared)
        return float(shared)


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started, by NCCL on GPUs and gloo on CPUs; alone without torchrun."""
    has_gpu = torch.cuda.is_available()
    if not distributed.is_torchelastic_launched():
        yield Processes(0, 1, torch.device("cuda" if has_gpu else "cpu"))
        return
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if has_gpu else "cpu")
    if has_gpu:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if has_gpu else "gloo")
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size(), device)
    finally:
        distributed.destroy_process_group()
