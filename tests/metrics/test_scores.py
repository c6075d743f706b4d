"""Scores equal scikit-learn's on the flattened pixels, and keep the laws between them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from segladder.metrics.scores import per_class, scores

matrices = st.integers(2, 5).flatmap(
    lambda size: st.lists(st.integers(0, 50), min_size=size**2, max_size=size**2).map(
        lambda flat: torch.tensor(flat).view(size, size)
    )
)


@settings(max_examples=40, deadline=None)
@given(matrix=matrices.filter(lambda m: m.sum() > 0))
def test_scores_equal_scikit_learns(matrix):
    C = len(matrix)
    true = np.repeat(np.repeat(np.arange(C), C), matrix.flatten())
    pred = np.repeat(np.tile(np.arange(C), C), matrix.flatten())
    present = [c for c in range(C) if matrix[c].sum() + matrix[:, c].sum() > 0]
    occurring = [c for c in range(C) if matrix[c].sum() > 0]
    got = scores(matrix)
    assert got["miou"] == pytest.approx(sk.jaccard_score(true, pred, labels=present, average="macro"))
    assert got["dice"] == pytest.approx(sk.f1_score(true, pred, labels=present, average="macro", zero_division=0))
    assert got["pixel_accuracy"] == pytest.approx(sk.accuracy_score(true, pred))
    assert got["mean_accuracy"] == pytest.approx(sk.recall_score(true, pred, labels=occurring, average="macro"))
    assert got["fw_iou"] == pytest.approx(
        sk.jaccard_score(true, pred, labels=present, average="weighted", zero_division=0)
    )


@settings(max_examples=40, deadline=None)
@given(matrix=matrices)
def test_dice_is_two_iou_over_one_plus_iou(matrix):
    values = per_class(matrix)
    torch.testing.assert_close(values["dice"], 2 * values["iou"] / (1 + values["iou"]), equal_nan=True)


def test_absent_class_is_left_out_of_the_mean():
    matrix = torch.tensor([[6, 2, 0], [0, 2, 0], [0, 0, 0]])
    iou = per_class(matrix)["iou"]
    assert math.isnan(iou[2])
    assert scores(matrix)["miou"] == pytest.approx((6 / 8 + 2 / 4) / 2)


def test_a_class_only_predicted_counts_as_zero_in_iou_and_not_in_accuracy():
    matrix = torch.tensor([[6, 2], [0, 0]])
    got = scores(matrix)
    assert got["miou"] == pytest.approx(6 / 8 / 2)
    assert got["mean_accuracy"] == pytest.approx(6 / 8)


def test_nothing_counted_is_nan_everywhere():
    assert all(math.isnan(v) for v in scores(torch.zeros(3, 3, dtype=torch.int64)).values())


def test_names_and_order_are_those_of_the_record():
    matrix = torch.eye(2, dtype=torch.int64)
    assert list(scores(matrix)) == ["miou", "dice", "pixel_accuracy", "mean_accuracy", "fw_iou"]
    assert list(per_class(matrix)) == ["iou", "dice", "accuracy", "precision", "support", "predicted", "share"]


def test_counts_beyond_float32_are_not_rounded():
    matrix = torch.tensor([[2**40 + 1, 0], [1, 1]])
    assert per_class(matrix)["support"].tolist() == [2**40 + 1, 2]
