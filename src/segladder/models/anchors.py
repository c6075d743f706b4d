"""The boxes that a proposal network starts from: some shapes around every place of every pyramid level.

Ren et al.: Faster R-CNN, NeurIPS 2015; one size per level: Lin et al., Feature Pyramid Networks, CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator

from segladder.types import UserError


class Anchors(AnchorGenerator):
    """torchvision's, in float32 under autocast too: bfloat16 tells apart no two places beyond 256 pixels."""

    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        super().set_cell_anchors(torch.promote_types(dtype, torch.float32), device)


def anchors_for(strides: Sequence[int], sizes: Sequence[Any] | None, ratios: Sequence[float]) -> Anchors:
    """The anchors of a pyramid.

    Args:
        strides: pixels of the image per pixel of each level.
        sizes: for each level the square root of its anchors' area in pixels, or several; None: 8 times its stride.
        ratios: heights over widths, of every level.

    Raises:
        UserError: they are no such numbers, or not of as many levels.
    """
    if not _lengths(_each(ratios)):
        raise UserError(
            f"model.anchor_ratios is {ratios!r}. Give heights over widths, as in model.anchor_ratios=[0.5,1,2]."
        )
    if sizes is None:
        per_level = [[8 * stride] for stride in strides]
    else:
        per_level = [list(size) if isinstance(size, Sequence) else [size] for size in _each(sizes)]
        if not per_level or not all(_lengths(level) for level in per_level):
            raise UserError(
                f"model.anchor_sizes is {sizes!r}. Give a number of pixels, or a list of them, for each level, as in"
                f" model.anchor_sizes=[{','.join(str(8 * stride) for stride in strides)}]; null: these."
            )
        if len(per_level) != len(strides):
            levels = ", ".join(str(stride) for stride in strides)
            raise UserError(
                f"model.anchor_sizes is {sizes!r}: of {len(per_level)} levels, but this backbone's pyramid has"
                f" {len(strides)}, of strides {levels}. Give one entry per level, or null for 8 times each stride."
            )
    if len({len(level) for level in per_level}) > 1:
        raise UserError(
            f"model.anchor_sizes is {sizes!r}, but one network proposes boxes at all levels: give each level as many."
        )
    return Anchors(tuple(map(tuple, per_level)), (tuple(float(ratio) for ratio in ratios),) * len(per_level))


def anchor_ious(objects: Tensor, anchors: Tensor) -> Tensor:
    """IoU of every object's box with every anchor, `(N, 4)` and `(A, 4)` to `(N, A)`.

    torchvision's `box_iou` in half of its time and memory; with hundreds of objects in a large image that is gigabytes.
    """
    width = _overlap(objects, anchors, 0)
    common = width.mul_(_overlap(objects, anchors, 1))
    area = [(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) for boxes in (objects, anchors)]
    union = (area[0][:, None] + area[1]).sub_(common)
    return common.div_(union)


def _overlap(objects: Tensor, anchors: Tensor, axis: int) -> Tensor:
    """Common length along an axis, `(N, A)`."""
    last = torch.minimum(objects[:, None, axis + 2], anchors[:, axis + 2])
    return last.sub_(torch.maximum(objects[:, None, axis], anchors[:, axis])).clamp_(min=0)


def _each(sizes: object) -> Sequence[Any]:
    return sizes if isinstance(sizes, Sequence) and not isinstance(sizes, str) else []


def _lengths(values: Sequence[object]) -> bool:
    """Whether there are any, all of them finite numbers above 0."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return bool(values) and len(numbers) == len(values) and all(0 < number < float("inf") for number in numbers)
