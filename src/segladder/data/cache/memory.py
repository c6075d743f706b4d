"""Decoded samples in memory, for sets that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from segladder.data.cache.kept import Kept, narrowed
from segladder.data.errors import DataError
from segladder.data.progress import with_progress
from segladder.data.speed.workers import available_cores
from segladder.types import Sample


class MemoryCache:
    """Keeps each sample from its first reading on.

    Workers that are forked from a process that has filled it share its memory; otherwise each keeps its own.
    """

    def __init__(self, *, labels: torch.dtype | None) -> None:
        """
        Args:
            labels: what labels are kept as, see `label_type`; None leaves them out: nothing needs them where objects
                are learnt.
        """
        self._labels = labels
        self._kept: dict[int, Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, place: int) -> Kept | None:
        """The sample of that place; None where it has not been read yet."""
        return self._kept.get(place)

    def keep(self, place: int, sample: Sample) -> Kept:
        """Takes a sample that was just decoded."""
        kept: Any = dict(sample)
        label = kept.pop("semantic", None)
        if self._labels is not None and label is not None:
            kept["semantic"] = narrowed(label, self._labels)
        self._kept[place] = kept
        return self._kept[place]

    def fill(self, read: Callable[[int], Sample], places: Sequence[int], what: str) -> None:
        """Reads every sample that is not kept yet, on all cores.

        Args:
            read: the source's sample of a place.
            places: those wanted.
            what: the work, for the line of progress.
        """
        missing = [place for place in places if place not in self._kept]

        def one(place: int) -> None:
            try:
                self.keep(place, read(place))
            except DataError:
                return  # told when its turn comes, as without a cache

        with ThreadPoolExecutor(min(8, available_cores())) as pool:
            try:
                for _ in with_progress(pool.map(one, missing), len(missing), what):
                    pass
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
