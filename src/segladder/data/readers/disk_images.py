"""Images of disks: pure functions from settings and a random generator to blocks of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.masks import from_id_map, objects_of
from segladder.types import Objects


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
    contrast_spread: float = 0.0
    min_visible: float = 0.0


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
    kind = integers(1, kinds + 1)
    number = torch.randint(low, high + 1, (count, 1, 1), generator=generator)
    images = torch.empty(count, settings.channels, height, width)
    images.normal_(settings.background, settings.noise, generator=generator)
    contrast = torch.tensor((0.0, *settings.contrast))[kind.long()]
    if settings.contrast_spread:
        # drawn last, so that it moves no disk and no noise
        spread = torch.rand(contrast.shape, generator=generator) * 2 - 1
        contrast += settings.contrast_spread * spread

    # NumPy from here on: these passes are short, and on busy cores each of torch's would wait for its threads
    pixels = images.numpy()
    if (low, high, kinds) == (1, 1, 1) and not settings.contrast_spread:
        # the textbook's case: the mask is the class map and the id map
        y2 = np.square(np.arange(height, dtype=np.int32)[:, None] - cy[0].numpy())
        x2 = np.square(np.arange(width, dtype=np.int32) - cx[0].numpy())
        inside = x2 <= np.square(radius[0].numpy()) - y2
        pixels += (inside * np.float32(settings.contrast[0]))[:, None]
        classes = torch.from_numpy(inside.view(np.uint8))
        return images, classes, classes
    ids, classes_at = _laid(
        settings.size,
        np.stack([cy, cx, radius, kind])[..., 0],
        contrast.numpy(),
        (torch.arange(high)[:, None, None, None] < number).numpy(),
        pixels,
        min_visible=settings.min_visible,
    )
    return images, torch.from_numpy(classes_at), torch.from_numpy(ids)


def _laid(
    size: tuple[int, int],
    disks: NDArray[np.int32],
    contrast: NDArray[np.float32],
    there: NDArray[np.bool_],
    pixels: NDArray[np.float32],
    *,
    min_visible: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lays disks from the nearest to the farthest: what is behind gets the pixels that are still free.

    Only the square around each disk is looked at, one disk of every image at a time.

    Args:
        size: height and width.
        disks: row, column, radius and kind, `(4, D, count, 1)`.
        contrast: what each adds, `(D, count, 1, 1)`.
        there: whether it exists, `(D, count, 1, 1)`.
        pixels: the images, `(count, channels, H, W)`, which get the disks.
        min_visible: least share of its pixels that a disk must show to be laid.

    Returns:
        Ids and classes, `(count, H, W)`.
    """
    height, width = size
    count, channels = pixels.shape[:2]
    ids = np.zeros((count, height, width), dtype=np.uint8)
    classes = np.zeros_like(ids)
    flat_ids, flat_classes, flat_pixels = ids.reshape(-1), classes.reshape(-1), pixels.reshape(-1)
    reach = np.arange(-disks[2].max(initial=0), disks[2].max(initial=0) + 1)
    image = np.arange(count)[:, None, None] * (height * width)
    for layer in reversed(range(len(contrast))):
        cy, cx, radius, kind = disks[:, layer]
        rows, columns = cy + reach, cx + reach
        inside = np.square(reach)[None, None] <= np.square(radius)[..., None] - np.square(reach)[None, :, None]
        inside &= ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
        inside &= there[layer]
        at = image + rows[:, :, None] * width + columns[:, None]
        own = at[inside]
        whose = np.repeat(np.arange(count), inside.sum((1, 2)))
        free = flat_ids[own] == 0
        if min_visible:
            shown = np.bincount(whose, free, minlength=count) / np.maximum(np.bincount(whose, minlength=count), 1)
            free &= (shown >= min_visible)[whose]
        own, whose = own[free], whose[free]
        flat_ids[own] = layer + 1
        flat_classes[own] = kind[whose, 0]
        for channel in range(channels):
            flat_pixels[own + (whose * (channels - 1) + channel) * (height * width)] += contrast[layer, whose, 0, 0]
    return ids, classes


def objects(classes: NDArray[Any], ids: NDArray[Any]) -> Objects:
    """The visible disks of one image.

    Args:
        classes: `(H, W)` integer.
        ids: `(H, W)` integer, 0 = none.
    """
    masks, present = from_id_map(ids)
    kind_of = np.zeros(256, dtype=np.int64)
    kind_of[ids.reshape(-1)] = classes.reshape(-1)
    areas = np.bincount(ids.reshape(-1))[present]
    return objects_of(masks, kind_of[present], size=(ids.shape[0], ids.shape[1]), areas=areas, ids=present)
