"""The samples a loader reads: part of a data set, kept in memory where cheap, augmented where asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset

from segladder.data.collate import collate
from segladder.data.errors import DataError
from segladder.data.order import Key
from segladder.data.seeding import mix
from segladder.types import Batch, Sample, UserError

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
    ) -> None:
        """
        Args:
            source: where samples come from.
            indices: which of them, None for all.
            training: batches must be of one size.
            augment: called with each sample and a seed of its own.
            seed: decides the augmentation, together with epoch and index.
            cache: keep decoded samples in memory.
            frozen: every epoch sees the samples of epoch 0.
            labels: False leaves `image`, `image_id` and `size` alone in each sample.
        """
        self.source = source
        self.indices = None if indices is None else list(indices)
        self.training = training
        self.augment = augment
        self.seed = seed
        self.frozen = frozen
        self.labels = labels
        self._cache: dict[int, Sample] | None = {} if cache else None

    def __len__(self) -> int:
        return len(self.source) if self.indices is None else len(self.indices)

    def __getitem__(self, key: Key | int) -> Sample:
        """One sample, augmented; a bare index means epoch 0."""
        epoch, index = (0, key) if isinstance(key, int) else key
        epoch = 0 if self.frozen else epoch
        sample = self._read(epoch, index if self.indices is None else self.indices[index])
        if self.augment is None:
            return sample
        # the place in the split, not in a fraction of it: a larger fraction changes no image's augmentation
        place = index if self.indices is None else self.indices[index]
        return self.augment(sample, seed=mix(_AUGMENT, self.seed, epoch, place))

    def plain(self, index: int) -> Sample:
        """One sample of epoch 0 as it was read."""
        return self._read(0, index if self.indices is None else self.indices[index])

    def semantic(self, index: int) -> torch.Tensor:
        """The label of one sample of epoch 0, `(H, W)` int64; its image is not decoded where the source can do so."""
        place = index if self.indices is None else self.indices[index]
        alone: Any = getattr(self.source, "semantic", None)
        if alone is None or (self._cache is not None and place in self._cache):
            return self._read(0, place)["semantic"]
        label: torch.Tensor = alone(place)
        return label

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        """A finished batch.

        Raises:
            DataError: any UserError of the source or the augmentation, in words that survive a worker.
        """
        try:
            whole: Any = getattr(self.source, "__getitems__", None)
            if whole is not None and self.augment is None and self.labels:
                ready: Batch = whole(
                    [(0 if self.frozen else e, i if self.indices is None else self.indices[i]) for e, i in keys]
                )
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
            self._cache[index] = {**sample, "semantic": _compact(sample["semantic"])}
        kept = self._cache[index]
        # copies: whoever changes a sample in place must not change the next epoch
        return {**kept, "image": kept["image"].clone(), "semantic": kept["semantic"].long()}


def _compact(semantic: torch.Tensor) -> torch.Tensor:
    """An eighth of the memory wherever the classes fit a byte."""
    fits = semantic.numel() == 0 or int(semantic.max()) <= 255
    return semantic.to(torch.uint8 if fits else torch.int32)


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
