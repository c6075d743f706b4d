"""The confusion matrix equals scikit-learn's, refuses what is no class, and adds up over batches and processes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_matrix

from segladder.metrics.confusion import ConfusionMatrix, confusion_matrices
from segladder.types import UserError

# scikit-learn warns of maps of one class although all labels are given
pytestmark = pytest.mark.filterwarnings("ignore:A single label was found")


def reference(pred, target, num_classes, ignore_index=255):
    keep = target != ignore_index
    if not keep.any():
        return np.zeros((num_classes, num_classes), dtype=np.int64)
    return sklearn_matrix(target[keep].numpy(), pred[keep].numpy(), labels=range(num_classes))


def labels(num_classes, shape, ignore_index=255, ignored=0.2):
    target = torch.randint(0, num_classes, shape)
    target[torch.rand(shape) < ignored] = ignore_index
    return target


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (4, 64, 64), (2, 300, 301)])
@pytest.mark.parametrize("num_classes", [1, 2, 19, 150, 254, 256, 300])
def test_matrices_equal_scikit_learns_image_by_image(shape, num_classes):
    ignore_index = 255 if num_classes < 255 else 65535
    target = labels(num_classes, shape, ignore_index)
    pred = torch.randint(0, num_classes, shape)
    got = confusion_matrices(pred, target, num_classes=num_classes, ignore_index=ignore_index)
    assert got.dtype == torch.int64
    for matrix, p, t in zip(got, pred, target, strict=True):
        np.testing.assert_array_equal(matrix, reference(p, t, num_classes, ignore_index))


@pytest.mark.parametrize("ignore_index", [-1, -100, 0, 3, 5, 255, 256, 65535])
def test_any_ignored_value_is_left_out(ignore_index):
    target, pred = labels(5, (2, 20, 30), ignore_index), torch.randint(0, 5, (2, 20, 30))
    got = confusion_matrices(pred, target, num_classes=5, ignore_index=ignore_index).sum(0)
    np.testing.assert_array_equal(got, reference(pred, target, 5, ignore_index))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16])
def test_every_integer_type_is_taken(dtype):
    target, pred = torch.randint(0, 5, (2, 8, 9)), torch.randint(0, 5, (2, 8, 9))
    got = confusion_matrices(pred.to(dtype), target.to(dtype), num_classes=5)
    assert torch.equal(got, confusion_matrices(pred, target, num_classes=5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_logits_are_read_by_their_argmax(dtype, memory_format):
    logits = torch.randn(2, 4, 33, 17).to(dtype).contiguous(memory_format=memory_format)
    target = labels(4, (2, 33, 17))
    metric = ConfusionMatrix(4)
    metric.update(logits, target)
    np.testing.assert_array_equal(metric.compute(), reference(logits.argmax(1), target, 4))


def test_maps_that_are_not_contiguous_are_counted_the_same():
    target, pred = labels(4, (2, 20, 30)), torch.randint(0, 4, (2, 20, 30))
    got = confusion_matrices(pred.mT, target.mT, num_classes=4)
    assert torch.equal(got, confusion_matrices(pred, target, num_classes=4))


def test_ignored_images_and_empty_batches_count_nothing():
    metric = ConfusionMatrix(3)
    metric.update(torch.randn(2, 3, 4, 4), torch.full((2, 4, 4), 255))
    metric.update(torch.zeros(0, 3, 4, 4), torch.zeros(0, 4, 4, dtype=torch.int64))
    assert metric.compute().sum() == 0


@pytest.mark.parametrize("ignore_index", [255, 65535, -1])
def test_a_label_outside_the_classes_is_named_with_its_pixels(ignore_index):
    target = torch.zeros(1, 4, 4, dtype=torch.int64)
    target[0, 0, :3], target[0, 1, 0], target[0, 2, 0] = 12, 40, ignore_index
    metric = ConfusionMatrix(11, ignore_index)
    with pytest.raises(UserError, match=r"labels hold 12 \(3 pixels\), 40 \(1 pixel\), which is none of the 11"):
        metric.update(torch.zeros(1, 4, 4, dtype=torch.int64), target)
    assert metric.matrix.sum() == 0


@pytest.mark.parametrize("value", [-1, 300, 70_000, 2**40, 19 + 65_536, 254])
def test_no_label_slips_through_by_wrapping_round(value):
    target = torch.zeros(1, 4, 4, dtype=torch.int64)
    target[0, 3, 3] = value
    with pytest.raises(UserError, match=rf"labels hold {value} \(1 pixel\)"):
        confusion_matrices(torch.zeros_like(target), target, num_classes=19)


@pytest.mark.parametrize("value", [-1, 19, 255, 2**40])
def test_a_prediction_outside_the_classes_is_an_error_unless_ignored(value):
    target, pred = torch.zeros(1, 4, 4, dtype=torch.int64), torch.zeros(1, 4, 4, dtype=torch.int64)
    pred[0, 1, 1] = value
    with pytest.raises(UserError, match=rf"prediction holds {value} \(1 pixel\)"):
        confusion_matrices(pred, target, num_classes=19)
    target[0, 1, 1] = 255
    assert confusion_matrices(pred, target, num_classes=19)[0, 0, 0] == 15


def test_shapes_that_do_not_fit_are_refused():
    metric = ConfusionMatrix(3)
    with pytest.raises(ValueError, match="5 channels for 3 classes"):
        metric.update(torch.zeros(1, 5, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match="of one shape"):
        metric.update(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 5, dtype=torch.int64))
    with pytest.raises(ValueError, match="at least one class"):
        ConfusionMatrix(0)


def test_counts_stay_exact_beyond_float32_and_int32():
    metric = ConfusionMatrix(2)
    metric.matrix[0, 0] = 2**40
    metric.update(torch.zeros(1, 1, 1, dtype=torch.int64), torch.zeros(1, 1, 1, dtype=torch.int64))
    assert metric.compute()[0, 0] == 2**40 + 1
    assert metric.compute().dtype == torch.int64


def test_pixels_are_counted_on_where_smp_stands_still():
    # smp counts in float32, which knows no 16,777,217; several threads hide it, as each counts a part
    from segmentation_models_pytorch.metrics import get_stats

    maps = torch.zeros(1, 4097, 4100, dtype=torch.uint8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        theirs = int(get_stats(maps, maps, mode="multiclass", num_classes=2)[0][0, 0])
        ours = int(confusion_matrices(maps, maps, num_classes=2)[0, 0, 0])
    finally:
        torch.set_num_threads(threads)
    assert (ours, theirs) == (16_797_700, 16_777_216)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 6), num_classes=st.integers(1, 6))
def test_how_images_are_batched_changes_nothing(seed, cut, num_classes):
    torch.manual_seed(seed)
    logits, target = torch.randn(6, num_classes, 7, 5), labels(num_classes, (6, 7, 5))
    whole, parts = ConfusionMatrix(num_classes), ConfusionMatrix(num_classes)
    whole.update(logits, target)
    for part in (slice(0, cut), slice(cut, 6)):
        parts.update(logits[part], target[part])
    assert torch.equal(whole.compute(), parts.compute())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_renaming_the_classes_permutes_the_matrix(seed):
    torch.manual_seed(seed)
    target, pred, order = labels(4, (2, 9, 5)), torch.randint(0, 4, (2, 9, 5)), torch.randperm(4)
    renamed = torch.where(target == 255, target, order[target.clamp(max=3)])
    before = confusion_matrices(pred, target, num_classes=4).sum(0)
    after = confusion_matrices(order[pred], renamed, num_classes=4).sum(0)
    assert torch.equal(after[order][:, order], before)


def test_two_processes_reduce_to_the_same_matrix_as_one():
    parts = [(torch.randn(2, 5, 9, 9), labels(5, (2, 9, 9))) for _ in range(2)]
    other, one = ConfusionMatrix(5), ConfusionMatrix(5)
    other.update(*parts[1])
    for part in parts:
        one.update(*part)
    states = {tuple(s.shape): s for s in (other.matrix, other.bad)}
    # torchmetrics' own reduction, with what the other process would have sent
    here = ConfusionMatrix(
        5,
        dist_sync_fn=lambda state, group: [state, states[tuple(state.shape)]],
        distributed_available_fn=lambda: True,
    )
    here.update(*parts[0])
    assert torch.equal(here.compute(), one.compute())


def test_deterministic_mode_changes_nothing():
    logits, target = torch.randn(1, 4, 20, 20), labels(4, (1, 20, 20))
    torch.use_deterministic_algorithms(True)
    try:
        metric = ConfusionMatrix(4)
        metric.update(logits, target)
        np.testing.assert_array_equal(metric.compute(), reference(logits.argmax(1), target, 4))
    finally:
        torch.use_deterministic_algorithms(False)


def test_off_the_cpu_no_value_is_read_back_for_a_batch():
    # tensors on the meta device have no values: reading one raises
    metric = ConfusionMatrix(4).to("meta")
    metric.update(torch.randn(2, 4, 8, 8, device="meta"), torch.zeros(2, 8, 8, dtype=torch.int64, device="meta"))
    assert metric.matrix.shape == (4, 4)


def test_off_the_cpu_the_count_is_the_same_and_errors_wait_for_compute(monkeypatch):
    from segladder.metrics import confusion, counting

    monkeypatch.setattr(confusion, "count", lambda index, bins: counting.count_by_sorting(index.flatten(), bins))
    target, pred = labels(4, (3, 9, 5)), torch.randint(0, 4, (3, 9, 5))
    matrices, bad = confusion._masked(pred, target, 4, 255)
    for matrix, p, t in zip(matrices, pred, target, strict=True):
        np.testing.assert_array_equal(matrix, reference(p, t, 4))
    assert bad.tolist() == [0, 0]
    target[0, 0, :2], pred[1, 0, 0], target[1, 0, 0] = 77, 4, 0
    _, bad = confusion._masked(pred, target, 4, 255)
    metric = ConfusionMatrix(4)
    metric.bad += bad
    with pytest.raises(UserError, match="2 pixels of the labels and 1 pixels of the predictions"):
        metric.update(torch.zeros(0, 2, 2, dtype=torch.int64), torch.zeros(0, 2, 2, dtype=torch.int64))
        metric.compute()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("classes", [3, 134])
def test_labels_and_predictions_stay_as_they_were(dtype, classes):
    generator = torch.Generator().manual_seed(0)
    target, pred = (torch.randint(classes, (2, 9, 7), generator=generator).to(dtype) for _ in range(2))
    kept = target.clone(), pred.clone()
    ConfusionMatrix(classes).update(pred, target, per_image=lambda matrices: None)
    assert torch.equal(target, kept[0]) and torch.equal(pred, kept[1])
