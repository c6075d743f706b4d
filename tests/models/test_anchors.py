"""Anchors: torchvision's, sized by the strides unless told otherwise."""

from __future__ import annotations

import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from segladder.models.anchors import Anchors, anchor_ious, anchors_for

STRIDES = (4, 8, 16, 32, 64)


def laid(anchors: AnchorGenerator, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    maps = [torch.zeros(1, 1, 128 // stride, 192 // stride, dtype=dtype) for stride in STRIDES]
    [found] = anchors(ImageList(torch.zeros(1, 3, 128, 192), [(128, 192)]), maps)
    return found


def test_without_sizes_they_are_8_times_each_stride_which_is_torchvisions_choice() -> None:
    theirs = AnchorGenerator(((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5)
    assert torch.equal(laid(anchors_for(STRIDES, None, [0.5, 1, 2])), laid(theirs))


def test_a_ratio_is_height_over_width_and_the_area_stays() -> None:
    boxes = anchors_for(STRIDES, [16, 32, 64, 128, 256], [4.0]).cell_anchors[0]
    assert boxes.tolist() == [[-4, -16, 4, 16]]


def test_several_sizes_a_level_are_all_laid() -> None:
    anchors = anchors_for(STRIDES, [[16, 24], [32, 48], [64, 96], [128, 192], [256, 384]], [0.5, 1, 2])
    assert anchors.num_anchors_per_location() == [6] * 5


def test_maps_of_bfloat16_give_the_same_places() -> None:
    anchors = anchors_for(STRIDES, None, [1.0])
    assert isinstance(anchors, Anchors)
    assert torch.equal(laid(anchors, torch.bfloat16), laid(anchors))


def test_overlaps_are_torchvisions() -> None:
    anchors = laid(anchors_for(STRIDES, None, [0.5, 1, 2]))
    corners = torch.rand(40, 2, generator=torch.Generator().manual_seed(0)) * 100
    objects = torch.cat([corners, corners + 1 + corners.flip(0)], dim=1)
    assert torch.equal(anchor_ious(objects, anchors), box_iou(objects, anchors))
