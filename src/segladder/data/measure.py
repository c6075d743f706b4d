"""What a training set holds, counted over every pixel: mean and spread of its channels, and its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.progress import with_progress
from segladder.data.samples import Samples
from segladder.data.speed.workers import available_cores
from segladder.types import DatasetInfo, UserError

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Statistics of a set of samples."""

    images: int
    mean: tuple[float, ...]
    """Per channel, in units of the image scaled to [0, 1]; float images in their own units."""
    std: tuple[float, ...]
    """Likewise, over all pixels of all images."""
    pixels: NDArray[np.int64]
    """Pixels of each class, `(C,)`."""
    images_with: NDArray[np.int64]
    """Images that hold at least one pixel of each class, `(C,)`."""
    ignored: int
    """Pixels that are of no class."""


def measure(samples: Samples, info: DatasetInfo) -> Measured:
    """Reads every sample once, without augmentation."""

    def one(index: int) -> tuple[int, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], int]:
        sample = samples.plain(index)
        counts, ignored = _counts(sample["semantic"], info)
        return *_moments(sample["image"]), counts, ignored

    count, ignored = 0, 0
    mean, spread = np.zeros(info.channels), np.zeros(info.channels)
    pixels, images_with = np.zeros((2, info.num_classes), dtype=np.int64)
    for size, its_mean, its_spread, counts, its_ignored in _each(one, samples, "measuring"):
        # Chan et al. (1979): sums of squares about means join without cancelling
        total = count + size
        step = its_mean - mean
        spread += its_spread + step**2 * (count * size / total)
        mean += step * (size / total)
        count = total
        pixels += counts
        images_with += counts > 0
        ignored += its_ignored
    std = np.sqrt(spread / max(count, 1))
    return Measured(
        images=len(samples),
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        pixels=pixels,
        images_with=images_with,
        ignored=ignored,
    )


def class_pixels(samples: Samples, info: DatasetInfo) -> NDArray[np.int64]:
    """Pixels of each class in all labels, `(C,)`; images are left undecoded where the source can."""
    total = np.zeros(info.num_classes, dtype=np.int64)

    def one(index: int) -> NDArray[np.int64]:
        try:
            return _counts(samples.semantic(index), info)[0]
        except UserError:
            if samples.on_bad == "error":
                raise
            return np.zeros(info.num_classes, dtype=np.int64)

    for counts in _each(one, samples, "counting classes"):
        total += counts
    return total


def _each(function: Callable[[int], R], samples: Samples, what: str) -> Iterator[R]:
    """The function's result for each sample in order; files are decoded on all cores."""
    source: Any = samples.source
    indices = range(len(samples))
    if source.synthetic:
        yield from with_progress(map(function, indices), len(samples), what)
        return
    with ThreadPoolExecutor(min(8, available_cores())) as pool:
        try:
            yield from with_progress(pool.map(function, indices), len(samples), what)
        finally:
            # after an error or Ctrl-C what is queued is not worth waiting for
            pool.shutdown(wait=False, cancel_futures=True)


def _moments(image: Tensor) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Pixels, and per channel their mean and their sum of squares about it."""
    raw = image.numpy().reshape(image.shape[0], -1)
    values = raw.astype(np.float64) / (255 if raw.dtype == np.uint8 else 1)
    mean = values.mean(1)
    return values.shape[1], mean, ((values - mean[:, None]) ** 2).sum(1)


def _counts(semantic: Tensor, info: DatasetInfo) -> tuple[NDArray[np.int64], int]:
    """Pixels of each class, and those of none."""
    labels = semantic.numpy().reshape(-1)
    known = labels[labels != info.ignore_index]
    return np.bincount(known, minlength=info.num_classes), labels.size - known.size
