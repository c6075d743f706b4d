"""Boundary F1 equals distance transforms drawn class by class, and pools over images, batches and processes."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from segladder.metrics.boundary import BoundaryF1, boundary_counts, boundary_f1
from segladder.types import UserError


def boundaries(labels, known):
    """True where a 4-neighbour is known and of another class: pixel by pixel, from the definition."""
    H, W = labels.shape
    found = np.zeros((H, W), dtype=bool)
    for y in range(H):
        for x in range(W):
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < H and 0 <= u < W and known[y, x] and known[v, u] and labels[y, x] != labels[v, u]:
                    found[y, x] = True
    return found


def reference(pred, target, num_classes, ignore_index=255, tolerance=2):
    counts = np.zeros((4, num_classes), dtype=np.int64)
    for p, t in zip(pred.numpy(), target.numpy(), strict=True):
        known = t != ignore_index
        edges_p, edges_t = boundaries(p, known), boundaries(t, known)
        for c in range(num_classes):
            a, b = edges_p & (p == c), edges_t & (t == c)
            for row, here, there in ((0, a, b), (2, b, a)):
                counts[row, c] += here.sum()
                if there.any():
                    counts[row + 1, c] += (distance_transform_edt(~there)[here] <= tolerance).sum()
    return torch.from_numpy(counts)


def blobs(shape, num_classes, size=6):
    B, H, W = shape
    noise = torch.randn(B, num_classes, H // size + 2, W // size + 2)
    return torch.nn.functional.interpolate(noise, size=(H, W), mode="bicubic").argmax(1)


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 3, 7])
@pytest.mark.parametrize(("shape", "num_classes"), [((3, 31, 23), 2), ((2, 40, 37), 5), ((1, 1, 9), 3)])
def test_counts_equal_distance_transforms(shape, num_classes, tolerance):
    target, pred = blobs(shape, num_classes), blobs(shape, num_classes)
    target[:, :4, :7] = 255
    got = boundary_counts(pred, target, num_classes=num_classes, tolerance=tolerance)
    assert torch.equal(got, reference(pred, target, num_classes, tolerance=tolerance))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    ignore_index=st.sampled_from([255, -1, 0, 4, 65535]),
    tolerance=st.sampled_from([0, 1, 2, 2.3, 12]),
)
def test_small_maps_of_noise_equal_distance_transforms(seed, height, width, ignore_index, tolerance):
    torch.manual_seed(seed)
    target, pred = torch.randint(0, 4, (2, height, width)), torch.randint(0, 4, (2, height, width))
    target[torch.rand(target.shape) < 0.2] = ignore_index
    got = boundary_counts(pred, target, num_classes=4, ignore_index=ignore_index, tolerance=tolerance)
    assert torch.equal(got, reference(pred, target, 4, ignore_index, tolerance))


@pytest.mark.parametrize("num_classes", [253, 254, 255, 300])
def test_many_classes_are_kept_apart(num_classes):
    target = torch.randint(0, num_classes, (1, 12, 12))
    pred = torch.randint(0, num_classes, (1, 12, 12))
    target[0, 0] = 65535
    target[0, 2, 2], pred[0, 2, 3] = num_classes - 1, num_classes - 1
    got = boundary_counts(pred, target, num_classes=num_classes, ignore_index=65535)
    assert torch.equal(got, reference(pred, target, num_classes, 65535))


def test_equal_maps_score_one_and_a_class_without_boundary_is_nan():
    target = torch.zeros(1, 16, 16, dtype=torch.int64)
    target[0, 4:9, 4:9] = 1
    f1 = boundary_f1(target, target, num_classes=3)
    assert f1[:2].tolist() == [1, 1]
    assert f1[2].isnan()


def test_a_missed_object_scores_zero_and_an_empty_pair_nan():
    target = torch.zeros(1, 16, 16, dtype=torch.int64)
    target[0, 8, 8] = 1
    empty = torch.zeros_like(target)
    assert boundary_f1(empty, target, num_classes=2).tolist() == [0, 0]
    assert boundary_f1(empty, empty, num_classes=2).isnan().all()


def test_one_pixel_objects_match_within_the_tolerance_and_not_beyond():
    target, pred = torch.zeros(2, 1, 16, 16, dtype=torch.int64)
    target[0, 8, 8], pred[0, 8, 10] = 1, 1
    assert boundary_f1(pred, target, num_classes=2, tolerance=2)[1] == 1
    assert boundary_f1(pred, target, num_classes=2, tolerance=1.9)[1] == 0


def test_neither_image_border_nor_the_rim_of_an_ignored_area_is_a_boundary():
    target = torch.ones(1, 8, 8, dtype=torch.int64)
    target[0, 2:4, 2:4] = 255
    pred = torch.where(target == 255, 0, target)
    assert boundary_counts(pred, target, num_classes=2).sum() == 0


def test_shifts_run_neither_into_the_next_row_nor_into_the_next_image():
    target, pred = torch.zeros(2, 2, 6, 6, dtype=torch.int64)
    target[0, 5, 5], pred[1, 0, 0], pred[1, 0, 5], target[1, 1, 0] = 1, 1, 1, 1
    got = boundary_counts(pred, target, num_classes=2, tolerance=2)
    assert torch.equal(got, reference(pred, target, 2))


def test_pooled_over_batches_and_processes():
    parts = [(blobs((2, 20, 20), 3), blobs((2, 20, 20), 3)) for _ in range(2)]
    other, one = BoundaryF1(3), BoundaryF1(3)
    other.update(*parts[1])
    for part in parts:
        one.update(*part)
    states = {tuple(s.shape): s for s in (other.counts, other.bad)}
    here = BoundaryF1(
        3,
        dist_sync_fn=lambda state, group: [state, states[tuple(state.shape)]],
        distributed_available_fn=lambda: True,
    )
    here.update(*parts[0])
    both = [torch.cat(maps) for maps in zip(*parts, strict=True)]
    torch.testing.assert_close(one.compute(), boundary_f1(*both, num_classes=3), rtol=0, atol=0)
    torch.testing.assert_close(here.compute(), one.compute(), rtol=0, atol=0)


def test_a_label_outside_the_classes_is_an_error():
    target = torch.zeros(1, 4, 4, dtype=torch.int64)
    target[0, 0, 0] = 9
    with pytest.raises(UserError, match=r"labels hold 9 \(1 pixel\)"):
        BoundaryF1(3).update(torch.zeros_like(target), target)
    with pytest.raises(ValueError, match="tolerance is -1"):
        boundary_f1(target, target, num_classes=10, tolerance=-1)


def test_off_the_cpu_no_value_is_read_back_for_a_batch():
    metric = BoundaryF1(4).to("meta")
    maps = torch.zeros(2, 8, 8, dtype=torch.int64, device="meta")
    metric.update(maps, maps)
    assert metric.counts.shape == (4, 4)


def test_a_thousand_small_images_cost_little():
    pred, target = blobs((16, 64, 64), 2), blobs((16, 64, 64), 2)
    metric = BoundaryF1(2)
    start = time.perf_counter()
    for _ in range(64):
        metric.update(pred, target)
    assert time.perf_counter() - start < 2  # about 0.1 s on two quiet cores
