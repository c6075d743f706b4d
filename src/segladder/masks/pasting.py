"""A network's small masks and boxes straight to runs in the image, as torchvision pastes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segladder.masks.runs import rle_of_crop
from segladder.types import Rle

if TYPE_CHECKING:
    from torch import Tensor

_PADDING = 1


def paste(probabilities: Tensor, boxes: Tensor, size: tuple[int, int], *, threshold: float = 0.5) -> list[Rle]:
    """Each mask in its box: pixels with more than `threshold`, as runs of the whole image.

    Equal pixel for pixel to `torchvision.models.detection.roi_heads.paste_masks_in_image(...) > threshold` (in
    torchvision's own evaluation `> 0.5`): the mask gets a rim of zeros, the box grows with it and is cut to whole
    pixels, and the mask is resized to it bilinearly. The image is never filled: only what each box shows of it.

    Args:
        probabilities: `(N, M, M)` floating point in [0, 1].
        boxes: `(N, 4)` floating point, x1 y1 x2 y2 in pixels; may reach beyond the image, time grows with their area.
        size: height and width of the image.
        threshold: a pixel belongs to the object above it; 0 or more.

    Returns:
        N masks; empty where the box shows nothing of the image.

    Raises:
        ValueError: shapes or types do not fit, or a box is not finite.
    """
    import torch
    import torch.nn.functional as F

    N = len(boxes)
    if probabilities.ndim != 3 or probabilities.shape[0] != N or probabilities.shape[1] != probabilities.shape[2]:
        raise ValueError(f"Masks are (N, M, M) for {N} boxes; got {tuple(probabilities.shape)}.")
    if boxes.shape != (N, 4) or not boxes.is_floating_point() or not probabilities.is_floating_point():
        raise ValueError(f"Masks and boxes (N, 4) are floating point; got boxes {tuple(boxes.shape)} {boxes.dtype}.")
    if threshold < 0:
        raise ValueError(f"threshold is {threshold}; it is a probability, 0 or more.")
    if not bool(torch.isfinite(boxes).all()):
        raise ValueError("A box is not finite.")
    height, width = size
    M = probabilities.shape[-1]
    masks = F.pad(probabilities.detach().cpu().float(), (_PADDING,) * 4)
    corners = _grown(boxes.detach().cpu(), (M + 2 * _PADDING) / M).to(torch.int64)
    rles = []
    for mask, (x1, y1, x2, y2) in zip(masks, corners.tolist(), strict=True):
        left, right, top, bottom = max(x1, 0), min(x2 + 1, width), max(y1, 0), min(y2 + 1, height)
        if right <= left or bottom <= top:
            rles.append(rle_of_crop(np.zeros((0, 0), dtype=bool), size))
            continue
        shape = (y2 - y1 + 1, x2 - x1 + 1)
        # torch's own kernel, for its last bit: a pixel at the threshold would fall to either side
        drawn = F.interpolate(mask[None, None], size=shape, mode="bilinear", align_corners=False)[0, 0].numpy()
        shown = drawn[top - y1 : bottom - y1, left - x1 : right - x1] > threshold
        rles.append(rle_of_crop(shown, size, top=top, left=left))
    return rles


def _grown(boxes: Tensor, scale: float) -> Tensor:
    """Boxes around the same centres, in torchvision's order of operations."""
    import torch

    x1, y1, x2, y2 = boxes.unbind(1)
    half_width, half_height = (x2 - x1) * 0.5 * scale, (y2 - y1) * 0.5 * scale
    x, y = (x2 + x1) * 0.5, (y2 + y1) * 0.5
    return torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], dim=1)
