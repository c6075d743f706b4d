"""Masks come back as pixels, and the last one painted is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as reference

from drawn_masks import drawn
from segladder.masks import boxes, decode, encode, paint, paint_found
from segladder.types import Instances


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 30), width=st.integers(1, 30))
def test_later_masks_lie_over_earlier_ones(seed, height, width):
    masks = drawn(np.random.default_rng(seed), 6, height, width)
    expected = np.full((height, width), 9)
    for value, mask in enumerate(masks):
        expected[mask] = value
    got = paint(encode(masks), range(6), (height, width), fill=9)
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == np.int32 and got.flags.c_contiguous


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pixels_are_those_that_pycocotools_decodes():
    for rle in encode(drawn(np.random.default_rng(5), 50, 33, 21)):
        np.testing.assert_array_equal(decode(rle), reference.decode(rle))


def test_no_mask_leaves_the_fill():
    assert (paint([], [], (3, 4), fill=255) == 255).all()


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="4x5 cannot be painted on 5x4"):
        paint(encode(np.ones((1, 4, 5), dtype=bool)), [1], (5, 4), fill=0)


def test_found_objects_are_painted_by_score():
    maps = np.zeros((4, 1, 6), dtype=bool)
    for index, columns in enumerate([(0, 4), (1, 3), (2, 5), (4, 6)]):
        maps[index, 0, slice(*columns)] = True
    masks, scores = encode(maps), np.array([0.7, 0.9, 0.8, 0.3])
    labels = np.array([1, 2, 3, 1])
    found = Instances(masks=masks, boxes=boxes(masks), labels=labels, scores=scores, size=(1, 6))
    assert paint_found(found, score=0.5, fill=9).tolist() == [[1, 2, 2, 3, 3, 9]]
    assert paint_found(found, score=0.0, fill=9).tolist() == [[1, 2, 2, 3, 3, 1]]
    found.masks = None
    with pytest.raises(ValueError, match="Boxes alone cannot be painted"):
        paint_found(found, score=0.5, fill=9)
