"""Counts of a class map, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segladder.viz import class_iou, class_statistics

MAPS = hnp.arrays(np.int64, (6, 5), elements=st.integers(0, 3))


def test_pixels_and_shares_leave_ignored_pixels_out() -> None:
    found = class_statistics([[0, 0, 255], [0, 2, 255]], 3)
    assert [(c.pixels, c.share, c.present) for c in found] == [(3, 0.75, True), (0, 0.0, False), (1, 0.25, True)]


def test_all_ignored_is_nothing_of_anything() -> None:
    assert [(c.pixels, c.share) for c in class_statistics(np.full((2, 2), 255), 2)] == [(0, 0.0)] * 2
    assert np.isnan(class_iou(np.zeros((2, 2), int), np.full((2, 2), 255), 2)).all()


@given(pred=MAPS, true=MAPS, ignored=hnp.arrays(np.bool_, (6, 5)))
def test_iou_is_intersection_over_union_of_the_sets_of_known_pixels(
    pred: np.ndarray, true: np.ndarray, ignored: np.ndarray
) -> None:
    iou = class_iou(pred, np.where(ignored, 255, true), 4)
    for index in range(4):
        ours, theirs = ((m == index) & ~ignored for m in (pred, true))
        union = (ours | theirs).sum()
        if union:
            assert iou[index] == (ours & theirs).sum() / union
        else:
            assert np.isnan(iou[index])


def test_a_class_outside_the_range_is_named() -> None:
    with pytest.raises(ValueError, match="class 7; the classes are 0 to 2"):
        class_statistics([[7]], 3)
    with pytest.raises(ValueError, match=r"prediction is \(1, 1\) and the truth \(1, 2\)"):
        class_iou([[0]], [[0, 0]], 3)
