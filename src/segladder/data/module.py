"""The LightningDataModule of every data set: a reader's datasets in, restartable loaders out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from segladder.data import decoding
from segladder.data.cache.choice import CacheChoice
from segladder.data.errors import DataError
from segladder.data.idle import PREFETCH, IdleOptions
from segladder.data.loading import loader
from segladder.data.measure import class_pixels
from segladder.data.options import (
    bad_sample_word,
    batches_ahead,
    built_reader,
    pixels,
    positive,
    positive_or_none,
    worker_count,
)
from segladder.data.order import EpochBatches
from segladder.data.position import training_position
from segladder.data.readers.disks_dataset import SLOW_READING
from segladder.data.samples import Augmentation, Samples
from segladder.data.speed.workers import auto_workers
from segladder.data.splits.subsets import Part
from segladder.data.splits.unlabelled import unlabelled
from segladder.data.summary import summary
from segladder.data.transforms.arrival import finished
from segladder.types import Batch, DatasetInfo

log = logging.getLogger(__name__)

_SPLITS = ("train", "val", "test")


class SegmentationDataModule(LightningDataModule):
    """Loads the data set that `reader` reads.

    A new data set is one file with a reader, a subclass that names it, and a YAML. A reader takes its options
    and `seed`, has `info` and `root`, and gives `dataset(split, run_seed=...)`: a dataset addressed by
    `(epoch, index)` with `synthetic` and `digest(...)`, or None where there is no such split. It may also have
    `splits`, the published name of each of train, val and test, and `unlabelled(name)`, the images alone of any
    published split; and its datasets `semantic(index)` and `objects(index)`, what is true of an image without reading
    it, `image_id(index)`, and `require_images(indices)`, called before images are read; with `files(index)`,
    `image_size(index)` and `reading()` they can be cached on disk. A reader that can tell objects
    apart takes `instances`, whether its samples must hold `objects`; one that can do without images `labels_alone`,
    whether they may be missing.
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
        folds: int | None = None,
        fold: int = 0,
        shots: int | None = None,
        overfit: int | None = None,
        shuffle: bool | None = None,
        drop_last: bool = True,
        cache: bool | str = "auto",
        cache_dir: str | None = None,
        prefetch: int = PREFETCH,
        decoder: str = "auto",
        augment: Augmentation | None = None,
        instances: bool = False,
        min_area: int = 1,
        on_bad_sample: str = "error",
        labels_alone: bool = False,
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
            folds: cross-validation: the training split falls into so many parts, of which one is the validation set
                instead of the data set's own.
            fold: which of them, from 0.
            shots: train on so few images that each class occurs in so many of them, where there are so many.
            overfit: train, validate and test on the same first so many training images, the same in every epoch
                and without augmentation.
            shuffle: a new training order in every epoch; null for yes, except for synthetic sets.
            drop_last: leave out the training samples that fill no whole batch.
            cache: keep decoded samples: `ram` (or true) in memory, `disk` for this and later runs, `auto` in memory
                where they take less than 1 GiB, false nowhere.
            cache_dir: where `disk` keeps them; None for the user's folder of caches.
            prefetch: batches each worker prepares ahead.
            decoder: what reads PNGs and JPEGs: auto, pillow, torchvision or imagecodecs; values are the same.
            augment: called with each training sample; None for nothing.
            instances: samples hold their objects: what a network needs that finds them.
            min_area: in training, objects of which augmentation leaves fewer pixels are dropped.
            on_bad_sample: `error`, or `skip` to go on without samples that cannot be read.
            labels_alone: predictions are scored, for which images may be missing where the reader can do without.
            options: what the reader takes.

        Raises:
            DataError: an option that makes no sense, or data that is missing.
        """
        super().__init__()
        # `allow_zero_length...` and friends are Lightning's; everything of ours is set before anything can fail
        self.batch_size = positive("batch_size", batch_size)
        self.eval_batch_size = positive_or_none("eval_batch_size", eval_batch_size) or self.batch_size
        self.on_bad_sample = bad_sample_word(on_bad_sample)
        self.part = Part(
            fraction=fraction,
            limit=limit,
            folds=folds,
            fold=fold,
            shots=shots,
            overfit=overfit,
            seed=seed,
            skips=self.on_bad_sample == "skip",
        )
        # without images no loader has anything to do
        self.num_workers = 0 if labels_alone else worker_count(num_workers)
        self.seed = seed
        self.order_seed = order_seed
        self.drop_last = drop_last
        self.prefetch = batches_ahead(prefetch)
        self.instances = instances
        self.min_area = pixels("min_area", min_area)
        if self.min_area > 1 and not instances:
            warnings.warn(
                f"data.min_area={min_area} has no effect: this model learns no objects, only their classes.",
                stacklevel=2,
            )
        decoding.prefer(decoder)
        self._idle = IdleOptions(prefetch=self.prefetch, decoder=decoder)
        reader = type(self).reader
        self.data = built_reader(reader, options, seed=seed, instances=instances, labels_alone=labels_alone)
        self.info: DatasetInfo = self.data.info
        bind = getattr(augment, "bind", None)
        self.augment = augment if bind is None else bind(self.info)
        if self.augment is not None and not self.augment:
            self.augment = None
        self._shuffle = shuffle
        self.cache = CacheChoice(False if labels_alone else cache, None if labels_alone else cache_dir)
        self.test_on = "test"
        """The split (train, val, test) that a test scores; `evaluate` may choose another one."""
        self._samples: dict[str, Samples | None] = {}

    def samples(self, split: str) -> Samples | None:
        """The samples of train, val or test after `fraction` and `limit`; None where there are none."""
        if split not in self._samples:
            source = self.data.dataset(self.part.read_from(split), run_seed=self.order_seed)
            training = split == "train"
            self._samples[split] = (
                None
                if source is None
                else Samples(
                    source,
                    indices=self.part.chosen(source, split, self.info),
                    training=training,
                    augment=self.augment if training and not self.part.overfit else None,
                    frozen=self.part.overfit is not None,
                    seed=self.order_seed,
                    cache=self.cache.in_memory(source, workers=self.workers(source), often=split != "test"),
                    instances=self.instances,
                    min_area=self.min_area,
                    numbered=split == self.test_on and not self.instances,
                    on_bad=self.on_bad_sample,
                )
            )
        return self._samples[split]

    def test_samples(self) -> Samples | None:
        """The samples of `test_on`, whole and unchanged; None where there are none."""
        samples = self.samples(self.test_on)
        if samples is None or self.test_on != "train":
            return samples
        return Samples(
            samples.source, indices=samples.indices, frozen=True, seed=self.order_seed, on_bad=self.on_bad_sample
        )

    def unlabelled(self, split: str) -> Samples:
        """The samples of any published split without their labels; see `segladder.data.splits.unlabelled`."""
        return unlabelled(self.data, split, limit=self.part.limit, run_seed=self.order_seed)

    def class_pixels(self) -> torch.Tensor:
        """Pixels of each class in the training labels, `(C,)` int64; reads every training label once."""
        samples = self.samples("train")
        if samples is None:
            return torch.zeros(self.info.num_classes, dtype=torch.int64)
        return torch.from_numpy(class_pixels(samples, self.info))

    def summary(self, splits: Sequence[str] = _SPLITS) -> dict[str, Any]:
        """What was seen, for the record; lists every file once.

        Args:
            splits: of train, val and test, those that were.

        Returns:
            See `segladder.data.summary`.
        """
        seen = {split: samples for split in splits if (samples := self.samples(split)) is not None}
        return summary(self.data, seen, part=self.part, info=self.info)

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
        batches.position = lambda: training_position(self.trainer, len(batches))
        return self._loader(samples, batches, "train")

    def val_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        return self._evaluation(self.samples("val"), "validation")

    def test_dataloader(self) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        return self._evaluation(self.test_samples(), "test")

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        return finished(batch, self.augment)

    def workers(self, source: Any) -> int:
        """Processes that read this source, `auto` resolved."""
        if self.num_workers != "auto":
            return int(self.num_workers)
        resolved = auto_workers(source)
        log.info("data.num_workers=auto: %d", resolved)
        return resolved

    def read_anew(self, *, cache: CacheChoice, num_workers: int) -> None:
        """From the next loader on samples are read so, and nothing is kept of those before."""
        self.cache, self.num_workers = cache, num_workers
        self._samples.clear()

    def _evaluation(self, samples: Samples | None, name: str) -> DataLoader[Batch] | list[DataLoader[Batch]]:
        if samples is None:
            return []  # Lightning's word for none
        batches = self._batches(samples, name, self.eval_batch_size, shuffle=False, drop_last=False)
        return self._loader(samples, batches, name)

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

    def _loader(self, samples: Samples, batches: EpochBatches, name: str) -> DataLoader[Batch]:
        require_images = getattr(samples.source, "require_images", None)
        if require_images is not None and self.on_bad_sample == "error":
            require_images(samples.indices)
        workers = self.workers(samples.source)
        self._idle.tell(samples, workers=workers, auto=self.num_workers == "auto")
        fitting = self.trainer is not None and self.trainer.state.fn == "fit"
        later = [found for split in _SPLITS if (found := self.samples(split))] if fitting else []
        self.cache.prepare(samples, what=f"{self.info.name} {name}", workers=workers, also=later)
        return loader(samples, batches, workers=workers, prefetch=self.prefetch, seed=self.order_seed)
