"""The samples a loader reads: part of a data set, kept in memory where cheap, augmented where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset

from segladder.data.collate import collate
from segladder.data.errors import DataError
from segladder.data.objects import from_layers, layers_of
from segladder.data.order import Key
from segladder.data.seeding import mix
from segladder.types import Batch, Objects, Sample, UserError

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
    ) -> None:
        """
        Args:
            source: where samples come from.
            indices: which of them, None for all.
            training: samples to learn from; without objects, batches must be of one size.
            augment: called with each sample and a seed of its own.
            seed: decides the augmentation, together with epoch and index.
            cache: keep decoded samples in memory.
            frozen: every epoch sees the samples of epoch 0.
            labels: False leaves `image`, `image_id` and `size` alone in each sample.
            instances: the source's samples hold `objects`; in training they become `masks`, `boxes`, `labels` and
                `iscrowd` of what augmentation leaves, and there is no `semantic`.
            min_area: in training, objects of which fewer pixels are left are dropped.
        """
        self.source = source
        self.indices = None if indices is None else list(indices)
        self.training = training
        self.augment = augment
        self.seed = seed
        self.frozen = frozen
        self.labels = labels
        self.min_area = min_area
        self._expands = training and instances
        self._cache: dict[int, Sample] | None = {} if cache else None

    def __len__(self) -> int:
        return len(self.source) if self.indices is None else len(self.indices)

    def __getitem__(self, key: Key | int) -> Sample:
        """One sample, augmented; a bare index means epoch 0."""
        epoch, index = (0, key) if isinstance(key, int) else key
        epoch = 0 if self.frozen else epoch
        # the place in the split, not in a fraction of it: a larger fraction changes no image's augmentation
        place = self._place(index)
        sample = self._read(epoch, place)
        seed = mix(_AUGMENT, self.seed, epoch, place)
        if self._expands:
            return self._learnable(sample, seed)
        return sample if self.augment is None else self.augment(sample, seed=seed)

    def plain(self, index: int) -> Sample:
        """One sample of epoch 0 as it was read."""
        place = self._place(index)
        return self.source[(0, place)] if self._expands else self._read(0, place)

    def semantic(self, index: int) -> torch.Tensor:
        """The label of one sample of epoch 0, `(H, W)` int64; its image is not decoded where the source can do so."""
        place = self._place(index)
        alone: Any = getattr(self.source, "semantic", None)
        if alone is None or "semantic" in self._cached(place):
            return self.plain(index)["semantic"]
        label: torch.Tensor = alone(place)
        return label

    def objects(self, index: int) -> Objects:
        """The objects of one sample of epoch 0; its image is not decoded where the source can do so."""
        place = self._place(index)
        alone: Any = getattr(self.source, "objects", None)
        cached = self._cached(place)
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
                ready: Batch = whole([(0 if self.frozen else epoch, self._place(index)) for epoch, index in keys])
                return ready
            with one_thread():
                return collate([self[key] for key in keys], training=self.training)
        except DataError:
            raise
        except UserError as error:
            raise DataError(str(error)) from None

    def _read(self, epoch: int, index: int) -> Sample:
        if not self.labels:
            bare = self.source[(epoch, index)]
            return {"image": bare["image"], "image_id": bare["image_id"], "size": bare["size"]}
        if self._cache is None:
            return self.source[(epoch, index)]
        if index not in self._cache:
            sample = self.source[(epoch, index)]
            self._cache[index] = _without_label(sample) if self._expands else _with_small_label(sample)
        kept = self._cache[index]
        # copies: whoever changes a sample in place must not change the next epoch
        fresh: Sample = {**kept, "image": kept["image"].clone()}
        if "semantic" in kept:
            fresh["semantic"] = kept["semantic"].long()
        return fresh

    def _learnable(self, sample: Sample, seed: int) -> Sample:
        """A sample to learn objects from, after augmentation."""
        objects = sample["objects"]
        moved: Sample = {"image": sample["image"], "image_id": sample["image_id"], "size": sample["size"]}
        # under the name that every augmentation knows: what moves masks moves maps of ids
        moved["masks"] = layers_of(objects)
        if self.augment is not None:
            moved = self.augment(moved, seed=seed)
        if "masks" not in moved:
            raise DataError("The augmentation gave a sample without its 'masks'. Let it keep what it does not know.")
        return {**moved, **from_layers(moved["masks"], objects, min_area=self.min_area)}

    def _place(self, index: int) -> int:
        """Where a sample lies in the source."""
        return index if self.indices is None else self.indices[index]

    def _cached(self, place: int) -> Sample:
        """What is in memory of a sample."""
        return {} if self._cache is None else self._cache.get(place, {})


def _without_label(sample: Sample) -> Sample:
    kept: Any = {key: value for key, value in sample.items() if key != "semantic"}
    slim: Sample = kept
    return slim


def _with_small_label(sample: Sample) -> Sample:
    """An eighth of the label's memory wherever the classes fit a byte."""
    semantic = sample["semantic"]
    fits = semantic.numel() == 0 or int(semantic.max()) <= 255
    return {**sample, "semantic": semantic.to(torch.uint8 if fits else torch.int32)}


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
