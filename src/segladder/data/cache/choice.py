"""What `data.cache` comes to for the samples of one loader: memory, disk, or none."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

from segladder.data.cache.content import Content, is_file_source
from segladder.data.cache.store import DiskStore
from segladder.data.options import cache_folder, cache_word
from segladder.data.speed.workers import fits

FORKS = sys.platform == "linux"
"""Whether workers are forked, and so share what the main process has in memory."""


class CacheChoice:
    """`auto`, `ram`, `disk` or `false`, and where on disk."""

    def __init__(self, word: Any, folder: Any) -> None:
        """
        Args:
            word: as typed.
            folder: as typed; None for the user's own.

        Raises:
            DataError: the word is none of them, or the folder is no path.
        """
        self.word = cache_word(word)
        self.seconds = 0.0
        """What making caches ready has taken so far."""
        self.store = DiskStore(cache_folder(folder))
        if folder is not None and self.word != "disk":
            warnings.warn(f"data.cache_dir={folder} has no effect: data.cache is not disk.", stacklevel=3)

    def in_memory(self, source: Any, *, workers: int, often: bool) -> bool:
        """Whether samples of a source are kept in memory.

        Args:
            source: where they come from.
            workers: processes that read it.
            often: whether they are read again and again.
        """
        if source.synthetic or self.word in ("disk", "false"):
            return False
        if self.word == "ram":
            return True
        return fits(source) and (workers == 0 or (often and FORKS))

    def prepare(self, samples: Any, *, what: str, workers: int, also: Sequence[Any] = ()) -> None:
        """Makes a cache ready just before `samples` are read: builds it on disk, or fills what workers will share.

        Args:
            samples: of the loader.
            what: their name, as in `cityscapes train`.
            workers: processes that will read them.
            also: samples that will be read later in the same run.

        Raises:
            DataError: the disk refuses, see `DiskStore.open`.
        """
        began = time.perf_counter()
        try:
            self._prepare(samples, what, workers, also)
        finally:
            self.seconds += time.perf_counter() - began

    def _prepare(self, samples: Any, what: str, workers: int, also: Sequence[Any]) -> None:
        if workers and FORKS:
            samples.fill(what)
        if self.word != "disk" or samples.source.synthetic or samples.cache is not None or not samples.labels:
            return
        if not is_file_source(samples.source):
            warnings.warn(
                f"data.cache=disk has no effect: {type(samples.source).__name__} does not tell what its samples are"
                " read from. Give it files(index), image_size(index) and reading(), or set data.cache=ram.",
                stacklevel=4,
            )
            return
        later = [_content(one) for one in also if is_file_source(one.source)]
        samples.cache = self.store.open(_content(samples), what=what, also=later)


def _content(samples: Any) -> Content:
    places = range(len(samples.source)) if samples.indices is None else samples.indices
    return Content(samples.source, list(places))
