"""The samples a loader reads: part of a data set, kept in memory where cheap, augmented where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset

from segladder.data.bad_samples import Unreadable, empty, readable
from segladder.data.cache.kept import Cache, Kept, label_type, narrowed, released
from segladder.data.cache.memory import MemoryCache
from segladder.data.collate import collate
from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.data.seeding import mix
from segladder.data.speed.stages import StageClock
from segladder.data.transforms.augment import Augment
from segladder.data.transforms.objects import from_layers, layers_of
from segladder.types import Batch, Objects, Sample, Segments, UserError

_AUGMENT = 5  # keeps augmentation's random numbers apart from those of order and noise


class Source(Protocol):
    """What a reader's dataset offers."""

    synthetic: bool

    def __len__(self) -> int: ...

    def __getitem__(self, key: Key) -> Sample: ...


Augmentation = Callable[..., Sample]
"""`augment(sample, seed=...) -> sample`."""


class Samples(Dataset[Sample]):
    """The chosen samples of a source, fetched batch by batch through `(epoch, index)` keys."""

    def __init__(
        self,
        source: Source,
        *,
        indices: Sequence[int] | None = None,
        training: bool = False,
        augment: Augmentation | None = None,
        seed: int = 0,
        cache: bool = False,
        frozen: bool = False,
        labels: bool = True,
        instances: bool = False,
        min_area: int = 1,
        numbered: bool = False,
        on_bad: str = "error",
    ) -> None:
        """
        Args:
            source: where samples come from.
            indices: which of them, None for all.
            training: samples to learn from; without objects, batches must be of one size.
            augment: called with each sample and a seed of its own.
            seed: decides the augmentation, together with epoch and index.
            cache: keep decoded samples in memory; `cache` may also be set to another one later.
            frozen: every epoch sees the samples of epoch 0.
            labels: False leaves `image`, `image_id` and `size` alone in each sample.
            instances: the source's samples hold `objects`; in training they become `masks`, `boxes`, `labels` and
                `iscrowd` of what augmentation leaves, and there is no `semantic`.
            min_area: in training, objects of which fewer pixels are left are dropped.
            numbered: samples hold `object_ids` where the source has `object_ids(index)`.
            on_bad: `skip` goes on without samples that cannot be read, see `bad_samples`; the batch then names them
                under `skipped`.
        """
        self.source = source
        self.indices = None if indices is None else list(indices)
        self.training = training
        self.augment = augment
        self.seed = seed
        self.frozen = frozen
        self.labels = labels
        self.min_area = min_area
        self.on_bad = on_bad
        self.unreadable = Unreadable()
        self._object_ids: Any = getattr(source, "object_ids", None) if numbered else None
        self._expands = training and instances
        self._label_type = self._kept_label_type()
        self.cache: Cache | None = MemoryCache(labels=self._label_type) if cache else None
        self.clock = StageClock()

    def __len__(self) -> int:
        return len(self.source) if self.indices is None else len(self.indices)

    def __getitem__(self, key: Key | int) -> Sample:
        """One sample, augmented; a bare index means epoch 0."""
        return _widened(self._made(key, self.augment))

    def loaded(self, key: Key | int) -> Sample:
        """One sample as a loader's batch takes it: what costs less on the device is left to that, see `finished`."""
        return self._made(key, getattr(self.augment, "for_batch", self.augment))

    def _made(self, key: Key | int, augment: Augmentation | None) -> Sample:
        epoch, index = (0, key) if isinstance(key, int) else key
        epoch = 0 if self.frozen else epoch
        # the place in the split, not in a fraction of it: a larger fraction changes no image's augmentation
        place = self._place(index)
        sample, kept = self._read(epoch, place)
        if self._object_ids is not None and (ids := self.object_ids(index)) is not None:
            sample = {**sample, "object_ids": ids}
        with self.clock.stage("augment"):
            if not self._only_looks():
                sample = _widened(sample) if kept is None else released(sample, kept)
            sample = self._augmented(sample, augment, mix(_AUGMENT, self.seed, epoch, place))
            sample = sample if kept is None else released(sample, kept, wide=False)
            if self._label_type is not None and "semantic" in sample:
                # as narrow as from a cache, wherever it comes from
                sample = {**sample, "semantic": narrowed(sample["semantic"], self._label_type)}
            return sample

    def plain(self, index: int) -> Sample:
        """One sample of epoch 0 as it was read."""
        place = self._place(index)
        if self._expands:
            return self.source[(0, place)]
        sample, kept = self._read(0, place)
        return _widened(sample) if kept is None else released(sample, kept)

    def semantic(self, index: int) -> torch.Tensor:
        """The label of one sample of epoch 0, `(H, W)` int64; its image is not decoded where the source can do so."""
        place = self._place(index)
        alone: Any = getattr(self.source, "semantic", None)
        kept = self._kept(place)
        if "semantic" in kept:
            return released({"semantic": kept["semantic"]}, kept)["semantic"]
        if alone is None:
            return self.plain(index)["semantic"]
        label: torch.Tensor = alone(place)
        return label

    def object_ids(self, index: int) -> torch.Tensor | None:
        """Which object lies where in one sample, see `Sample.object_ids`; None where the source cannot tell."""
        ids: torch.Tensor | None = None if self._object_ids is None else self._object_ids(self._place(index))
        return ids

    def segments(self, index: int) -> Segments:
        """The segments of one sample of a source that has them, without a look at its image."""
        source: Any = self.source
        found: Segments = source.segments(self._place(index))
        return found

    def objects(self, index: int) -> Objects:
        """The objects of one sample of epoch 0; its image is not decoded where the source can do so."""
        place = self._place(index)
        alone: Any = getattr(self.source, "objects", None)
        cached = self._kept(place)
        if alone is None or "objects" in cached:
            return cached["objects"] if "objects" in cached else self.plain(index)["objects"]
        found: Objects = alone(place)
        return found

    def image_ids(self) -> list[str]:
        """What the samples of epoch 0 are called, in order; images are not decoded where the source can do so."""
        source: Any = self.source
        indices = range(len(self))
        if hasattr(source, "image_id"):
            return [source.image_id(self._place(index)) for index in indices]
        if hasattr(source, "pairs"):
            return [source.pairs[self._place(index)].image_id for index in indices]
        return [self.plain(index)["image_id"] for index in indices]

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        """A finished batch.

        Raises:
            DataError: any UserError of the source or the augmentation, in words that survive a worker.
        """
        try:
            whole: Any = getattr(self.source, "__getitems__", None)
            if whole is not None and self.augment is None and self.labels and not self._expands:
                places = [(0 if self.frozen else epoch, self._place(index)) for epoch, index in keys]
                with self.clock.stage("decode"):
                    ready: Batch = whole(places)
                self.clock.add("images", len(keys))
                self.clock.add("decoded", len(keys))
                return ready
            with one_thread():
                if self.on_bad == "skip":
                    samples, skipped = readable(self, keys)
                else:
                    samples, skipped = [self.loaded(key) for key in keys], []
                with self.clock.stage("collate"):
                    batch = collate(samples, training=self.training) if samples else empty()
                if skipped:
                    batch["skipped"] = skipped
                return batch
        except DataError:
            raise
        except UserError as error:
            raise DataError(str(error)) from None
        finally:
            self.clock.flush()

    def fill(self, what: str) -> None:
        """Reads every sample into memory, for the workers that are about to be forked.

        Args:
            what: the samples' name, for the line of progress.
        """
        if isinstance(self.cache, MemoryCache):
            places = range(len(self.source)) if self.indices is None else self.indices
            self.cache.fill(lambda place: self.source[(0, place)], places, f"reading {what}")

    def _read(self, epoch: int, place: int) -> tuple[Sample, Kept | None]:
        """A sample, and where it is in a cache's memory that again: it must be released before anyone gets it."""
        self.clock.add("images", 1)
        if self.cache is not None:
            with self.clock.stage("cache"):
                kept = self.cache.read(place)
            if kept is not None:
                return kept, kept
        self.clock.add("decoded", 1)
        with self.clock.stage("decode"):
            sample = self.source[(epoch, place)]
        if not self.labels:
            return {"image": sample["image"], "image_id": sample["image_id"], "size": sample["size"]}, None
        kept = None if self.cache is None else self.cache.keep(place, sample)
        return (sample, None) if kept is None else (kept, kept)

    def _only_looks(self) -> bool:
        """Whether what comes next changes no tensor in place, and takes labels of any type."""
        return self.augment is None or (type(self.augment) is Augment and not self.augment.extra)

    def _augmented(self, sample: Sample, augment: Augmentation | None, seed: int) -> Sample:
        if self._expands:
            return self._learnable(sample, augment, seed)
        return sample if augment is None else augment(sample, seed=seed)

    def _learnable(self, sample: Sample, augment: Augmentation | None, seed: int) -> Sample:
        """A sample to learn objects from, after augmentation."""
        objects = sample["objects"]
        moved: Sample = {"image": sample["image"], "image_id": sample["image_id"], "size": sample["size"]}
        # under the name that every augmentation knows: what moves masks moves maps of ids
        moved["masks"] = layers_of(objects)
        if augment is not None:
            moved = augment(moved, seed=seed)
        if "masks" not in moved:
            raise DataError("The augmentation gave a sample without its 'masks'. Let it keep what it does not know.")
        return {**moved, **from_layers(moved["masks"], objects, min_area=self.min_area)}

    def _place(self, index: int) -> int:
        """Where a sample lies in the source."""
        return index if self.indices is None else self.indices[index]

    def _kept(self, place: int) -> Kept:
        """What the cache has of a sample."""
        return (None if self.cache is None else self.cache.read(place)) or {}

    def _kept_label_type(self) -> torch.dtype | None:
        info = getattr(self.source, "info", None)
        return None if self._expands else torch.int64 if info is None else label_type(info)


def _widened(sample: Sample) -> Sample:
    return {**sample, "semantic": sample["semantic"].long()} if "semantic" in sample else sample


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs torch on one thread for a block, as DataLoader workers do.

    Sums are then added up in the same order with and without workers; and the short passes over one image do not
    wait for threads, which on busy cores costs twenty times what they save.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def as_is(batch: Any) -> Any:
    """Collation for datasets that return finished batches."""
    return batch
