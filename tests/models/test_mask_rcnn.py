"""Mask R-CNN over any backbone: what it learns, what it finds, sizes and channels, settings, errors."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.models import (
    Backbone,
    BoxSettings,
    Detections,
    MaskRCNN,
    MaskRCNNTraining,
    MaskSettings,
    ProposalSettings,
    flops,
)
from segladder.models.filled_later import filled_later
from segladder.types import UserError

from .tiny import resnet, tiny


def settings(**own: Any) -> dict[str, Any]:
    """A network of a few channels that proposes few boxes."""
    few: dict[str, Any] = {
        "backbone": tiny(),
        "fpn_channels": 8,
        "anchor_sizes": [8, 16, 32, 64, 128],
        "rpn": ProposalSettings(pre_nms=[50, 40], post_nms=[40, 30], batch=32),
        "box": BoxSettings(width=16, batch=32),
        "mask": MaskSettings(convs=1, width=8),
        "detections": 10,
        "score_threshold": 0.0,
    }
    return few | own


def small(in_channels: int = 3, num_things: int = 2, **own: Any) -> MaskRCNN:
    torch.manual_seed(0)
    return MaskRCNN(in_channels, num_things, **settings(**own))


def images(count: int = 2, channels: int = 3, size: tuple[int, int] = (64, 96)) -> Tensor:
    return torch.randn(count, channels, *size, generator=torch.Generator().manual_seed(1))


def target(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> dict[str, Tensor]:
    """Rectangles that fill their boxes, of classes 1, 2, 1, …"""
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    labels = torch.arange(len(boxes)) % 2 + 1
    return {"boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4), "labels": labels, "masks": masks}


def targets(size: tuple[int, int] = (64, 96)) -> list[dict[str, Tensor]]:
    return [target(size, (4, 6, 40, 44), (50, 10, 90, 60)), target(size, (10, 10, 31, 30))]


def total(said: MaskRCNNTraining) -> Tensor:
    parts = sum(said.losses.values(), torch.tensor(0.0))
    if not len(said.mask_logits):
        return parts + said.mask_logits.sum()
    return parts + F.binary_cross_entropy_with_logits(said.mask_logits, said.mask_targets.float())


def test_training_gives_the_parts_of_the_loss_and_a_mask_for_each_region_on_an_object() -> None:
    said = small()(images(), targets())
    assert list(said.losses) == ["rpn_objectness", "rpn_box", "box_class", "box"]
    assert all(loss.ndim == 0 and torch.isfinite(loss) for loss in said.losses.values())
    assert said.mask_logits.shape == said.mask_targets.shape and said.mask_logits.shape[1:] == (28, 28)
    assert len(said.mask_logits) >= 3  # the true boxes are among the proposals
    assert said.mask_targets.dtype == torch.uint8


@torch.no_grad()
def test_evaluation_gives_boxes_labels_scores_and_masks_best_score_first() -> None:
    found = small().eval()(images())
    assert len(found) == 2 and all(isinstance(one, Detections) for one in found)
    for boxes, labels, scores, masks in found:
        assert boxes.shape == (10, 4) and masks.shape == (10, 28, 28)
        assert (boxes >= 0).all() and (boxes[:, 2] <= 96).all() and (boxes[:, 3] <= 64).all()
        assert set(labels.tolist()) <= {1, 2}
        assert (scores[:-1] >= scores[1:]).all()
        assert masks.min() >= 0 and masks.max() <= 1


@pytest.mark.parametrize("empty", [(), (0,), (0, 1)])
@pytest.mark.parametrize("norm", [None, "batch", "group"])
def test_the_gradient_reaches_every_parameter_with_and_without_objects(
    norm: str | None, empty: tuple[int, ...]
) -> None:
    net = small(norm=norm, box=BoxSettings(convs=1, width=16, batch=32))
    truth = [target((64, 96)) if number in empty else one for number, one in enumerate(targets())]
    said = net(images(), truth)
    assert (len(said.mask_logits) == 0) == (len(empty) == 2)
    loss = total(said)
    loss.backward()
    assert torch.isfinite(loss)
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
    assert all(torch.isfinite(buffer).all() for buffer in net.buffers())


def test_a_batch_without_objects_teaches_that_there_are_none() -> None:
    said = small()(images(), [target((64, 96))] * 2)
    assert said.losses["rpn_objectness"] > 0 and said.losses["box_class"] > 0
    assert said.losses["rpn_box"] == 0 and said.losses["box"] == 0


def test_it_learns_one_image_by_heart() -> None:
    net = small(1, backbone=tiny(norm="group"), norm="group", fpn_channels=16, box=BoxSettings(width=64, batch=32))
    truth = [target((64, 64), (6, 8, 30, 34), (36, 30, 58, 56))]
    image = torch.zeros(1, 1, 64, 64)
    image[0, 0, truth[0]["masks"][0]] = 1.0
    image[0, 0, truth[0]["masks"][1]] = -1.0
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(80):
        optimizer.zero_grad()
        total(net(image, truth)).backward()
        optimizer.step()
    with torch.no_grad():
        [found] = net.eval()(image)
    best = torch.stack([found.boxes[found.labels == label][0] for label in (1, 2)])
    assert (best - truth[0]["boxes"]).abs().max() < 4
    assert (found.masks[:2] > 0.5).float().mean() > 0.8


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_numbers_of_channels_work(channels: int) -> None:
    net = small(channels)
    assert len(net(images(channels=channels), targets()).mask_logits)
    assert len(net.eval()(images(channels=channels))) == 2


@pytest.mark.parametrize(
    "backbone",
    [
        resnet(),
        tiny(name="test_resnet"),
        tiny(name="test_convnext"),
        Backbone(name="mobilenet_v3", source="torchvision"),
        Backbone(name="mit_b0", source="smp"),
    ],
    ids=lambda backbone: backbone.name,
)
def test_any_backbone_gives_a_pyramid_of_strides_4_to_64(backbone: Backbone) -> None:
    net = small(backbone=backbone).eval()
    assert net.fpn.strides == (4, 8, 16, 32, 64)
    with torch.no_grad():
        assert len(net(images(1))[0].boxes)


@torch.no_grad()
def test_images_of_unequal_odd_sizes_say_what_they_say_alone() -> None:
    net = small().eval()
    batch = [images(1, size=size)[0] for size in ((33, 47), (64, 64), (70, 20))]
    together = net(batch)
    for one, image in zip(together, batch, strict=True):
        height, width = image.shape[-2:]
        assert (one.boxes[:, 2] <= width).all() and (one.boxes[:, 3] <= height).all()
    [alone] = net(batch[1][None])
    [first, *_] = net([batch[1], batch[1]])
    torch.testing.assert_close(first.boxes, alone.boxes, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(first.scores, alone.scores, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_regions_are_read_where_they_lie_also_after_an_image_that_is_mostly_padding() -> None:
    net, fresh = small().eval(), small().eval()
    net(images(1, size=(33, 33)))
    [found], [expected] = net(images(1)), fresh(images(1))
    assert torch.equal(found.boxes, expected.boxes)


@torch.no_grad()
def test_resized_images_give_boxes_in_the_pixels_of_the_given_image() -> None:
    plain, resizing = small().eval(), small(min_size=128, max_size=256).eval()
    image = images(1)
    larger = F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False, recompute_scale_factor=True)
    [found], [expected] = resizing(image), plain(larger)
    torch.testing.assert_close(found.boxes * 2, expected.boxes, rtol=1e-4, atol=1e-3)


def test_mask_targets_do_not_hang_on_resizing() -> None:
    for own in ({}, {"min_size": 128}, {"min_size": [48, 56], "max_size": 80}):
        said = small(**own, box=BoxSettings(width=16, batch=8, positive_share=1.0))(images(1), targets()[:1])
        # the true boxes are the last proposals, and rectangles fill them
        assert said.mask_targets[-2:].float().mean() > 0.98


def test_evaluation_of_a_batch_says_the_same_twice_and_leaves_the_images_as_they_were() -> None:
    net, batch = small().eval(), images()
    before = batch.clone()
    with torch.no_grad():
        first, second = net(batch), net(batch)
    assert all(
        torch.equal(a, b) for one, other in zip(first, second, strict=True) for a, b in zip(one, other, strict=True)
    )
    assert torch.equal(batch, before)


def test_channels_last_teaches_the_same() -> None:
    net = small().train()
    said = []
    for _ in range(2):
        torch.manual_seed(3)
        said.append(net(images(), targets()))
        net = small().to(memory_format=torch.channels_last)
    for name, loss in said[0].losses.items():
        torch.testing.assert_close(said[1].losses[name], loss, rtol=1e-4, atol=1e-5)


def test_bfloat16_autocast_decodes_boxes_in_float32() -> None:
    net = small(norm="group")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        said = net(images(), targets())
        found = net.eval()(images())
    assert said.mask_logits.dtype == torch.float32
    assert all(loss.dtype == torch.float32 for loss in said.losses.values())
    assert all(tensor.dtype == torch.float32 for one in found for tensor in (one.boxes, one.scores, one.masks))
    anchors = net.rpn.anchor_generator.cell_anchors
    assert all(level.dtype == torch.float32 for level in anchors)
    total(said).backward()


def test_weights_survive_a_file_and_another_process(tmp_path: Path) -> None:
    net = small().eval()
    file = io.BytesIO()
    torch.save({"state_dict": {f"segmenter.model.{name}": value for name, value in net.state_dict().items()}}, file)
    (tmp_path / "run.ckpt").write_bytes(file.getvalue())
    again = small(weights=str(tmp_path / "run.ckpt")).eval()
    sent = pickle.loads(pickle.dumps(net))
    with torch.no_grad():
        [expected] = net(images(1))
        for other in (again, sent):
            assert torch.equal(other(images(1))[0].boxes, expected.boxes)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(small(backbone=resnet()).state_dict(), tmp_path / "net.pth")
    with pytest.raises(UserError, match=r"does not fit this network: .*Its backbone seems to be resnet18\."):
        small(weights=str(tmp_path / "net.pth"))
    with pytest.warns(UserWarning, match=r"backbone\.weights=imagenet has no effect"):
        small(backbone=resnet(weights="imagenet"), weights=str(tmp_path / "net.pth"))
    with filled_later():
        small(weights="/not/there.pth")


def test_frozen_stages_and_norms_stay_as_they_are() -> None:
    net = small(backbone=resnet(freeze=2, freeze_norm=True)).train()
    total(net(images(), targets())).backward()
    first, last = net.backbone.net["layer1"], net.backbone.net["layer4"]
    assert all(parameter.grad is None for parameter in first.parameters())
    assert last[0].conv1.weight.grad is not None
    assert not any(layer.training for layer in net.backbone.modules() if isinstance(layer, nn.BatchNorm2d))


def test_loss_weights_are_one_unless_given() -> None:
    assert small().loss_weights == dict.fromkeys(["rpn_objectness", "rpn_box", "box_class", "box", "mask"], 1.0)
    assert small(loss_weights={"mask": 2}).loss_weights["mask"] == 2.0


def test_flops_are_counted_as_of_the_most_proposals_and_detections() -> None:
    few, more = (small(detections=count) for count in (10, 20))
    mask_head = 2 * 14 * 14 * (9 * 8 * 8 + 4 * 8 * 8 + 4 * 8 * 3)
    assert flops(more, (1, 3, 64, 64)) - flops(few, (1, 3, 64, 64)) == 10 * mask_head


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"num_things": None}, "model.num_things is null, which a run fills in from its data."),
        ({"num_things": 0}, "model.num_things is 0."),
        ({"in_channels": 1.5}, "model.in_channels is 1.5."),
        ({"fpn_channels": 0}, "model.fpn_channels is 0."),
        ({"norm": "grup"}, "model.norm is 'grup': did you mean 'group'?"),
        ({"anchor_sizes": [32, 64]}, "of 2 levels, but this backbone's pyramid has 5, of strides 4, 8, 16, 32, 64."),
        ({"anchor_sizes": [8, 16, 0, 32, 64]}, "model.anchor_sizes is [8, 16, 0, 32, 64]."),
        ({"anchor_sizes": 32}, "model.anchor_sizes is 32."),
        ({"anchor_sizes": [8, [16, 20], 32, 64, 128]}, "give each level as many."),
        ({"anchor_ratios": []}, "model.anchor_ratios is []."),
        ({"detections": 0}, "model.detections is 0."),
        ({"score_threshold": 1.5}, "model.score_threshold is 1.5. Give a number from 0 to 1."),
        ({"nms_threshold": "half"}, "model.nms_threshold is 'half'."),
        ({"min_size": 0}, "model.min_size is 0."),
        ({"min_size": []}, "model.min_size is []."),
        ({"min_size": 800, "max_size": 1.5}, "model.max_size is 1.5."),
        ({"max_size": 1333}, "model.max_size is 1333, which has no effect while model.min_size is null"),
        ({"loss_weights": {"masks": 1}}, "Unknown part 'model.loss_weights.masks': did you mean 'mask'?"),
        ({"loss_weights": {"box": -1}}, "model.loss_weights.box is -1."),
        ({"weights": "/not/there.pth"}, "model.weights '/not/there.pth' is no file."),
    ],
)
def test_settings_outside_their_range_are_refused_with_a_sentence(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as error:
        MaskRCNN(**{"in_channels": 3, "num_things": 2, **settings(), **setting})
    assert words in str(error.value)


def test_what_it_cannot_learn_from_is_refused_with_a_sentence() -> None:
    net = small()
    with pytest.raises(UserError, match=r"images of 3 channels and got one of 1\."):
        net(images(channels=1), targets())
    with pytest.raises(UserError, match=r"MaskRCNN learns from targets"):
        net(images())
    flat = target((64, 96), (4, 6, 4, 44))
    with pytest.raises(UserError, match=r"Box \[4\.0, 6\.0, 4\.0, 44\.0\] of image 1 of the batch has no area"):
        net(images(), [targets()[0], flat])
