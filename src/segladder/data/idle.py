"""Loading options that change nothing here, told once each: what was typed for nothing should be known."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segladder.data.decoding.images import SUFFIXES
from segladder.data.speed.workers import available_cores

PREFETCH = 2
"""`data.prefetch` where nobody gives it."""

_JPEG, _PNG = frozenset({".jpg", ".jpeg"}), frozenset({".png"})
_USED_FOR = {"torchvision": ("JPEGs", _JPEG), "imagecodecs": ("PNGs and JPEGs", _PNG | _JPEG)}


class IdleOptions:
    """What is to be said about the options of a DataModule's loaders."""

    def __init__(self, *, prefetch: int, decoder: str) -> None:
        """
        Args:
            prefetch: `data.prefetch`.
            decoder: `data.decoder`.
        """
        self._prefetch, self._decoder = prefetch, decoder
        self._told: set[str] = set()

    def tell(self, samples: Any, *, workers: int, auto: bool) -> None:
        """Warns about what changes nothing, or for the worse, when these samples are read.

        Args:
            samples: of a loader.
            workers: processes that read them.
            auto: whether the machine chose how many.
        """
        for sentence in (*self._about_workers(workers, auto), *self._about_files(samples)):
            if sentence not in self._told:
                self._told.add(sentence)
                warnings.warn(sentence, stacklevel=4)

    def _about_workers(self, workers: int, auto: bool) -> Iterator[str]:
        if self._prefetch != PREFETCH and not workers:
            chosen = "data.num_workers=auto comes to 0 here" if auto else "data.num_workers=0"
            yield f"data.prefetch={self._prefetch} has no effect: there are no workers to read ahead ({chosen})."
        if (cores := available_cores()) < workers:
            has = "1 core" if cores == 1 else f"{cores} cores"
            yield (
                f"data.num_workers={workers} is more than the {has} that this run may use: workers take turns, with"
                " each other and with the training. data.num_workers=auto leaves it to the machine."
            )

    def _about_files(self, samples: Any) -> Iterator[str]:
        if self._decoder not in _USED_FOR:
            return
        kinds, suffixes = _USED_FOR[self._decoder]
        if samples.source.synthetic:
            yield f"data.decoder={self._decoder} has no effect: these images are drawn, not read."
        elif hasattr(samples.source, "files") and not any(_may_be(suffixes, path) for path in _files(samples)):
            yield f"data.decoder={self._decoder} has no effect: it is used for {kinds} alone, and there are none here."


def _files(samples: Any) -> Iterator[Path]:
    for place in range(len(samples.source)) if samples.indices is None else samples.indices:
        yield from samples.source.files(place)


def _may_be(suffixes: frozenset[str], path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in suffixes or suffix not in SUFFIXES
