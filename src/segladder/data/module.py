"""The LightningDataModule of every data set: a reader's datasets in, restartable loaders out."""

from __future__ import annotations

import inspect
import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from segladder.data.disks import SLOW_READING, Disks
from segladder.data.errors import DataError
from segladder.data.folder import Folder
from segladder.data.order import EpochBatches
from segladder.data.samples import Augmentation, Samples, as_is
from segladder.data.seeding import mix
from segladder.types import Batch, DatasetInfo

log = logging.getLogger(__name__)

_CACHE_BYTES = 2**30
_FRACTION = 6  # keeps the choice of a fraction apart from other random numbers
_SPLITS = ("train", "val", "test")


class SegmentationDataModule(LightningDataModule):
    """Loads the data set that `reader` reads.

    A new data set is one file with a reader, a subclass that names it, and a YAML. A reader takes its options
    and `seed`, has `info` and `root`, and gives `dataset(split, run_seed=...)`: a dataset addressed by
    `(epoch, index)` with `synthetic` and `digest(...)`, or None where there is no such split.
    """

    reader: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        *,
        batch_size: int = 16,
        eval_batch_size: int | None = None,
        num_workers: int | str = "auto",
        seed: int = 0,
        order_seed: int = 0,
        fraction: float = 1.0,
        limit: int | None = None,
        overfit: int | None = None,
        shuffle: bool | None = None,
        drop_last: bool = True,
        cache: bool | str = "auto",
        prefetch: int = 2,
        augment: Augmentation | None = None,
        **options: Any,
    ) -> None:
        """
        Args:
            batch_size: training samples per step, over all devices together.
            eval_batch_size: samples per validation and test step, over all devices; null for `batch_size`.
            num_workers: processes that read, 0 for none; `auto` decides by the machine.
            seed: decides splits, fractions and fixed synthetic sets; not the run's seed.
            order_seed: the run's seed: decides order, augmentation and endless synthetic sets.
            fraction: share of the training set to use, in (0, 1]; a smaller one is part of a larger one.
            limit: use only the first so many samples of every split.
            overfit: train, validate and test on the same first so many training images, the same in every epoch
                and without augmentation.
            shuffle: a new training order in every epoch; null for yes, except for synthetic sets.
            drop_last: leave out the training samples that fill no whole batch.
            cache: keep decoded samples in memory; `auto` where they take less than 1 GiB and no workers read.
                With workers each one keeps its own.
            prefetch: batches each worker prepares ahead.
            augment: called with each training sample; None for nothing.
            options: what the reader takes.

        Raises:
            DataError: an option that makes no sense, or data that is missing.
        """
        super().__init__()
        # `allow_zero_length...` and friends are Lightning's; everything of ours is set before anything can
        # fail
        self.batch_size = _positive("batch_size", batch_size)
        self.eval_batch_size = (
            self.batch_size if eval_batch_size is None else _positive("eval_batch_size", eval_batch_size)
        )
        if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction <= 1:
            raise DataError(f"data.fraction is {fraction!r}. Give a share above 0 and up to 1, e.g. data.fraction=0.1.")
        self.fraction = float(fraction)
        self.limit = None if limit is None else _positive("limit", limit)
        self.overfit = None if overfit is None else _positive("overfit", overfit)
        self.seed = seed
        self.order_seed = order_seed
        self.drop_last = drop_last
        self.prefetch = prefetch
        self.data = self._read(options)
        self.info: DatasetInfo = self.data.info
        bind = getattr(augment, "bind", None)
        self.augment = augment if bind is None else bind(self.info)
        if self.augment is not None and not self.augment:
            self.augment = None
        self._shuffle = shuffle
        self._cache = cache
        workers: Any = num_workers
        if workers != "auto" and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 0):
            raise DataError(f"data.num_workers is {workers!r}. Give a whole number, 0 or more, or auto.")
        self.num_workers = num_workers
        self._samples: dict[str, Samples | None] = {}

    def _read(self, options: dict[str, Any]) -> Any:
        known = inspect.signature(type(self).reader).parameters
        unknown = [name for name in options if name not in known]
        if unknown:
            raise DataError(
                f"data.{unknown[0]} is no setting of this data set. It takes"
                f" {', '.join(n for n in known if n != 'seed')}."
            )
        return type(self).reader(**options, seed=self.seed)

    def samples(self, split: str) -> Samples | None:
        """The samples of train, val or test after `fraction` and `limit`; None where there are none."""
        if split not in self._samples:
            source = self.data.dataset("train" if self.overfit else split, run_seed=self.order_seed)
            training = split == "train"
            self._samples[split] = (
                None
                if source is None
                else Samples(
                    source,
                    indices=self._chosen(source, split),
                    training=training,
                    augment=self.augment if training and not self.overfit else None,
                    frozen=self.overfit is not None,
                    seed=self.order_seed,
                    cache=self._caches(source),
                )
            )
        return self._samples[split]

    def class_pixels(self) -> torch.Tensor:
        """Pixels of each class in the training labels, `(C,)` int64; reads every training image once."""
        samples = self.samples("train")
        total = torch.zeros(self.info.num_classes, dtype=torch.int64)
        for index in range(0 if samples is None else len(samples)):
            assert samples is not None
            labels = samples.plain(index)["semantic"].flatten()
            known = labels[labels != self.info.ignore_index]
            total += torch.bincount(known, minlength=self.info.num_classes)
        return total

    def summary(self) -> dict[str, Any]:
        """What was seen, for the record: name, root, counts and hashes per split; lists every file once."""
        counts, hashes = {}, {}
        for split in _SPLITS:
            samples = self.samples(split)
            if samples is not None:
                source: Any = samples.source
                counts[split] = len(samples)
                chosen = None if samples.indices is None else samples.indices
                hashes[split] = source.digest(len(samples) if source.synthetic else chosen)
        root = self.data.root
        return {
            "name": self.info.name,
            "root": None if root is None else str(root),
            "counts": counts,
            "hashes": hashes,
        }

    def train_dataloader(self) -> DataLoader[Batch]:
        samples = self.samples("train")
        if samples is None:
            raise DataError("There is no training split (data.train_split=null or data.counts.train=0). Name one.")
        source: Any = samples.source
        shuffle = not source.synthetic if self._shuffle is None else self._shuffle
        if source.synthetic and (shuffle or self.workers(source) > 1):
            source.warned = True
            warnings.warn(SLOW_READING, stacklevel=2)
        batches = self._batches(samples, "training", self.batch_size, shuffle=shuffle, drop_last=self.drop_last)
        batches.position = lambda: self._position(self._epoch_length(len(batches)))
        return self._loader(samples, batches)

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        return self._evaluation("val")

    def test_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        return self._evaluation("test")

    def workers(self, source: Any) -> int:
        """Processes that read this source, `auto` resolved."""
        if self.num_workers != "auto":
            return int(self.num_workers)
        resolved = _workers(synthetic=source.synthetic, small=_fits(source))
        log.info("data.num_workers=auto: %d", resolved)
        return resolved

    def _evaluation(self, split: str) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        samples = self.samples(split)
        if samples is None:
            return []  # Lightning's word for none
        name = {"val": "validation", "test": "test"}[split]
        return self._loader(samples, self._batches(samples, name, self.eval_batch_size, shuffle=False, drop_last=False))

    def _batches(self, samples: Samples, name: str, batch_size: int, *, shuffle: bool, drop_last: bool) -> EpochBatches:
        trainer = self.trainer
        return EpochBatches(
            len(samples),
            batch_size,
            seed=self.order_seed,
            shuffle=shuffle,
            drop_last=drop_last,
            rank=0 if trainer is None else trainer.global_rank,
            world_size=1 if trainer is None else trainer.world_size,
            name=name,
        )

    def _loader(self, samples: Samples, batches: EpochBatches) -> DataLoader[Batch]:
        workers = self.workers(samples.source)
        dataset: Any = samples  # its __getitems__ returns finished batches
        return DataLoader(
            dataset,
            batch_sampler=batches,
            collate_fn=as_is,
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=self.prefetch if workers else None,
            pin_memory=torch.cuda.is_available(),
            # fork shares what is imported already; elsewhere the platform's own way is the safe one
            multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
            # its own, or every epoch would draw a number from the global state
            generator=torch.Generator().manual_seed(mix(self.order_seed)),
        )

    def _position(self, batches_per_epoch: int) -> tuple[int, int]:
        """Epoch and batches already done when an iteration over the training set starts."""
        if self.trainer is None:
            return 0, 0
        fit: Any = self.trainer.fit_loop
        epoch = fit.epoch_progress.current
        if epoch.processed > epoch.completed:
            # a checkpoint from the end of an epoch: its batches are done, its end is not counted yet
            return epoch.processed, 0
        # `ready` also counts a batch that was cut off in the middle
        done = fit.epoch_loop.batch_progress.current.processed
        if not fit.restarting:
            done = 0
        return (epoch.completed + 1, 0) if done >= batches_per_epoch else (epoch.completed, done)

    def _epoch_length(self, batches: int) -> int:
        """Batches that an epoch really has, with `trainer.limit_train_batches`."""
        limit = 1.0 if self.trainer is None else self.trainer.limit_train_batches or 1.0
        return min(batches, limit) if isinstance(limit, int) else int(batches * limit)

    def _chosen(self, source: Any, split: str) -> list[int] | None:
        count = len(source)
        if split != "train" or self.fraction == 1:
            kept = list(range(count))
        else:
            size = max(1, round(self.fraction * count))
            if source.synthetic:
                kept = list(range(size))  # any part is as good as another, the first one is cheap
            else:
                generator = torch.Generator().manual_seed(mix(_FRACTION, self.seed))
                kept = sorted(torch.randperm(count, generator=generator)[:size].tolist())
        kept = kept[: self.overfit or self.limit]
        return None if len(kept) == count else kept

    def _caches(self, source: Any) -> bool:
        if source.synthetic:
            return False
        if self._cache == "auto":
            return self.workers(source) == 0 and _fits(source)
        return bool(self._cache)


class DisksDataModule(SegmentationDataModule):
    """`data=disks`: see `segladder.data.disks.Disks` for the options."""

    reader = Disks


class FolderDataModule(SegmentationDataModule):
    """`data=folder` and its presets: see `segladder.data.folder.Folder` for the options."""

    reader = Folder


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"data.{name} is {value!r}. Give a whole number of samples, 1 or more.")
    return value


def _fits(source: Any) -> bool:
    return getattr(source, "decoded_bytes", _CACHE_BYTES) < _CACHE_BYTES


def _workers(*, synthetic: bool, small: bool) -> int:
    """Synthetic sets are read in order; on the CPU small sets are cached, and the cores are the network's."""
    if synthetic:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if torch.cuda.is_available():
        return max(1, min(8, cores // torch.cuda.device_count() - 1))
    return 0 if small else max(1, min(4, cores // 2))
