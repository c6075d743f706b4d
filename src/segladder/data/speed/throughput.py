"""How fast a data set is read on this machine: each stage by itself, and whole loaders."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.data.cache import DiskCache
from segladder.data.cache.choice import CacheChoice
from segladder.data.collate import collate
from segladder.data.module import SegmentationDataModule
from segladder.data.order import Key
from segladder.data.samples import one_thread
from segladder.types import Sample

_EXAMPLES = 16
"""Decoded images that stages after decoding are timed on."""


@dataclass(frozen=True)
class Speed:
    """How fast a loader gave training batches."""

    workers: int
    cache: str
    images_per_second: float


def stage_times(
    datamodule: SegmentationDataModule, steps: Sequence[tuple[str, Callable[..., Sample]]], *, seconds: float
) -> list[tuple[str, float]]:
    """Milliseconds per training image of each stage, on one core.

    Args:
        datamodule: without a cache.
        steps: name of each part of the augmentation, and the part.
        seconds: that each stage is timed for, at least.

    Returns:
        Name and time, in the order in which an image goes through them.
    """
    samples = datamodule.samples("train")
    assert samples is not None
    places = list(range(len(samples)))
    found = []
    with one_thread():
        if samples.source.synthetic:
            keys: list[Key] = [(0, place) for place in places]
            size = datamodule.batch_size
            batches = [keys[at : at + size] for at in range(0, len(keys), size)]
            found.append(("draw images", _each(samples.__getitems__, batches, seconds) / size))
        else:
            found.append(("decode", _each(samples.plain, places, seconds)))
        current = [samples.plain(place) for place in places[:_EXAMPLES]]
        for name, step in steps:

            def one(number: int, step: Callable[..., Sample] = step, given: list[Sample] = current) -> Sample:
                return step(given[number], seed=number)

            found.append((name, _each(one, range(len(current)), seconds)))
            current = [one(number) for number in range(len(current))]
        batch = (current * datamodule.batch_size)[: datamodule.batch_size]
        found.append(("collate", _each(lambda _: _collated(batch), [0], seconds) / len(batch)))
    return found


def _collated(batch: list[Sample]) -> Any:
    # as an evaluation does: unequal sizes are no mistake here
    return collate(batch, training=False)


def _each(work: Callable[[Any], Any], over: Sequence[Any], seconds: float) -> float:
    """Milliseconds per item, over the items in turn; the first time, which has to import things, does not count."""
    work(over[0])
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds or not done:
        work(over[done % len(over)])
        done += 1
    return 1000 * spent / done


def loader_speed(
    datamodule: SegmentationDataModule, *, cache: str, cache_dir: Path | None, workers: int, seconds: float
) -> Speed:
    """Images per second of the training loader, once its workers run and its cache is full.

    Args:
        datamodule: of which `read_anew` is called.
        cache: as `data.cache`.
        cache_dir: where one on disk lies.
        workers: as `data.num_workers`.
        seconds: to read for, at least.
    """
    datamodule.read_anew(
        cache=CacheChoice(cache, cache_dir if cache == "disk" else None),
        num_workers=workers,
    )
    loader = datamodule.train_dataloader()
    samples: Any = loader.dataset
    if cache == "ram":
        samples.fill(datamodule.info.name)
    elif isinstance(samples.cache, DiskCache):
        for place in range(len(samples)):
            samples.cache.read(place)  # checked, and in the memory that the system keeps of files
    iterator = iter(loader)
    try:
        next(iterator)
        images = 0
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds or not images:
            batch = next(iterator, None)
            if batch is None:
                iterator = iter(loader)
                batch = next(iterator)
            images += len(batch["image_id"])
    finally:
        if workers:
            iterator._shutdown_workers()  # type: ignore[attr-defined]
    return Speed(workers, cache, images / spent)
