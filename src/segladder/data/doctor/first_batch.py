"""The quick form of the check, on one training batch: what would make a whole training worthless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from segladder.types import Batch, DatasetInfo

_NAMED = 3


def doubts(batch: Batch, info: DatasetInfo) -> list[str]:
    """Sentences on what looks wrong; none on a batch that can be learnt from. Draws no random number.

    Args:
        batch: as the network is about to get it.
        info: of the data.
    """
    found = _of_images(batch)
    names = _named(batch["image_id"])
    if "semantic" in batch:
        labels = batch["semantic"]
        flat = labels.reshape(-1) if isinstance(labels, Tensor) else torch.cat([one.reshape(-1) for one in labels])
        known = flat[flat != info.ignore_index]
        if not known.numel():
            return [*found, f"Every pixel of its {len(batch['image_id'])} labels is ignored ({names})"]
        low, high = int(known.min()), int(known.max())
        if low < 0 or high >= info.num_classes:
            odd = low if low < 0 else high
            found.append(f"Its labels hold {odd}, and there are {info.num_classes} classes ({names})")
        elif low == high and len(batch["image_id"]) > 1:
            found.append(f"Every pixel that is labelled in it is of class '{info.classes[low]}' ({names})")
    elif "labels" in batch and len(batch["image_id"]) > 1 and not any(len(one) for one in batch["labels"]):
        found.append(f"None of its {len(batch['image_id'])} images shows an object ({names})")
    return found


def _of_images(batch: Batch) -> list[str]:
    """Whole images alone: a crop may well lie on a black background."""
    constant = [
        name
        for image, name, size in zip(batch["image"], batch["image_id"], batch["size"], strict=True)
        if tuple(image.shape[-2:]) == tuple(size) and bool(image.amin() == image.amax())
    ]
    if not constant:
        return []
    return [f"{len(constant)} of its {len(batch['image_id'])} images have one single value ({_named(constant)})"]


def _named(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more
