"""Colours of a panoptic PNG are the numbers that COCO means by them."""

import numpy as np
import pytest

from segladder.data.panoptic.colors import MOST, ids_of_rgb, rgb_of_ids


def test_colours_become_numbers_as_coco_writes_them():
    rgb = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [7, 2, 3], [255, 255, 255]]], dtype=np.uint8)
    ids = ids_of_rgb(rgb)
    assert ids.tolist() == [[0, 1, 256, 65_536, 7 + 256 * 2 + 65_536 * 3, MOST]] and ids.dtype == np.int32
    np.testing.assert_array_equal(rgb_of_ids(ids), rgb)


def test_any_number_comes_back():
    ids = np.random.default_rng(0).integers(0, MOST + 1, (31, 17))
    rgb = rgb_of_ids(ids)
    np.testing.assert_array_equal(ids_of_rgb(rgb), ids)
    np.testing.assert_array_equal(ids_of_rgb(rgb[::-2, ::3]), ids[::-2, ::3])
    np.testing.assert_array_equal(ids_of_rgb(rgb[:1, :1]), ids[:1, :1])
    assert ids_of_rgb(rgb[:0]).shape == (0, 17)


def test_what_is_no_such_map_is_refused():
    with pytest.raises(ValueError, match="8-bit colours"):
        ids_of_rgb(np.zeros((4, 4), dtype=np.uint8))
    with pytest.raises(ValueError, match="8-bit colours"):
        ids_of_rgb(np.zeros((4, 4, 3), dtype=np.int32))
    with pytest.raises(ValueError, match="16777216"):
        rgb_of_ids(np.array([[MOST + 1]]))
    with pytest.raises(ValueError, match="-1"):
        rgb_of_ids(np.array([[-1]]))
