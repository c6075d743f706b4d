"""Where the time of samples goes: seconds of each stage, summed over all processes that read."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.utils.data import get_worker_info

_NAMES = ("decode", "cache", "augment", "collate", "images", "decoded")
_ROWS = 257
"""The main process and 256 workers, each with a row of its own, so that none waits for another."""


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Seconds that samples took, whoever made them."""

    decode: float = 0.0
    """Reading and decoding files, or drawing synthetic images."""
    cache: float = 0.0
    """Reading what a cache keeps."""
    augment: float = 0.0
    """Augmentation, and making masks of objects."""
    collate: float = 0.0
    """Putting samples together."""
    images: int = 0
    decoded: int = 0
    """Images that were decoded; the others came from a cache."""

    @property
    def seconds(self) -> float:
        return self.decode + self.cache + self.augment + self.collate

    def to_json(self) -> dict[str, float]:
        return asdict(self)


class StageClock:
    """Sums seconds by stage; a few microseconds per batch."""

    def __init__(self) -> None:
        self._sums = torch.zeros(_ROWS, len(_NAMES), dtype=torch.float64)
        self._now = dict.fromkeys(_NAMES, 0.0)

    def share(self) -> None:
        """From now on workers that are started add to the same sums."""
        with suppress(RuntimeError):  # no shared memory here: then the workers' times stay unknown
            shared: Any = self._sums
            shared.share_memory_()

    def stage(self, name: str) -> _Stage:
        """Counts the time of a `with` block."""
        return _Stage(self._now, name)

    def add(self, name: str, amount: float) -> None:
        self._now[name] += amount

    def flush(self) -> None:
        """Adds what was counted since the last time to the sums of all processes."""
        worker = get_worker_info()
        row = self._sums[0 if worker is None else 1 + worker.id % (_ROWS - 1)].numpy()
        row += list(self._now.values())
        self._now.update(dict.fromkeys(_NAMES, 0.0))

    def totals(self) -> Stages:
        """What all processes have flushed so far."""
        sums: dict[str, Any] = dict(zip(_NAMES, self._sums.sum(0).tolist(), strict=True))
        return Stages(**sums | {"images": int(sums["images"]), "decoded": int(sums["decoded"])})


class _Stage:
    """The time of a block; a generator's context manager would cost three times as much as the rest of the clock."""

    __slots__ = ("_began", "_name", "_sums")

    def __init__(self, sums: dict[str, float], name: str) -> None:
        self._sums, self._name, self._began = sums, name, 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self._sums[self._name] += time.perf_counter() - self._began
