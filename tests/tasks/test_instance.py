"""The LightningModule of the instance rung by itself, around a network that says what it is told to say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segladder.inference import Inference
from segladder.losses import CrossEntropy, Dice, LossSum
from segladder.masks import decode, encode, objects_of
from segladder.models.detections import Detections, MaskRCNNTraining
from segladder.tasks import InstanceTask
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="toy",
    classes=("background", "cat", "sky", "dog"),
    palette=((0, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0)),
    things=(False, True, False, True),
    channels=1,
    mean=(0.0,),
    std=(1.0,),
)


class Scripted(nn.Module):
    """Learns one number; finds one object of its second class in the upper left quarter of every image."""

    def __init__(self, regions: int = 2):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.regions = regions
        self.loss_weights = {"rpn_objectness": 2.0, "box": 0.5, "mask": 3.0}
        self.targets = None

    def forward(self, images, targets=None):
        if self.training:
            self.targets = targets
            logits = self.weight.expand(self.regions, 4, 4)
            truth = torch.zeros(self.regions, 4, 4, dtype=torch.uint8)
            truth[:, :2] = 1
            return MaskRCNNTraining({"rpn_objectness": self.weight * 1, "box": self.weight * 4}, logits, truth)
        found = []
        for image in images:
            H, W = image.shape[-2:]
            boxes = torch.tensor([[0.0, 0.0, W / 2, H / 2]])
            found.append(Detections(boxes, torch.tensor([2]), torch.tensor([0.9]), torch.ones(1, 28, 28)))
        return found


def task(model=None, terms=None, **settings):
    terms = terms or {"ce": CrossEntropy()}
    loss = LossSum(terms, dict.fromkeys(terms, 1.0), binary=True)
    return InstanceTask(model or Scripted(), loss, INFO, optimizer=torch.optim.SGD, **settings)


def batch(*, crowd=False):
    mask = np.zeros((1, 8, 8), dtype=bool)
    mask[0, :4, :4] = True
    return {
        "image": torch.zeros(1, 1, 8, 8),
        "semantic": torch.from_numpy(np.where(mask, 3, 0)),
        "masks": [torch.from_numpy(mask)],
        "boxes": [torch.tensor([[0.0, 0.0, 4.0, 4.0]])],
        "labels": [torch.tensor([3])],
        "iscrowd": [torch.tensor([crowd])],
        "objects": [objects_of(encode(mask), np.array([3]), size=(8, 8))],
        "image_id": ["a"],
    }


def test_the_total_weighs_the_models_parts_and_the_expression():
    module = task(terms={"ce": CrossEntropy(), "dice": Dice()}).train()
    total, parts = module.said(batch())
    logits, truth = torch.full((2, 4, 4), 0.5), torch.zeros(2, 4, 4)
    truth[:, :2] = 1
    ce = F.binary_cross_entropy_with_logits(logits, truth)
    p = logits.sigmoid().flatten(1)
    dice = 1 - (2 * (p * truth.flatten(1)).sum(1) / (p.sum(1) + truth.flatten(1).sum(1))).mean()
    assert set(parts) == {"ce", "dice", "rpn_objectness", "box"}
    assert float(parts["ce"]) == pytest.approx(float(ce)) and float(parts["dice"]) == pytest.approx(float(dice))
    assert float(total.detach()) == pytest.approx(3 * float(ce + dice) + 2 * 0.5 + 0.5 * 2)


def test_without_positive_regions_every_parameter_still_has_a_gradient():
    module = task(Scripted(regions=0)).train()
    total, parts = module.said(batch())
    total.backward()
    assert module.model.weight.grad is not None and float(parts["ce"]) == 0


def test_the_network_counts_classes_of_objects_from_one_and_learns_no_crowds():
    model = Scripted()
    task(model).train().said(batch())
    assert model.targets[0]["labels"].tolist() == [2]
    task(model).train().said(batch(crowd=True))
    assert [len(model.targets[0][key]) for key in ("labels", "boxes", "masks")] == [0, 0, 0]


def test_a_batch_is_scored_as_objects_and_as_a_class_map():
    module = task().eval()
    with torch.inference_mode():
        module.count(batch(), "test", module.test_metrics)
    scores, per_class = module.test_metrics.compute()
    # pasted as torchvision does, the mask is a pixel wider than the true one
    assert scores["mask_ap50"] == pytest.approx(1) and scores["box_ap"] == pytest.approx(1)
    assert per_class["iou"]["dog"] == pytest.approx(16 / 25) and scores["mask_ap75"] == pytest.approx(0)
    assert set(per_class["mask_ap"]) == {"cat", "dog"}
    assert module.ranking().tolist() == [1.0]


def test_images_of_unequal_sizes_are_found_one_by_one():
    module = task().eval()
    found = module.segmenter.detect([torch.zeros(1, 8, 8), torch.zeros(1, 6, 10)])
    assert [one.size for one in found] == [(8, 8), (6, 10)]
    assert [one.labels.tolist() for one in found] == [[3], [3]]


def test_a_prediction_reads_as_objects_as_classes_and_as_segments():
    prediction = task().predict(torch.zeros(1, 8, 8))
    [mask] = prediction.instances().masks
    expected = torch.from_numpy(np.where(decode(mask), 3, 0))
    assert torch.equal(prediction.semantic(), expected) and (expected == 3).sum() == 25
    segments = prediction.panoptic()
    assert segments.labels.tolist() == [3, 0] and segments.areas.tolist() == [25, 39]
    assert np.array_equal(segments.id_map == 1, decode(mask))
    assert prediction.panoptic(score=1).labels.tolist() == ([3, 0] if prediction.found.scores[0] == 1 else [0])


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"max_detections": 0}, "max_detections"),
        ({"semantic_score": 1.5}, "semantic_score"),
        ({"inference": Inference(window=(4, 4))}, "inference=whole"),
        ({"memory_format": "odd"}, "memory_format"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(settings, word):
    with pytest.raises(UserError, match=word):
        task(**settings)


def test_data_without_objects_are_told():
    info = DatasetInfo(name="sky", classes=("background", "sky"), palette=((0, 0, 0),) * 2, things=(False, False))
    with pytest.raises(UserError, match="no class of objects"):
        InstanceTask(
            Scripted(), LossSum({"ce": CrossEntropy()}, {"ce": 1.0}, binary=True), info, optimizer=torch.optim.SGD
        )


def test_logs_go_out_by_part(monkeypatch):
    module = task().train()
    module._trainer = SimpleNamespace(
        log_every_n_steps=1, global_step=0, optimizers=[SimpleNamespace(param_groups=[{"lr": 0.1}])]
    )
    logged = {}
    monkeypatch.setattr(type(module), "trainer", module._trainer)
    monkeypatch.setattr(type(module), "global_step", 0)
    monkeypatch.setattr(module, "log_dict", lambda values, **_: logged.update(values))
    module.training_step(batch(), 0)
    assert {"train/loss", "train/loss/ce", "train/loss/rpn_objectness", "train/loss/box", "train/lr"} == set(logged)
