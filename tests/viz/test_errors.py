"""Errors in colour, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.viz import ERROR_COLORS, error_map
from segladder.viz.errors import CORRECT, CORRECT_OBJECT

PRED = np.array([[0, 1, 1, 0, 2, 1]])
TRUE = np.array([[0, 1, 0, 1, 1, 255]])


def test_with_a_background_each_kind_of_error_has_its_colour() -> None:
    kinds = ["false positive", "false negative", "wrong class", "ignored"]
    expected = [CORRECT, CORRECT_OBJECT, *(ERROR_COLORS[kind] for kind in kinds)]
    assert [tuple(p) for p in error_map(PRED, TRUE, background=0)[0].tolist()] == expected


def test_without_a_background_every_error_is_a_wrong_class() -> None:
    wrong = ERROR_COLORS["wrong class"]
    expected = [CORRECT, CORRECT, wrong, wrong, wrong, ERROR_COLORS["ignored"]]
    assert [tuple(p) for p in error_map(PRED, TRUE)[0].tolist()] == expected


def test_correct_pixels_show_the_image_dimmed() -> None:
    image = np.full((3, 1, 6), 200, dtype=np.uint8)
    assert error_map(PRED, TRUE, image=image)[0, :2].tolist() == [[70, 70, 70]] * 2


def test_all_ignored_is_one_colour() -> None:
    picture = error_map(np.zeros((4, 5), int), np.full((4, 5), 255), background=0)
    assert (picture == ERROR_COLORS["ignored"]).all()


def test_another_ignore_index_is_honoured() -> None:
    assert tuple(error_map([[0]], [[11]], ignore_index=11)[0, 0]) == ERROR_COLORS["ignored"]


def test_maps_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"The prediction is \(1, 2\) and the truth \(2, 1\)"):
        error_map([[0, 0]], [[0], [0]])
    with pytest.raises(ValueError, match=r"The image is \(3, 3\) and the truth \(1, 1\)"):
        error_map([[0]], [[0]], image=np.zeros((3, 3)))
