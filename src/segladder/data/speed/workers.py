"""How many processes read a data set where the user leaves it to the machine."""

from __future__ import annotations

import os
from typing import Any

import torch

CACHE_BYTES = 2**30
"""What decoded samples may take in memory without being asked for."""


def fits(source: Any) -> bool:
    """Whether all samples of a source can be kept in memory."""
    return bool(getattr(source, "decoded_bytes", CACHE_BYTES) < CACHE_BYTES)


def auto_workers(source: Any) -> int:
    """Synthetic sets are read in order; on the CPU small sets are cached, and the cores are the network's."""
    if source.synthetic:
        return 0
    cores = available_cores()
    if torch.cuda.is_available():
        return max(1, min(8, cores // torch.cuda.device_count() - 1))
    return 0 if fits(source) else max(1, min(4, cores // 2))


def workers_text(count: int) -> str:
    """So many workers, for people: `1 worker`."""
    return "1 worker" if count == 1 else f"{count} workers"


def available_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
