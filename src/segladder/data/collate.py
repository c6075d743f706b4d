"""Samples into a batch: stacked where they can be, lists where images differ in size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from segladder.data.errors import DataError
from segladder.data.transforms.geometry import interleaved
from segladder.types import Batch, Sample


def collate(samples: Sequence[Sample], *, training: bool) -> Batch:
    """A batch of samples.

    Args:
        samples: at least one, all with the same keys.
        training: demand one size, unless samples hold `masks`: networks that find objects take any sizes. An
            evaluation gets lists of tensors instead.

    Returns:
        `image` `(B, C, H, W)` and `semantic` `(B, H, W)`, or lists of B tensors; everything else
        (`masks`, `boxes`, `labels`, `objects`, `image_id`, `size`, ...) as lists of B, unpadded.

    Raises:
        DataError: training images differ in size.
    """
    batch: dict[str, Any] = {key: [sample[key] for sample in samples] for key in samples[0]}  # type: ignore[literal-required]
    if "jitter" in batch:
        batch["jitter"] = torch.stack(batch["jitter"])
    shapes = {tuple(image.shape[-2:]) for image in batch["image"]}
    if len(shapes) == 1:
        batch["image"] = _stacked(batch["image"])
        if "semantic" in batch:
            batch["semantic"] = torch.stack(batch["semantic"])
    elif training and "masks" not in batch:
        (small, *_, large) = sorted(shapes)
        odd = next(s for s in samples if s["image"].shape[-2:] != samples[0]["image"].shape[-2:])
        raise DataError(
            f"Training images differ in size, e.g. '{samples[0]['image_id']}' is {_size(samples[0])} and"
            f" '{odd['image_id']}' is {_size(odd)} (height x width), so they make no batch. Cut them to one"
            " size with augment=standard"
            f" augment.crop=[{_multiple(min(small[0], large[0]))},{_multiple(min(small[1], large[1]))}], or"
            " set data.batch_size=1."
        )
    return cast(Batch, batch)


def _stacked(images: Sequence[Tensor]) -> Tensor:
    """One tensor, which keeps a pixel's channels beside each other where all images have them so (channels_last)."""
    if all(interleaved(image) for image in images):
        return torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
    return torch.stack(list(images))


def _size(sample: Sample) -> str:
    height, width = sample["image"].shape[-2:]
    return f"{height}x{width}"


def _multiple(pixels: int, of: int = 32) -> int:
    """The largest multiple of 32 inside, which every encoder divides evenly; at least 32."""
    return max(of, pixels // of * of)
