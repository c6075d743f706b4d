"""Rows of a picture grid made small: what is kept of classes and of objects."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.types import DatasetInfo
from segladder.viz import GridRow, InstanceRow
from segladder.viz.examples import CROWD, HIT, LONGEST, NONE, WRONG, class_maps, small_example

from .objects import INFO, found_objects, rectangle, true_objects

STREET = DatasetInfo(
    name="street", classes=("road", "sky"), palette=((9, 9, 9), (0, 0, 255)), things=(False, False), ignore_index=11
)


def test_a_small_image_is_kept_pixel_by_pixel():
    image = np.random.default_rng(0).integers(0, 256, (3, 6, 8), dtype=np.uint8)
    truth, pred = np.tile([0, 1], (6, 4)), np.zeros((6, 8), dtype=np.int64)
    found = small_example(GridRow(image=image, pred=pred, truth=truth, image_id="a"), STREET, worst=True)
    np.testing.assert_array_equal(found.image, np.moveaxis(image, 0, -1))
    np.testing.assert_array_equal(found.truth, truth)
    np.testing.assert_array_equal(found.pred, pred)
    assert found.image_id == "a" and found.worst


def test_one_channel_of_floats_is_kept_as_grey():
    image = np.array([[[0.0, 0.5], [1.0, 1.5]]], dtype=np.float32)
    zeros = np.zeros((2, 2), dtype=np.int64)
    found = small_example(GridRow(image=image, pred=zeros, truth=zeros), STREET, worst=False)
    assert found.image.dtype == np.uint8 and found.image[..., 0].tolist() == [[0, 128], [255, 255]]
    assert (found.image == found.image[..., :1]).all()


def test_a_large_image_is_reduced_and_its_maps_by_their_nearest_pixels():
    truth = np.zeros((1000, 2000), dtype=np.int64)
    truth[:, 1000:] = 1
    image = np.zeros((1000, 2000, 3), dtype=np.uint8)
    found = small_example(GridRow(image=image, pred=1 - truth, truth=truth), STREET, worst=True)
    assert found.image.shape == (LONGEST // 2, LONGEST, 3)
    assert (found.truth[:, :160] == 0).all() and (found.truth[:, 160:] == 1).all()
    assert set(np.unique(found.pred)) == {0, 1}


def test_ignored_pixels_are_of_no_class_whatever_the_data_call_them():
    truth = np.array([[11, 0]])
    row = GridRow(image=np.zeros((1, 2, 3), dtype=np.uint8), pred=np.array([[1, 11]]), truth=truth)
    found = small_example(row, STREET, worst=True)
    assert found.truth.tolist() == [[NONE, 0]] and found.pred.tolist() == [[1, NONE]]


def test_a_row_without_truth_cannot_be_kept():
    row = GridRow(image=np.zeros((1, 2, 3), dtype=np.uint8), pred=np.zeros((1, 2), dtype=int), image_id="x")
    with pytest.raises(ValueError, match="'x' has no truth"):
        small_example(row, STREET, worst=True)


def instance_row(**settings):
    size = (40, 40)
    truth = true_objects(
        [rectangle(size, 0, 0, 10, 10), rectangle(size, 20, 0, 30, 10), rectangle(size, 0, 20, 20, 40)],
        [1, 2, 1],
        [False, False, True],
    )
    found = found_objects(
        [
            rectangle(size, 0, 0, 10, 9),
            rectangle(size, 30, 30, 40, 40),
            rectangle(size, 2, 22, 10, 30),
            rectangle(size, 20, 0, 30, 10),
        ],
        [0.9, 0.8, 0.7, 0.4],
        [1, 2, 1, 2],
        **settings,
    )
    return InstanceRow(image=np.zeros((40, 40, 3), dtype=np.uint8), found=found, truth=truth, image_id="cells")


def test_objects_are_kept_with_what_became_of_them():
    found = small_example(instance_row(), INFO, worst=True)
    assert found.true_objects.states.tolist() == [HIT, WRONG, CROWD]
    # the fourth is not sure enough to be kept
    assert found.found_objects.states.tolist() == [HIT, WRONG, CROWD]
    assert found.true_objects.labels.tolist() == [1, 2, 1]
    assert found.truth[5, 5] == 1 and found.truth[5, 25] == 2 and found.truth[30, 10] == 3 and found.truth[39, 39] == 0
    assert found.pred[35, 35] == 2
    np.testing.assert_allclose(found.true_objects.boxes[1], [20, 0, 30, 10])


def test_objects_can_be_read_as_classes():
    example = small_example(instance_row(), INFO, worst=True)
    truth, pred = class_maps(example, background=0)
    assert truth[5, 25] == 2 and truth[39, 39] == 0 and pred[35, 35] == 2
    assert class_maps(example, background=None)[0][39, 39] == NONE


def test_of_boxes_alone_the_boxes_are_kept():
    found = small_example(instance_row(boxes_alone=True), INFO, worst=True)
    assert not found.pred.any() and found.found_objects.boxes.tolist()[0] == [0, 0, 10, 9]
