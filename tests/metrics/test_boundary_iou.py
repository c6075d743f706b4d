"""Boundary IoU equals the erosion of each class's mask, as published, pooled over images, batches and processes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_erosion

from segladder.metrics.boundary_iou import BoundaryIoU, boundary_iou_counts, boundary_width, differing
from segladder.types import UserError


def region(mask):
    """What `round(2 % of the diagonal)` erosions by 3x3 take away, outside of the image being no part of the mask.

    As in boundary-iou-api, but with SciPy.
    """
    height, width = mask.shape
    steps = max(1, round(0.02 * np.sqrt(height**2 + width**2)))
    framed = np.pad(mask, 1)
    eroded = binary_erosion(framed, np.ones((3, 3)), iterations=steps, border_value=1)[1:-1, 1:-1]
    return mask & ~eroded


def reference(pred, target, num_classes, ignore_index=None):
    counts = np.zeros((3, num_classes), dtype=np.int64)
    for p, t in zip(pred.numpy(), target.numpy(), strict=True):
        known = np.ones_like(t, dtype=bool) if ignore_index is None else t != ignore_index
        for c in range(num_classes):
            a, b = (region((m == c) & known) for m in (p, t))
            counts[:, c] += [(a & b).sum(), a.sum(), b.sum()]
    return torch.from_numpy(counts)


def blobs(shape, num_classes, size=9):
    B, H, W = shape
    noise = torch.randn(B, num_classes, H // size + 2, W // size + 2)
    return torch.nn.functional.interpolate(noise, size=(H, W), mode="bicubic").argmax(1)


@pytest.mark.parametrize(
    ("shape", "num_classes", "width"),
    [((3, 31, 23), 2, 1), ((2, 90, 101), 5, 3), ((1, 200, 290), 19, 7), ((2, 1, 200), 3, 4), ((2, 260, 3), 3, 5)],
)
def test_counts_equal_erosions_of_each_class(shape, num_classes, width):
    assert boundary_width(*shape[1:]) == width
    target = blobs(shape, num_classes)
    pred = torch.where(torch.rand(shape) < 0.01, 0, target.roll((1, 2), (1, 2)))
    got = boundary_iou_counts(pred, target, num_classes=num_classes)
    assert torch.equal(got, reference(pred, target, num_classes))
    assert got[0].sum() > 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 12),
    width=st.integers(1, 60),
    ignore_index=st.sampled_from([255, -1, 0, 4, 65535]),
)
def test_ignored_pixels_lie_outside_of_the_image_for_both(seed, height, width, ignore_index):
    torch.manual_seed(seed)
    shape = (2, height, width)
    target, pred = blobs(shape, 4, size=4), blobs(shape, 4, size=4)
    target[torch.rand(shape) < 0.1] = ignore_index
    pred[(target == ignore_index) & (torch.rand(shape) < 0.5)] = 7  # what is predicted there may be anything
    got = boundary_iou_counts(pred, target, num_classes=4, ignore_index=ignore_index)
    assert torch.equal(got, reference(pred, target, 4, ignore_index))


@pytest.mark.parametrize("num_classes", [254, 255, 256, 9000])
def test_many_classes_are_kept_apart(num_classes):
    target = torch.randint(num_classes - 5, num_classes, (1, 12, 12))
    pred = torch.randint(num_classes - 5, num_classes, (1, 12, 12))
    target[0, 0] = 65535
    got = boundary_iou_counts(pred, target, num_classes=num_classes, ignore_index=65535)[:, -5:]
    shifted = [m - (num_classes - 5) for m in (pred, target)]
    assert torch.equal(got, reference(*shifted, 5, 65535 - (num_classes - 5)))


def test_a_right_answer_scores_one_also_beside_ignored_pixels():
    target = torch.zeros(1, 60, 80, dtype=torch.int64)
    target[0, 20:40, 20:50] = 1
    pred = target.clone()
    target[0, 45:] = 255
    metric = BoundaryIoU(3)
    metric.update(pred, target)
    assert metric.compute()[:2].tolist() == [1, 1] and metric.compute()[2].isnan()


def test_a_large_object_a_little_off_scores_lower_than_by_iou():
    target, pred = torch.zeros(2, 1, 200, 200, dtype=torch.int64)
    target[0, 40:160, 40:160], pred[0, 40:160, 44:164] = 1, 1
    metric = BoundaryIoU(2)
    metric.update(pred, target)
    iou = ((pred & target).sum() / (pred | target).sum()).item()
    assert metric.compute()[1].item() < 0.6 < 0.9 < iou


def test_windows_run_neither_into_the_next_row_nor_into_the_next_image():
    target, pred = torch.zeros(2, 3, 70, 70, dtype=torch.int64)
    target[0, -1, -1], pred[1, 0, 0], pred[1, 35, -1], target[2, 34, 0] = 1, 1, 1, 1
    assert torch.equal(boundary_iou_counts(pred, target, num_classes=2), reference(pred, target, 2))


def test_pooled_over_batches_and_processes():
    parts = [(blobs((2, 40, 30), 3), blobs((2, 40, 30), 3)) for _ in range(2)]
    other, one = BoundaryIoU(3), BoundaryIoU(3)
    other.update(*parts[1])
    for part in parts:
        one.update(*part)
    states = {tuple(s.shape): s for s in (other.counts, other.bad)}
    here = BoundaryIoU(
        3,
        dist_sync_fn=lambda state, group: [state, states[tuple(state.shape)]],
        distributed_available_fn=lambda: True,
    )
    here.update(*parts[0])
    both, predicted, true = reference(*(torch.cat(maps) for maps in zip(*parts, strict=True)), 3)
    torch.testing.assert_close(one.compute(), both / (predicted + true - both).double(), rtol=0, atol=0)
    torch.testing.assert_close(here.compute(), one.compute(), rtol=0, atol=0)


def test_a_label_outside_the_classes_and_maps_of_two_sizes_are_errors():
    target = torch.zeros(1, 4, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match="one shape"):
        BoundaryIoU(3).update(target[:, 1:], target)
    target[0, 0, 0] = 9
    with pytest.raises(UserError, match=r"labels hold 9 \(1 pixel\)"):
        BoundaryIoU(3).update(torch.zeros_like(target), target)


def test_without_images_nothing_is_counted():
    empty = torch.zeros(0, 8, 8, dtype=torch.int64)
    assert boundary_iou_counts(empty, empty, num_classes=2).tolist() == [[0, 0]] * 3


def test_off_the_cpu_no_value_is_read_back_for_a_batch():
    metric = BoundaryIoU(4).to("meta")
    maps = torch.zeros(2, 8, 8, dtype=torch.int64, device="meta")
    metric.update(maps, maps)
    assert metric.counts.shape == (3, 4)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
def test_other_devices_go_by_torch_and_see_what_numpy_sees(dtype):
    values = blobs((1, 90, 70), 4).flatten().to(dtype)
    for reach in (1, 2, 5, 40, 100):
        expected = differing(values.numpy(), reach, row=70, lib=np) > 0
        np.testing.assert_array_equal(differing(values, reach, row=70, lib=torch) > 0, expected)
