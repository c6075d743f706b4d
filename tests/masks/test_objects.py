"""What an annotation leaves out follows from the masks."""

import numpy as np
import pytest

from segladder.masks import encode, objects_of


def masks():
    maps = np.zeros((2, 6, 7), dtype=bool)
    maps[0, 1:3, 2:6] = True
    maps[1, 5, 0] = True
    return encode(maps)


def test_boxes_areas_and_ids_follow_from_the_masks():
    objects = objects_of(masks(), [1, 2], size=(6, 7))
    assert objects.boxes.tolist() == [[2, 1, 6, 3], [0, 5, 1, 6]]
    assert objects.areas.tolist() == [8, 1] and objects.ids.tolist() == [1, 2]
    assert objects.labels.tolist() == [1, 2] and not objects.iscrowd.any()
    assert objects.size == (6, 7)


def test_what_is_given_stays():
    objects = objects_of(
        masks(), [0, 0], size=(6, 7), boxes=[[0, 0, 1, 1.5]] * 2, iscrowd=[0, 1], areas=[7.5, 1], ids=[90, 4]
    )
    assert objects.boxes[0].tolist() == [0, 0, 1, 1.5] and objects.areas.tolist() == [7.5, 1]
    assert objects.iscrowd.tolist() == [False, True] and objects.ids.tolist() == [90, 4]


def test_an_image_without_objects_has_empty_parts():
    objects = objects_of([], [], size=(6, 7))
    assert len(objects) == 0 and objects.boxes.shape == (0, 4) and objects.labels.dtype == np.int64


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="A mask of 6x7 in an image of 7x6"):
        objects_of(masks(), [1, 1], size=(7, 6))
