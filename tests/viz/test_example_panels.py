"""The panels of kept pictures: classes over the image, errors in the colours of their kinds, objects by their fate."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.types import DatasetInfo
from segladder.viz import ERROR_COLORS, GridRow
from segladder.viz.example_panels import class_panels, input_panel, object_panels
from segladder.viz.examples import NONE, examples_of, small_example
from segladder.viz.instance_grid import FALSE_ALARM, MISSED

from .objects import INFO
from .test_examples import instance_row

GREY = np.full((8, 8, 3), 100, dtype=np.uint8)
STREET = DatasetInfo(name="street", classes=("road", "sky"), palette=((0, 0, 0), (0, 0, 255)), things=(False, False))


def panels(pred, truth, info=INFO, *, other=None):
    example = small_example(GridRow(image=GREY, pred=pred, truth=truth), info, worst=True)
    return class_panels(example, examples_of([example], info), truth=other)


def has(picture, color):
    return bool((picture == color).all(-1).any())


def at(picture, row, column):
    """The middle of a pixel of the 8x8 image in its enlarged panel."""
    scale = picture.shape[0] // 8
    return picture[row * scale + scale // 2, column * scale + scale // 2].tolist()


def test_a_small_image_is_enlarged_by_whole_pixels():
    example = small_example(GridRow(image=GREY, pred=np.zeros((8, 8), int), truth=np.zeros((8, 8), int)), INFO,
                            worst=True)  # fmt: skip
    assert input_panel(example).shape == (256, 256, 3)


def test_classes_tint_the_image_and_the_background_leaves_it():
    labels = np.zeros((8, 8), dtype=int)
    labels[:, 4:] = 1
    truth, pred = panels(labels, labels)
    assert at(truth, 3, 1) == [100, 100, 100] and at(truth, 3, 6) != [100, 100, 100]
    np.testing.assert_array_equal(truth, pred)


@pytest.mark.parametrize(
    ("true", "said", "kind"),
    [(0, 1, "false positive"), (1, 0, "false negative"), (1, 2, "wrong class"), (1, 255, "false negative")],
)
def test_errors_are_outlined_in_the_colour_of_their_kind(true, said, kind):
    truth, pred = np.full((8, 8), true), np.full((8, 8), true)
    pred[2:5, 2:5] = said
    picture = panels(pred, truth)[1]
    assert has(picture, ERROR_COLORS[kind])
    assert not any(has(picture, color) for name, color in ERROR_COLORS.items() if name != kind)


def test_without_a_background_every_error_is_a_wrong_class():
    truth, pred = np.zeros((8, 8), int), np.zeros((8, 8), int)
    pred[2:5, 2:5] = 1
    picture = panels(pred, truth, STREET)[1]
    assert has(picture, ERROR_COLORS["wrong class"]) and not has(picture, ERROR_COLORS["false positive"])


def test_what_is_ignored_is_no_error():
    truth, pred = np.full((8, 8), 255), np.ones((8, 8), int)
    picture = panels(pred, truth)[1]
    assert not any(has(picture, color) for color in ERROR_COLORS.values())


def test_another_truth_can_be_compared_with():
    labels = np.ones((8, 8), int)
    other = np.full((8, 8), NONE, dtype=np.uint16)
    other[0] = 2
    truth, pred = panels(labels, labels, other=other)
    assert at(truth, 5, 5) == [100, 100, 100] and has(pred, ERROR_COLORS["wrong class"])


@pytest.mark.parametrize("boxes_alone", [False, True])
def test_objects_are_shown_by_what_became_of_them(boxes_alone):
    example = small_example(instance_row(boxes_alone=boxes_alone), INFO, worst=True)
    truth, pred = object_panels(example)
    assert not has(truth, MISSED)
    # the second true object lies at the top right, the false alarm at the bottom right
    half = pred.shape[0] // 2
    assert has(pred[:half, half:], MISSED) and not has(pred[half:], MISSED)
    assert has(pred[half:, half:], FALSE_ALARM) and not has(pred[:half], FALSE_ALARM)


def test_class_maps_have_no_objects_to_show():
    example = small_example(GridRow(image=GREY, pred=np.zeros((8, 8), int), truth=np.zeros((8, 8), int),
                                    image_id="x"), INFO, worst=True)  # fmt: skip
    with pytest.raises(ValueError, match="'x' was kept without objects"):
        object_panels(example)
