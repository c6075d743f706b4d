"""Scores of resampled test sets, against the metrics themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segladder.metrics.match_table import average_precision
from segladder.metrics.scores import per_class, scores
from segladder.report.statistics.resampling import (
    FROM_CATEGORIES,
    FROM_COUNTS,
    can_resample,
    draws,
    resampled,
    resampled_iou,
)


@pytest.fixture
def matrices():
    rng = np.random.default_rng(0)
    found = rng.integers(0, 50, (7, 4, 4))
    found[:, 3, :] = found[:, :, 3] = 0  # a class that never occurs
    found[2:, 2, :] = found[2:, :, 2] = 0  # one that a resample may miss
    return found


def arrays_of(matrices):
    tp = matrices.diagonal(axis1=1, axis2=2)
    return {"tp": tp, "fp": matrices.sum(1) - tp, "fn": matrices.sum(2) - tp}


@pytest.mark.parametrize("metric", FROM_COUNTS)
def test_each_resample_scores_as_the_metric_does(matrices, metric):
    weights = draws(len(matrices), resamples=50)
    found = resampled(metric, arrays_of(matrices), weights)
    for value, times in zip(found, weights, strict=True):
        pooled = torch.from_numpy((times[:, None, None] * matrices).sum(0))
        assert value == pytest.approx(scores(pooled)[metric], abs=1e-12)


def test_each_class_likewise(matrices):
    weights = draws(len(matrices), resamples=20)
    found = resampled_iou(arrays_of(matrices), weights)
    for row, times in zip(found, weights, strict=True):
        pooled = torch.from_numpy((times[:, None, None] * matrices).sum(0))
        assert row == pytest.approx(per_class(pooled)["iou"].numpy(), abs=1e-12, nan_ok=True)


def test_images_that_are_all_ignored_score_nothing():
    empty = {name: np.zeros((3, 2), dtype=np.int64) for name in ("tp", "fp", "fn")}
    for metric in FROM_COUNTS:
        assert np.isnan(resampled(metric, empty, draws(3, resamples=4))).all()


def test_average_precision_is_of_the_images_drawn():
    rng = np.random.default_rng(1)
    N, D = 6, 40
    arrays = {
        "kind": np.array("mask"),
        "image_id": np.array([str(i) for i in range(N)]),
        "classes": np.array(["a", "b"]),
        "truths": rng.integers(0, 5, (N, 2)),
        "det_image": np.sort(rng.integers(0, N, D)),
        "det_class": rng.integers(0, 2, D),
        "det_score": rng.random(D),
        "det_matched": rng.random((D, 10)) < 0.5,
        "det_ignored": np.zeros((D, 10), dtype=bool),
    }
    weights = draws(N, resamples=5)
    found = resampled("mask_ap50", arrays, weights)
    for value, times in zip(found, weights, strict=True):
        expected = np.nanmean(average_precision(arrays, np.repeat(np.arange(N), times))["ap50"])
        assert value == pytest.approx(expected)
    assert can_resample("mask_ap", arrays) and not can_resample("box_ap", arrays)


def test_panoptic_quality_is_of_the_images_drawn():
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 4, (3, 6, 3))
    counts[:, :, 2] = 0  # a class that never occurs
    arrays = dict(zip(("pq_tp", "pq_fp", "pq_fn"), counts, strict=True))
    arrays["pq_iou"] = arrays["pq_tp"] * 0.75
    weights = draws(6, resamples=8)
    for value, times in zip(resampled("pq", arrays, weights), weights, strict=True):
        tp, fp, fn = (np.repeat(arrays[name], times, axis=0).sum(0)[:2] for name in ("pq_tp", "pq_fp", "pq_fn"))
        assert value == pytest.approx((0.75 * tp / (tp + fp / 2 + fn / 2)).mean())
    assert can_resample("rq", arrays) and not can_resample("pq", {"tp": counts[0]})


def test_scores_of_categories_and_weighted_objects_are_of_the_images_drawn():
    rng = np.random.default_rng(3)
    N, C, K, T = 6, 4, 3, 2
    arrays = {
        "image_id": np.arange(N).astype(str),
        "classes": np.array(list("abcd")),
        **{name: rng.integers(0, 9, (N, C)) for name in ("tp", "fp", "fn")},
        "categories": np.array(["flat", "vehicle", "nature"]),
        "class_category": np.array([0, 1, 1, 2]),
        **{name: rng.integers(0, 9, (N, K)) for name in ("category_tp", "category_fp", "category_fn")},
        "weighted_classes": np.array([1, 2]),
        "weighted": rng.random((N, T, 4)),
    }
    weights = draws(N, resamples=5)
    found = {name: resampled(name, arrays, weights) for name in FROM_CATEGORIES}
    for row, times in enumerate(weights):
        summed = {name: np.repeat(array, times, axis=0).sum(0) for name, array in arrays.items() if array.ndim > 1}
        tp, fp, fn = (summed[f"category_{name}"] for name in ("tp", "fp", "fn"))
        assert found["category_iou"][row] == pytest.approx((tp / (tp + fp + fn)).mean())
        right, wrong, near, far = summed["weighted"].T
        assert found["iiou"][row] == pytest.approx((right / (right + wrong + summed["fp"][1:3])).mean())
        assert found["category_iiou"][row] == pytest.approx(near.sum() / (near.sum() + far.sum() + fp[1]))
    unknown = arrays | {"weighted_classes": np.zeros(0, dtype=int), "weighted": np.zeros((N, 0, 4))}
    assert [can_resample(name, unknown) for name in FROM_CATEGORIES] == [True, False, False]
    assert not can_resample("category_iou", {"tp": arrays["tp"]}) and not can_resample("cityscapes_ap", arrays)


def test_draws_add_up_and_are_the_same_each_time():
    weights = draws(30, resamples=200, seed=4)
    assert weights.shape == (200, 30) and (weights.sum(1) == 30).all()
    assert np.array_equal(weights, draws(30, resamples=200, seed=4))
    assert not np.array_equal(weights, draws(30, resamples=200, seed=5))
    # each image counts once on average, with the variance of a multinomial
    assert weights.mean(0) == pytest.approx(np.ones(30), abs=0.3)
    assert weights.var() == pytest.approx(1 - 1 / 30, rel=0.1)


def test_what_single_images_do_not_hold_is_refused():
    with pytest.raises(ValueError, match="boundary_f1"):
        resampled("boundary_f1", arrays_of(np.ones((2, 2, 2), dtype=np.int64)), draws(2, resamples=3))
