"""Mask R-CNN over ResNet-50 is torchvision's, with the same weights: detections, losses, published files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection, resnet50
from torchvision.models.detection._utils import overwrite_eps
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops import FrozenBatchNorm2d

from segladder.models import BoxSettings, MaskRCNN, ProposalSettings, published_mask_rcnn
from segladder.types import UserError

from .tiny import resnet, shake_norms, tiny

THEIRS: dict[str, Any] = {
    "min_size": 80,
    "max_size": 96,
    "image_mean": [0.0, 0.0, 0.0],
    "image_std": [1.0, 1.0, 1.0],
    "rpn_pre_nms_top_n_train": 60,
    "rpn_pre_nms_top_n_test": 40,
    "rpn_post_nms_top_n_train": 30,
    "rpn_post_nms_top_n_test": 20,
    "rpn_batch_size_per_image": 32,
    "box_batch_size_per_image": 16,
    "box_detections_per_img": 6,
    "box_score_thresh": 0.0,
}
RPN: dict[str, Any] = {"pre_nms": [60, 40], "post_nms": [30, 20], "batch": 32}
OURS: dict[str, Any] = {
    "min_size": 80,
    "max_size": 96,
    "rpn": ProposalSettings(**RPN),
    "box": BoxSettings(batch=16),
    "detections": 6,
    "score_threshold": 0.0,
}
SECOND: dict[str, Any] = {
    "norm": "batch",
    "rpn": ProposalSettings(convs=2, **RPN),
    "box": BoxSettings(convs=4, batch=16),
}
VERSIONS = {"maskrcnn_resnet50_fpn": {}, "maskrcnn_resnet50_fpn_v2": SECOND}


def images() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(3, 60, 70, generator=generator), torch.randn(3, 50, 90, generator=generator)]


def targets() -> list[dict[str, Tensor]]:
    """Two objects in the first image, none in the second."""
    masks = torch.zeros(2, 60, 70, dtype=torch.bool)
    masks[0, 5:40, 8:30] = True
    masks[1, 30:55, 35:66] = True
    boxes = torch.tensor([[8.0, 5, 30, 40], [35, 30, 66, 55]])
    return [
        {"boxes": boxes, "labels": torch.tensor([1, 3]), "masks": masks},
        {
            "boxes": torch.zeros(0, 4),
            "labels": torch.zeros(0, dtype=torch.int64),
            "masks": torch.zeros(0, 50, 90, dtype=torch.bool),
        },
    ]


def sure(net: nn.Module) -> None:
    """Scores far apart, as after training, so that rounding reorders none."""
    generator = torch.Generator().manual_seed(3)
    for layer in (net.rpn.head.cls_logits, net.roi_heads.box_predictor.cls_score):
        layer.weight.data.normal_(std=0.3, generator=generator)


def same_detections(ours: MaskRCNN, theirs: nn.Module) -> None:
    batch = images()
    with torch.no_grad():
        found, expected = ours.eval()(batch), theirs.eval()(batch)
    for one, other, image in zip(found, expected, batch, strict=True):
        assert len(other["boxes"]) == 6
        torch.testing.assert_close(one.boxes, other["boxes"], rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(one.scores, other["scores"], rtol=1e-5, atol=1e-5)
        assert torch.equal(one.labels, other["labels"])
        pasted = paste_masks_in_image(one.masks[:, None], one.boxes, tuple(image.shape[-2:]))
        torch.testing.assert_close(pasted, other["masks"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", VERSIONS)
def test_torchvisions_weights_give_torchvisions_detections_and_losses(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    build: Callable[..., nn.Module] = getattr(detection, name)
    theirs = build(weights=None, weights_backbone=None, num_classes=4, **THEIRS)
    shake_norms(theirs)
    sure(theirs)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = MaskRCNN(3, 3, backbone=resnet(50), **{**OURS, **VERSIONS[name]}, weights=str(tmp_path / "theirs.pth"))
    same_detections(ours, theirs)

    said: dict[str, list[Tensor]] = {"ours": [], "theirs": []}
    for key, net in (("ours", ours), ("theirs", theirs)):
        net.train()
        net.roi_heads.mask_predictor.register_forward_hook(lambda *args, key=key: said[key].append(args[2]))
    torch.manual_seed(5)
    taught = ours(images(), targets())
    torch.manual_seed(5)
    expected = theirs(images(), targets())
    for mine, other in (
        ("rpn_objectness", "loss_objectness"),
        ("rpn_box", "loss_rpn_box_reg"),
        ("box_class", "loss_classifier"),
        ("box", "loss_box_reg"),
    ):
        torch.testing.assert_close(taught.losses[mine], expected[other], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(said["ours"], said["theirs"], rtol=1e-4, atol=1e-5)
    assert len(taught.mask_logits) == len(said["theirs"][0]) > 0


def published_file(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under the names of the file that torchvision publishes, which are older than its network's."""
    renamed = {}
    for name, value in state.items():
        name = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        parts = name.split(".")
        if name.startswith("backbone.fpn."):
            parts.pop(4)
        elif name.startswith("roi_heads.mask_head."):
            parts[2:4] = [f"mask_fcn{int(parts[2]) + 1}"]
        renamed[".".join(parts)] = value
    return renamed


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """torchvision's first version as its published weights make it, and those in place of the download."""
    torch.manual_seed(0)
    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    net = detection.MaskRCNN(_resnet_fpn_extractor(body, 3), num_classes=91, **THEIRS)
    generator = torch.Generator().manual_seed(5)
    for layer in net.modules():
        if isinstance(layer, FrozenBatchNorm2d):
            # so small that the missing eps counts
            layer.running_var.uniform_(1e-5, 1e-3, generator=generator)
            layer.weight.uniform_(0.005, 0.015, generator=generator)
    sure(net)
    asked: list[str] = []

    def state(weights: Any, *, key: str) -> dict[str, Tensor]:
        asked.append(weights.url)
        return published_file(net.state_dict())

    monkeypatch.setattr(published_mask_rcnn, "from_torchvision", state)
    overwrite_eps(net, 0.0)
    net.asked = asked
    return net


def test_published_weights_compute_what_torchvision_computes_with_them(published: nn.Module) -> None:
    ours = MaskRCNN(3, 90, backbone=resnet(50), weights="coco", **OURS)
    assert published.asked == [detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.url]
    same_detections(ours, published)


def test_data_with_cocos_80_classes_get_the_channels_of_their_categories(published: nn.Module) -> None:
    ours = MaskRCNN(1, 80, backbone=resnet(50), weights="coco", **OURS)
    names = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    here = [names.index(name) for name in ("__background__", "person", "stop sign", "parking meter", "toothbrush")]
    predictor, theirs = ours.roi_heads.box_predictor, published.roi_heads.box_predictor
    own = torch.tensor([0, 1, 12, 13, 80])  # there is no category 12 between the last two but one
    assert torch.equal(predictor.cls_score.weight[own], theirs.cls_score.weight[here])
    boxes = [predictor.bbox_pred.bias.view(-1, 4), theirs.bbox_pred.bias.view(-1, 4)]
    assert torch.equal(boxes[0][own], boxes[1][here])
    masks = [net.roi_heads.mask_predictor.mask_fcn_logits.weight for net in (ours, published)]
    assert torch.equal(masks[0][own], masks[1][here])
    first = published.backbone.body.conv1.weight
    torch.testing.assert_close(ours.backbone.net["conv1"].weight, first.sum(1, keepdim=True))


def test_other_classes_leave_what_hangs_on_them_as_drawn_with_a_warning(published: nn.Module) -> None:
    with pytest.warns(UserWarning, match=r"of 91 classes and this network of 3: its last layers .* left as drawn"):
        ours = MaskRCNN(3, 2, backbone=resnet(50), weights="coco", **OURS)
    assert torch.equal(ours.roi_heads.box_head.fc7.weight, published.roi_heads.box_head.fc7.weight)


def test_published_weights_are_refused_where_there_are_none() -> None:
    with pytest.raises(UserError, match=r"exists over resnet50, not over test_efficientnet\. Choose backbone=resnet50"):
        MaskRCNN(3, 2, backbone=tiny(), weights="coco")
    with pytest.raises(UserError, match=r"is of batch norm, but backbone\.norm is group"):
        MaskRCNN(3, 2, backbone=resnet(50, norm="group"), weights="coco")
