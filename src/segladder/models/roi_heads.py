"""The second stage of Mask R-CNN: proposals in, what they teach or the objects found out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import initLevelMapper

from segladder.models.detections import Detections
from segladder.models.feature_pyramid import FeaturePyramid
from segladder.models.group_norm import norm_layer
from segladder.models.mask_rcnn_settings import BoxSettings, MaskSettings

_BOX_CELLS = 7
_OBJECT_IOU = 0.5
"""A proposal lies on an object from this IoU on."""
_SAMPLES = 2
"""Points along each side of a cell that RoIAlign reads."""


class Learnt(NamedTuple):
    """What a batch's proposals teach; the lists are of one tensor per image."""

    losses: dict[str, Tensor]
    mask_logits: Tensor
    """`(P, M, M)` of the proposals on objects, for the objects' classes."""
    boxes: list[Tensor]
    """Those proposals, `(p, 4)`, in pixels of the resized image."""
    matched: list[Tensor]
    """The object of each, `(p,)`."""


class ProposalHead(RPNHead):
    """torchvision's, with outputs in float32 under autocast too: boxes are decoded from them."""

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        objectness, deltas = super().forward(x)
        return [_float32(level) for level in objectness], [_float32(level) for level in deltas]


class RegionHeads(RoIHeads):
    """torchvision's box and mask heads, without a mask loss of their own and without pasting masks."""

    def __init__(
        self,
        pyramid: FeaturePyramid,
        *,
        num_things: int,
        channels: int,
        norm: str | None,
        box: BoxSettings,
        mask: MaskSettings,
        detections: int,
        score_threshold: float,
        nms_threshold: float,
    ) -> None:
        """
        Args:
            pyramid: whose levels but the last are read.
            num_things: classes of objects.
            channels: of the pyramid.
            norm: behind each convolution of the heads: None, "batch" or "group".
            box: of the box head.
            mask: of the mask head.
            detections: most objects of an image.
            score_threshold: least score of an object.
            nms_threshold: of two boxes of a class with a higher IoU the worse is dropped.
        """
        layer = norm_layer(norm)
        super().__init__(
            _pool(pyramid, _BOX_CELLS),
            _box_head(channels, box, norm),
            FastRCNNPredictor(box.width, num_things + 1),
            _OBJECT_IOU,
            _OBJECT_IOU,
            box.batch,
            box.positive_share,
            None,
            score_threshold,
            nms_threshold,
            detections,
            mask_roi_pool=_pool(pyramid, mask.resolution // 2),
            mask_head=MaskRCNNHeads(channels, [mask.width] * mask.convs, 1, norm_layer=layer),
            mask_predictor=MaskRCNNPredictor(mask.width, mask.width, num_things + 1),
        )

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        sizes: list[tuple[int, int]],
        targets: Sequence[dict[str, Tensor]] | None = None,
    ) -> Learnt | list[Detections]:
        """What proposals teach where targets are given, else what is found.

        Args:
            features: the pyramid's levels.
            proposals: of each image, `(N, 4)` in pixels of the resized image.
            sizes: of each resized image, height and width without padding.
            targets: see `MaskRCNN.forward`; boxes in pixels of the resized image.
        """
        if targets is None:
            return self.find(features, proposals, sizes)
        return self.learn(features, proposals, sizes, targets)

    def learn(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        sizes: list[tuple[int, int]],
        targets: Sequence[dict[str, Tensor]],
    ) -> Learnt:
        """Losses of classes and boxes, and mask logits of the proposals that lie on objects."""
        proposals, matched, labels, deltas = self.select_training_samples(proposals, targets)
        scores, regression = self._classify(features, proposals, sizes)
        class_loss, box_loss = fastrcnn_loss(scores, regression, labels, deltas)

        on_object = [torch.nonzero(of_image > 0).flatten() for of_image in labels]
        boxes = [of_image[here] for of_image, here in zip(proposals, on_object, strict=True)]
        classes = torch.cat([of_image[here] for of_image, here in zip(labels, on_object, strict=True)])
        return Learnt(
            losses={"box_class": class_loss, "box": box_loss},
            mask_logits=self._masks(features, boxes, sizes, classes),
            boxes=boxes,
            matched=[of_image[here] for of_image, here in zip(matched, on_object, strict=True)],
        )

    def find(
        self, features: dict[str, Tensor], proposals: list[Tensor], sizes: list[tuple[int, int]]
    ) -> list[Detections]:
        """The objects of each image, boxes in pixels of the resized image."""
        scores, regression = self._classify(features, proposals, sizes)
        boxes, kept, labels = self.postprocess_detections(scores, regression, proposals, sizes)
        masks = self._masks(features, boxes, sizes, torch.cat(labels)).sigmoid()
        each = torch.split(masks, [len(of_image) for of_image in boxes])
        return [Detections(*parts) for parts in zip(boxes, labels, kept, each, strict=True)]

    def costliest(self, level: Tensor, *, proposals: int) -> list[Detections]:
        """What `find` says of a batch with so many proposals and as many detections as allowed, of no values.

        Args:
            level: of the pyramid, `(B, C, h, w)`.
            proposals: of each image.
        """
        count, channels = level.shape[:2]
        found = self.detections_per_img
        regions = level.new_empty(count * proposals, channels, *self.box_roi_pool.output_size)
        self.box_predictor(self.box_head(regions))
        regions = level.new_empty(count * found, channels, *self.mask_roi_pool.output_size)
        masks = self.mask_predictor(self.mask_head(regions))[:, 0].unflatten(0, (count, found))
        labels = torch.ones(found, dtype=torch.int64, device=level.device)
        return [Detections(level.new_empty(found, 4), labels, level.new_empty(found), of_image) for of_image in masks]

    def _classify(
        self, features: dict[str, Tensor], proposals: list[Tensor], sizes: list[tuple[int, int]]
    ) -> tuple[Tensor, Tensor]:
        scores, regression = self.box_predictor(self.box_head(self.box_roi_pool(features, proposals, sizes)))
        return _float32(scores), _float32(regression)

    def _masks(
        self, features: dict[str, Tensor], boxes: list[Tensor], sizes: list[tuple[int, int]], labels: Tensor
    ) -> Tensor:
        """Mask logits of each box for its class, `(P, M, M)`."""
        logits = self.mask_predictor(self.mask_head(self.mask_roi_pool(features, boxes, sizes)))
        return _float32(logits[torch.arange(len(labels), device=labels.device), labels])


def _pool(pyramid: FeaturePyramid, cells: int) -> MultiScaleRoIAlign:
    pool = MultiScaleRoIAlign(pyramid.names, cells, _SAMPLES)
    # torchvision infers these once, from its first images, and wrongly where much of them is padding
    strides = pyramid.strides[:-1]
    pool.scales = [1 / stride for stride in strides]
    pool.map_levels = initLevelMapper(strides[0].bit_length() - 1, strides[-1].bit_length() - 1)
    return pool


def _box_head(channels: int, box: BoxSettings, norm: str | None) -> nn.Module:
    head: nn.Module = TwoMLPHead(channels * _BOX_CELLS**2, box.width)
    if box.convs:
        size = (channels, _BOX_CELLS, _BOX_CELLS)
        head = FastRCNNConvFCHead(size, [channels] * box.convs, [box.width], norm_layer=norm_layer(norm))
    return head


def _float32(x: Tensor) -> Tensor:
    """At least float32; a tensor of that or more as it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
