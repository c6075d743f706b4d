"""The true mask of an object as the mask head should see it in a region: cropped, resized, binary."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import roi_align

_VALUES = 2**24
"""Pixels of masks that are floats at one time: 64 MiB, however many objects an image has."""


def mask_targets(masks: Tensor, boxes: Tensor, matched: Tensor, *, side: int) -> Tensor:
    """Which cells of each region are of its object.

    A cell is where at least half of it is, by RoIAlign (He et al., ICCV 2017) as in detectron2.

    Args:
        masks: the image's objects, `(N, H, W)` bool or uint8.
        boxes: the regions, `(P, 4)` x1 y1 x2 y2 in the masks' pixels.
        matched: the object of each region, `(P,)` int64.
        side: cells along each side.

    Returns:
        `(P, side, side)` uint8.
    """
    found = masks.new_zeros((len(boxes), side, side), dtype=torch.uint8)
    objects, place = torch.unique(matched, return_inverse=True)
    step = max(1, _VALUES // max(1, masks.shape[-2] * masks.shape[-1]))
    for start in range(0, len(objects), step):
        here = torch.nonzero((place >= start) & (place < start + step)).flatten()
        floats = masks[objects[start : start + step], None].to(boxes.dtype)
        regions = torch.cat([(place[here] - start)[:, None].to(boxes), boxes[here]], dim=1)
        found[here] = (roi_align(floats, regions, (side, side), aligned=True)[:, 0] >= 0.5).to(torch.uint8)
    return found
