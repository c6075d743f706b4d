"""What a cache hands out: a sample in the cache's own memory, with its label in as few bytes as hold it."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from segladder.types import DatasetInfo, Sample

Kept = Sample
"""A sample as a cache has it: `semantic` is as narrow as `label_type`, and no tensor may be changed or handed on."""


class Cache(Protocol):
    """Decoded samples, found by their place in the source."""

    def read(self, place: int) -> Kept | None:
        """The sample of that place; None where it is not kept."""

    def keep(self, place: int, sample: Sample) -> Kept | None:
        """Takes a sample that was just decoded; None where this cache takes none any more."""


def label_type(info: DatasetInfo) -> torch.dtype:
    """What a label of these classes is kept as: an eighth of int64 wherever the classes fit a byte."""
    return torch.uint8 if max(info.num_classes - 1, info.ignore_index) <= 255 else torch.int32


def narrowed(label: Tensor, kind: torch.dtype) -> Tensor:
    """A label as `kind`, or as it is where a value does not fit."""
    if label.dtype == kind:
        return label
    limits = torch.iinfo(kind)
    low, high = torch.aminmax(label) if label.numel() else (limits.min, limits.max)
    return label.to(kind) if limits.min <= int(low) and int(high) <= limits.max else label


def released(sample: Sample, kept: Kept, *, wide: bool = True) -> Sample:
    """The sample in memory of its own, its label as int64, so that whoever gets it may change it.

    Args:
        sample: what was made of `kept`, or itself.
        kept: the cache's.
        wide: False leaves the label as narrow as it is.
    """
    fresh: Any = dict(sample)
    for key in ("image", "semantic"):
        if key in fresh:
            given = fresh[key].long() if key == "semantic" and wide else fresh[key]
            fresh[key] = given.clone() if key in kept and _shares(given, kept[key]) else given
    free: Sample = fresh
    return free


def _shares(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
