"""All metrics of a data set in one object give the parts' values under the record's names."""

import pytest
import torch

from segladder.config.values import METRICS
from segladder.metrics import SemanticMetrics, boundary_f1, confusion_matrices
from segladder.metrics.boundary_iou import boundary_iou_counts
from segladder.metrics.scores import per_class, scores
from segladder.metrics.semantic import NAMES
from segladder.types import DatasetInfo, UserError


@pytest.fixture
def info():
    return DatasetInfo(
        name="toy",
        classes=("road", "sky", "car"),
        palette=((0, 0, 0), (1, 1, 1), (2, 2, 2)),
        things=(False, False, True),
    )


def batch(n=4):
    target = torch.randint(0, 3, (n, 20, 23))
    target[0] = 255
    return torch.randn(n, 3, 20, 23), target


def test_values_are_those_of_the_parts_under_the_names_of_the_record(info):
    logits, target = batch()
    metrics = SemanticMetrics(info, per_image=True)
    pred = metrics.update(logits, target, ["a", "b", "c", "d"])
    assert torch.equal(pred.long(), logits.argmax(1))
    got, classes = metrics.compute()
    matrix = confusion_matrices(pred, target, num_classes=3).sum(0)
    f1 = boundary_f1(pred, target, num_classes=3)
    both, predicted, true = boundary_iou_counts(pred, target, num_classes=3)
    outlines = {"boundary_f1": f1, "boundary_iou": both / (predicted + true - both).double()}
    assert got == pytest.approx({**scores(matrix), **{name: float(of.nanmean()) for name, of in outlines.items()}})
    assert tuple(got) == NAMES == METRICS
    for name, values in {**per_class(matrix), **outlines}.items():
        assert classes[name] == pytest.approx(dict(zip(info.classes, values.tolist(), strict=True)))
    assert metrics.images.arrays()["image_id"].tolist() == ["a", "b", "c", "d"]
    assert metrics.images.arrays()["tp"].sum() == matrix.diagonal().sum()
    assert metrics.images.arrays()["confusion"].tolist() == matrix.tolist()


def test_compute_after_more_batches_counts_them_too(info):
    metrics = SemanticMetrics(info)
    parts = [batch(), batch()]
    for part in parts:
        metrics.update(*part)
        first = metrics.compute()[0]
    logits, target = (torch.cat(p) for p in zip(*parts, strict=True))
    whole = SemanticMetrics(info)
    whole.update(logits, target)
    assert first == whole.compute()[0]


def test_classes_count_as_their_logits_do(info):
    logits, target = batch()
    one, two = SemanticMetrics(info), SemanticMetrics(info)
    one.update(logits, target)
    two.update(logits.argmax(1), target)
    assert one.compute() == two.compute()


def test_reset_forgets_everything(info):
    logits, target = batch()
    metrics = SemanticMetrics(info, per_image=True)
    for _ in range(2):
        metrics.reset()
        metrics.update(logits, target, list("abcd"))
        result = metrics.compute()
    fresh = SemanticMetrics(info)
    fresh.update(logits, target)
    assert result == fresh.compute()
    assert len(metrics.images) == 4


def test_boundaries_can_be_left_out(info):
    metrics = SemanticMetrics(info, boundary=False)
    metrics.update(*batch())
    got, classes = metrics.compute()
    assert not {"boundary_f1", "boundary_iou"} & {*got, *classes}


def test_what_does_not_fit_is_told(info):
    logits, target = batch()
    metrics = SemanticMetrics(info, per_image=True)
    with pytest.raises(ValueError, match="4 image ids, got none"):
        metrics.update(logits, target)
    with pytest.raises(ValueError, match="data set 'toy' has 3 classes"):
        metrics.update(torch.randn(4, 5, 20, 23), target, list("abcd"))
    target[1, 0, 0] = 7
    with pytest.raises(UserError, match=r"labels hold 7 \(1 pixel\)"):
        metrics.update(logits, target, list("abcd"))


def test_it_holds_no_weights_for_a_checkpoint(info):
    metrics = SemanticMetrics(info)
    assert metrics.state_dict() == {} and list(metrics.parameters()) == []


def test_pixels_of_no_class_are_missed_and_false_ones_of_none(info):
    target = torch.tensor([[[0, 0, 1, 1, 2, 255]]])
    pred = torch.tensor([[[0, 3, 1, 3, 2, 3]]])
    metrics = SemanticMetrics(info, none=True, per_image=True)
    metrics.update(pred, target, ["a"])
    totals, classes = metrics.compute()
    assert classes["iou"] == pytest.approx({"road": 1 / 2, "sky": 1 / 2, "car": 1})
    assert classes["predicted"] == {"road": 1, "sky": 1, "car": 1}
    assert totals["miou"] == pytest.approx(2 / 3) and totals["pixel_accuracy"] == pytest.approx(3 / 5)
    counts = metrics.images.arrays()
    assert counts["tp"].tolist() == [[1, 1, 1]] and counts["fp"].tolist() == [[0, 0, 0]]
    assert counts["fn"].tolist() == [[1, 1, 0]]
    assert counts["confusion"].tolist() == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0]]


def test_where_every_pixel_has_a_class_room_for_none_changes_nothing(info):
    logits, target = batch()
    one, two = SemanticMetrics(info), SemanticMetrics(info, none=True)
    one.update(logits, target)
    two.update(logits.argmax(1), target)
    assert one.compute() == two.compute()


def test_labels_of_no_class_and_logits_without_one_are_refused(info):
    logits, target = batch()
    metrics = SemanticMetrics(info, none=True)
    with pytest.raises(ValueError, match="give predicted classes"):
        metrics.update(logits, target)
    target[1, 0, :2] = 3
    metrics.update(logits.argmax(1), target)
    with pytest.raises(UserError, match=r"The labels hold 3 \(2 pixels\), which is none of the 3 classes"):
        metrics.compute()
