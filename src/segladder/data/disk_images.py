"""Images of disks: pure functions from settings and a random generator to blocks of tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from segladder.types import Sample


@dataclass(frozen=True, kw_only=True)
class DiskSettings:
    """What the images look like; the defaults are the textbook's lab."""

    size: tuple[int, int] = (64, 64)
    num_disks: tuple[int, int] = (1, 1)
    radius: tuple[int, int] = (8, 14)
    margin: int = 16
    background: float = 0.2
    noise: float = 0.1
    contrast: tuple[float, ...] = (0.7,)
    channels: int = 1


def generate(settings: DiskSettings, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Independent images of disks; where disks overlap the later one is in front.

    Returns:
        Images `(count, channels, H, W)` float32; classes `(count, H, W)` uint8, 0 = background; ids of the
        disks `(count, H, W)` uint8, 0 = none, 1.. in the order they were laid.
    """
    height, width = settings.size
    low, high = settings.num_disks
    kinds = len(settings.contrast)

    def integers(start: int, stop: int) -> Tensor:
        return torch.randint(start, stop, (high, count, 1, 1), generator=generator, dtype=torch.int32)

    cy = integers(settings.margin, height - settings.margin)
    cx = integers(settings.margin, width - settings.margin)
    radius = integers(*settings.radius)
    kind = integers(1, kinds + 1).to(torch.uint8)
    number = torch.randint(low, high + 1, (count, 1, 1), generator=generator)
    images = torch.empty(count, settings.channels, height, width)
    images.normal_(settings.background, settings.noise, generator=generator)

    # NumPy from here on: these passes are short, and on busy cores each of torch's would wait for its threads
    pixels = images.numpy()
    y2 = np.square(np.arange(height, dtype=np.int32)[:, None] - cy.numpy())
    x2 = np.square(np.arange(width, dtype=np.int32) - cx.numpy())
    reach = np.square(radius.numpy()) - y2  # how far, squared, each row of a disk stretches
    if (low, high, kinds) == (1, 1, 1):
        # the textbook's case without the layers: the mask is the class map and the id map
        inside = x2[0] <= reach[0]
        pixels += (inside * np.float32(settings.contrast[0]))[:, None]
        classes = torch.from_numpy(inside.view(np.uint8))
        return images, classes, classes
    ids = np.zeros((count, height, width), dtype=np.uint8)
    kinds_at = np.zeros_like(ids)
    for layer in range(high):
        inside = (x2[layer] <= reach[layer]) & (layer < number.numpy())
        ids[inside] = layer + 1
        kinds_at = np.where(inside, kind[layer].numpy(), kinds_at)
    pixels += np.array((0.0, *settings.contrast), dtype=np.float32)[kinds_at][:, None]
    return images, torch.from_numpy(kinds_at), torch.from_numpy(ids)


def objects(classes: Tensor, ids: Tensor) -> Sample:
    """The visible disks of one image as masks, boxes and labels.

    A box's right and lower edges are those of its last pixels, so its width is the number of columns.
    """
    present = torch.unique(ids)
    present = present[present > 0]
    masks = ids == present[:, None, None]
    boxes = torch.zeros(len(present), 4)
    labels = torch.zeros(len(present), dtype=torch.int64)
    for number, mask in enumerate(masks):
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        boxes[number] = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
        labels[number] = classes[mask][0].long()
    return {
        "masks": masks,
        "boxes": boxes,
        "labels": labels,
        "iscrowd": torch.zeros(len(present), dtype=torch.bool),
    }
