"""What is left to do to a batch once it has reached its device: work that costs nothing there, and much on the way."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from segladder.types import Batch


def finished(batch: Batch, augment: Any) -> Batch:
    """The batch as networks and losses take it.

    Labels travel in as few bytes as hold their classes and become int64; an augmentation that leaves something to the
    device (`on_device(batch)`) does it.
    """
    left = getattr(augment, "on_device", None)
    if left is not None:
        batch = left(batch)
    label = batch.get("semantic")
    if label is None:
        return batch
    wide = label.long() if isinstance(label, Tensor) else [one.long() for one in label]
    return {**batch, "semantic": wide}
