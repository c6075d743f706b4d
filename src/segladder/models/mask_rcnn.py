"""Mask R-CNN over any backbone: a feature pyramid, boxes proposed on it, and for each a class, a box and a mask.

He, Gkioxari, Dollár, Girshick: Mask R-CNN, ICCV 2017. The second version, deeper heads with norms, follows Li et al.:
Benchmarking Detection Transfer Learning with Vision Transformers, 2021. The parts are torchvision's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import resize_boxes

from segladder.models.anchors import anchor_ious, anchors_for
from segladder.models.backbone import Backbone
from segladder.models.detections import Detections, MaskRCNNTraining
from segladder.models.feature_pyramid import FeaturePyramid
from segladder.models.group_norm import NORMS, norm_layer
from segladder.models.image_sizes import ImageSizes
from segladder.models.mask_rcnn_settings import (
    BoxSettings,
    MaskSettings,
    ProposalSettings,
    check_counts,
    check_detection,
    checked_loss_weights,
)
from segladder.models.mask_targets import mask_targets
from segladder.models.published import without_own_weights
from segladder.models.published_mask_rcnn import check_published, load_mask_rcnn
from segladder.models.roi_heads import Learnt, ProposalHead, RegionHeads
from segladder.models.settings import check_choice, check_images
from segladder.types import UserError


class MaskRCNN(nn.Module):
    """Mask R-CNN; over a ResNet-50 with the defaults it computes what torchvision's first version does.

    Args:
        in_channels: channels of the image.
        num_things: classes of objects, without a background.
        backbone: the choice of encoder.
        weights: None; `coco`: torchvision's, over resnet50, the first version's or with `norm="batch"` the second's;
            or the path of a state dict, torchvision's or ours.
        fpn_channels: of the feature pyramid.
        norm: behind the convolutions of pyramid, box and mask head: None, "batch" or "group".
        anchor_sizes: for each level of the pyramid, finest first, the square root of its anchors' area in pixels, or
            several; None: 8 times its stride, 32 to 512 for strides 4 to 64.
        anchor_ratios: heights of anchors over their widths.
        rpn: of the region proposal network; None: its defaults, as of the next two.
        box: of the box head.
        mask: of the mask head.
        detections: most objects found in an image.
        score_threshold: least score of an object.
        nms_threshold: of two boxes of a class with a higher IoU the worse is dropped.
        min_size: what the image's shorter side is resized to, in pixels; of several one is drawn for each image in
            training. None: images keep their size.
        max_size: the longer side becomes no longer; None: any length.
        loss_weights: of `rpn_objectness`, `rpn_box`, `box_class`, `box` and `mask`, for who adds them up; 1.0 where
            not given.

    Raises:
        UserError: a setting is outside its range, or weights cannot be had or are another network's.
    """

    def __init__(
        self,
        in_channels: int,
        num_things: int,
        *,
        backbone: Backbone,
        weights: str | None = None,
        fpn_channels: int = 256,
        norm: str | None = None,
        anchor_sizes: Sequence[Any] | None = None,
        anchor_ratios: Sequence[float] = (0.5, 1.0, 2.0),
        rpn: ProposalSettings | None = None,
        box: BoxSettings | None = None,
        mask: MaskSettings | None = None,
        detections: int = 100,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        min_size: int | Sequence[int] | None = None,
        max_size: int | None = None,
        loss_weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        check_counts(in_channels=in_channels, num_things=num_things, fpn_channels=fpn_channels)
        check_choice("model.norm", norm, (None, *NORMS))
        check_detection(detections, score_threshold, nms_threshold)
        check_published(weights, backbone)
        self.in_channels = in_channels
        self.num_things = num_things
        self.loss_weights = checked_loss_weights(loss_weights)

        self.backbone = without_own_weights(backbone, weights).features(in_channels=in_channels)
        self.fpn = FeaturePyramid(self.backbone, channels=fpn_channels, norm=norm_layer(norm))
        self.sizes = ImageSizes(min_size, max_size, multiple=self.fpn.strides[-2])
        self.rpn = _proposals(self.fpn, fpn_channels, rpn or ProposalSettings(), anchor_sizes, anchor_ratios)
        self.roi_heads = RegionHeads(
            self.fpn,
            num_things=num_things,
            channels=fpn_channels,
            norm=norm,
            box=box or BoxSettings(),
            mask=mask or MaskSettings(),
            detections=detections,
            score_threshold=score_threshold,
            nms_threshold=nms_threshold,
        )
        load_mask_rcnn(self, weights, second_version=norm == "batch")

    def forward(
        self, images: Tensor | Sequence[Tensor], targets: Sequence[dict[str, Tensor]] | None = None
    ) -> MaskRCNNTraining | list[Detections]:
        """What a batch teaches in training mode, the objects found in evaluation mode.

        Args:
            images: normalised, `(B, in_channels, H, W)` float, or B of `(in_channels, H, W)` of any sizes.
            targets: in training for each image its n objects, n may be 0: `boxes` `(n, 4)` float, x1 y1 x2 y2 in
                pixels (x2 and y2 behind the last), `labels` `(n,)` int64 from 1, `masks` `(n, H, W)` bool.

        Raises:
            UserError: another number of channels, a box without area, or no targets in training.
        """
        for image in [images] if isinstance(images, Tensor) else [image[None] for image in images]:
            check_images(image, self.in_channels, "MaskRCNN")
        if self.training:
            if targets is None:
                raise UserError("MaskRCNN learns from targets: give them, or call eval() to find objects.")
            return self._learn(images, targets)
        if isinstance(images, Tensor) and images.is_meta:
            return self._costliest(images)
        batch, _ = self.sizes(images)
        features = self._features(batch.tensors)
        proposals, _ = self.rpn(batch, features)
        found: list[Detections] = self.roi_heads(features, proposals, batch.image_sizes)
        return [
            one._replace(boxes=resize_boxes(one.boxes, size, (int(image.shape[-2]), int(image.shape[-1]))))
            for one, size, image in zip(found, batch.image_sizes, images, strict=True)
        ]

    def _learn(self, images: Tensor | Sequence[Tensor], targets: Sequence[dict[str, Tensor]]) -> MaskRCNNTraining:
        _check_boxes(targets)
        # masks stay at their own size, and bool: resizing all of them as floats is what takes the memory
        batch, resized = self.sizes(images, [{"boxes": target["boxes"]} for target in targets])
        resized = [{**target, **new} for target, new in zip(targets, resized, strict=True)]
        features = self._features(batch.tensors)
        proposals, rpn = self.rpn(batch, features, resized)
        learnt: Learnt = self.roi_heads(features, proposals, batch.image_sizes, resized)
        side = learnt.mask_logits.shape[-1]
        truth = [
            mask_targets(target["masks"], resize_boxes(boxes, size, target["masks"].shape[-2:]), matched, side=side)
            for target, boxes, matched, size in zip(
                targets, learnt.boxes, learnt.matched, batch.image_sizes, strict=True
            )
        ]
        losses = {"rpn_objectness": rpn["loss_objectness"], "rpn_box": rpn["loss_rpn_box_reg"], **learnt.losses}
        return MaskRCNNTraining(losses, learnt.mask_logits, torch.cat(truth))

    def _features(self, images: Tensor) -> dict[str, Tensor]:
        return self.fpn.levels(self.backbone(images, self.fpn.taken))

    def _costliest(self, images: Tensor) -> list[Detections]:
        """On the meta device, where nothing is found: as many proposals and detections as the settings allow."""
        features = self._features(images)
        self.rpn.head(list(features.values()))
        return self.roi_heads.costliest(features["0"], proposals=self.rpn.post_nms_top_n())


def _proposals(
    pyramid: FeaturePyramid,
    channels: int,
    rpn: ProposalSettings,
    anchor_sizes: Sequence[Any] | None,
    anchor_ratios: Sequence[float],
) -> RegionProposalNetwork:
    anchors = anchors_for(pyramid.strides, anchor_sizes, anchor_ratios)
    network = RegionProposalNetwork(
        anchors,
        ProposalHead(channels, anchors.num_anchors_per_location()[0], conv_depth=rpn.convs),
        rpn.foreground_iou,
        rpn.background_iou,
        rpn.batch,
        rpn.positive_share,
        dict(zip(("training", "testing"), rpn.pre_nms, strict=True)),
        dict(zip(("training", "testing"), rpn.post_nms, strict=True)),
        rpn.nms_threshold,
    )
    network.box_similarity = anchor_ious
    return network


def _check_boxes(targets: Sequence[dict[str, Tensor]]) -> None:
    """Refuses boxes without area: their logarithms would make the loss infinite."""
    for number, target in enumerate(targets):
        boxes = target["boxes"]
        empty = torch.nonzero((boxes[:, 2:] <= boxes[:, :2]).any(dim=1)).flatten()
        if len(empty):
            raise UserError(
                f"Box {boxes[empty[0]].tolist()} of image {number} of the batch has no area. Leave such objects out."
            )
