"""Images of synthetic disks, addressed by epoch and index and generated in blocks of fresh noise."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from segladder.data.collate import collate
from segladder.data.order import Key
from segladder.data.readers.disk_images import DiskSettings, generate, objects
from segladder.data.seeding import mix
from segladder.types import Batch, Objects, Sample

BLOCK = 256
"""Samples generated in one go. Part of what a sample is: changing it changes every image."""

SPLITS = {"train": 2, "val": 3, "test": 4}
"""Keeps the random numbers of splits apart."""

_VERSION = 1  # goes up when the same settings give other images
_LATER = ("contrast_spread", "min_visible")  # settings that came later: at 0 the images are those without them
_KEPT_BYTES = 128 * 2**20


class DisksDataset(Dataset[Sample]):
    """`count` images of disks, addressed by `(epoch, index)`.

    A block of 256 samples is a function of (seed, split, epoch, block) alone; a fixed set is the same in
    every epoch. Reading in order generates each block once. `dataset.__getitems__(keys)` returns a finished
    batch, which a DataLoader with a batch sampler uses by itself.
    """

    synthetic = True
    """Samples are alike and cheap only in order: any part is as good as another, and nothing is shuffled."""

    def __init__(
        self,
        settings: DiskSettings,
        *,
        split: str,
        count: int,
        seed: int,
        endless: bool = False,
        instances: bool = False,
    ) -> None:
        """
        Args:
            settings: what the images look like.
            split: train, val or test.
            count: samples per epoch.
            seed: decides every image.
            endless: new images each epoch.
            instances: samples hold the visible disks as `objects`, too.
        """
        self.settings = settings
        self.split = split
        self.count = count
        self.seed = seed
        self.endless = endless
        self.instances = instances
        self.warned = False
        height, width = settings.size
        block_bytes = BLOCK * height * width * (4 * settings.channels + 2)
        self._keep = 1 if endless else max(1, _KEPT_BYTES // block_bytes)
        self._blocks: dict[tuple[int, int], tuple[Tensor, Tensor, Tensor]] = {}
        self._generated = 0
        self._served = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: Key | int) -> Sample:
        """One sample; a bare index means epoch 0."""
        epoch, index = (0, key) if isinstance(key, int) else key
        if not 0 <= index < self.count:
            raise IndexError(f"index {index} of {self.count} {self.split} samples")
        images, classes, ids = self._block(epoch, index // BLOCK)
        at = index % BLOCK
        self._served += 1
        sample: Sample = {
            "image": images[at].clone(),
            "semantic": classes[at].long(),
            "image_id": self._image_id(epoch, index),
            "size": self.settings.size,
        }
        if self.instances:
            sample["objects"] = objects(classes[at].numpy(), ids[at].numpy())
        return sample

    def semantic(self, index: int) -> Tensor:
        """The label of one sample of epoch 0, `(H, W)` int64."""
        _, classes, _ = self._block(0, index // BLOCK)
        self._served += 1
        return classes[index % BLOCK].long()

    def objects(self, index: int) -> Objects:
        """The visible disks of one sample of epoch 0."""
        _, classes, ids = self._block(0, index // BLOCK)
        self._served += 1
        return objects(classes[index % BLOCK].numpy(), ids[index % BLOCK].numpy())

    def image_id(self, index: int) -> str:
        """What a sample of epoch 0 is called."""
        return self._image_id(0, index)

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        """A finished batch: images `(B, C, H, W)` float32, semantic `(B, H, W)` int64; in the instance view objects."""
        if self.instances:
            return collate([self[key] for key in keys], training=False)
        images, classes, start = [], [], 0
        while start < len(keys):
            epoch, first = keys[start]
            block, at = divmod(first, BLOCK)
            stop = start + 1
            # a run of neighbours inside one block is one slice
            while stop < len(keys) and keys[stop] == (epoch, first + stop - start) and keys[stop][1] // BLOCK == block:
                stop += 1
            block_images, block_classes, _ = self._block(epoch, block)
            # copied by NumPy, on one core: torch would split these few hundred kilobytes among its threads
            images.append(block_images.numpy()[at : at + stop - start])
            classes.append(block_classes.numpy()[at : at + stop - start])
            start = stop
        self._served += len(keys)
        return {
            "image": torch.from_numpy(np.concatenate(images)),
            "semantic": torch.from_numpy(np.concatenate(classes, dtype=np.int64)),
            "image_id": [self._image_id(epoch, index) for epoch, index in keys],
            "size": [self.settings.size] * len(keys),
        }

    def digest(self, count: int | None = None) -> str:
        """SHA-256 of what decides the first `count` images: settings, split, version; the seed if fixed."""
        settings = {name: value for name, value in asdict(self.settings).items() if name not in _LATER or value}
        content: dict[str, Any] = {
            "generator": "disks",
            "version": _VERSION,
            "settings": settings,
            "split": self.split,
            "count": self.count if count is None else count,
            # an endless set follows the run's own seed, which is no property of the data
            "seed": "run" if self.endless else self.seed,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _image_id(self, epoch: int, index: int) -> str:
        return f"{epoch}-{index}" if self.endless else str(index)

    def _block(self, epoch: int, block: int) -> tuple[Tensor, Tensor, Tensor]:
        name = (epoch if self.endless else 0, block)
        if name not in self._blocks:
            while len(self._blocks) >= self._keep:
                del self._blocks[next(iter(self._blocks))]
            seed = mix(SPLITS[self.split], self.seed, *name)
            # the last block is generated whole, so that `count` moves no image
            self._blocks[name] = generate(self.settings, BLOCK, torch.Generator().manual_seed(seed))
            self._generated += 1
            self._warn_of_slow_reading()
        return self._blocks[name]

    def _warn_of_slow_reading(self) -> None:
        worker = get_worker_info()
        several = worker is not None and worker.num_workers > 1
        scattered = self._generated >= 8 and self._served < self._generated * BLOCK // 8
        if self.warned or not (several or scattered):
            return
        self.warned = True
        if worker is None or worker.id == 0:
            warnings.warn(SLOW_READING, stacklevel=2)


SLOW_READING = (
    "Disks are being read by several workers or out of order, so most of every generated block of 256 is"
    " thrown away: 3 to 50 times slower. Set data.num_workers=0 data.shuffle=false."
)
