"""Colours of a panoptic PNG are the numbers that COCO means by them."""

import numpy as np
import pytest

from segladder.data.panoptic.colors import MOST, ids_of_rgb, numbers_like, rgb_of_ids


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


def test_numbers_are_the_wanted_colours_and_shades_of_them_where_they_are_taken():
    red, black, white = (255, 0, 0), (0, 0, 0), (255, 255, 255)
    numbers = numbers_like([red, black, white, red, red, (1, 2, 3)])
    assert numbers[[0, 2, 5]].tolist() == [255, 2**24 - 1, 1 + 2 * 256 + 3 * 65536]
    assert numbers[1] == 7 + 7 * 256 + 7 * 65536, "black is no segment"
    assert len(set(numbers.tolist())) == 6 and numbers.min() > 0
    many = numbers_like([white] * 3000 + [red] * 3000)
    assert len(set(many.tolist())) == 6000 and many.min() > 0 and many.max() < 2**24
