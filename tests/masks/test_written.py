"""Masks of annotation files: read as pycocotools reads them, and refused in a sentence where they are wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as reference

from drawn_masks import drawn
from segladder.masks import areas, encode, from_compressed, from_polygons, from_uncompressed
from segladder.types import UserError


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 3))
def test_polygons_are_rasterised_as_in_pycocotools(seed, count):
    rng = np.random.default_rng(seed)
    polygons = [(rng.random(2 * rng.integers(3, 9)) * 40 - 5).round(2).tolist() for _ in range(count)]
    expected = reference.merge(reference.frPyObjects(polygons, 24, 31))
    assert from_polygons(polygons, (24, 31)) == {"size": [24, 31], "counts": expected["counts"]}


def test_whole_numbers_are_coordinates_too():
    assert areas([from_polygons([[1, 1, 5, 1, 5, 4, 1, 4]], (8, 9))]).tolist() == [12]


@pytest.mark.parametrize(
    ("polygons", "message"),
    [
        ([], "There is no polygon"),
        ([[1, 1, 2, 2]], "has 4 values"),
        ([[1, 1, 2, 2, 3, 3, 4]], "has 7 values"),
        ([[1, 1, 2, 2, 3, float("nan")]], "coordinate nan, but the image is 8x9"),
        ([[1, 1, 2, 2, 3, 1e9]], r"coordinate 1e\+09"),
        ([[1, 1, 2, 2, 3, "4"]], "holds '4', which is no number"),
    ],
)
def test_what_is_no_polygon_is_told(polygons, message):
    with pytest.raises(UserError, match=message):
        from_polygons(polygons, (8, 9))


def test_lists_and_strings_of_run_lengths_give_the_mask_they_are_of():
    for rle, mask in ((encode(m[None])[0], m) for m in drawn(np.random.default_rng(3), 60, 14, 9)):
        flat = np.concatenate([[False], mask.T.ravel()])
        bounds = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]), [mask.size]])
        assert from_uncompressed(np.diff(bounds).tolist(), (14, 9)) == rle
        assert from_compressed(rle["counts"], (14, 9)) == rle
        assert from_compressed(rle["counts"].decode(), (14, 9)) == rle


def test_long_lengths_are_read():
    for mask in (np.ones((3000, 2000), dtype=bool), np.eye(900, dtype=bool)):
        [rle] = encode(mask[None])
        assert from_compressed(rle["counts"], mask.shape) == rle


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 4], "of a mask of 7 pixels, but their size is 4x5 "),
        ([25], "25 pixels, but their size is 4x5 "),
        ([], "0 pixels, but"),
        ([-1, 21], "A run length is -1"),
        ([1.5, 18.5], "A run length is 1.5"),
        (["20"], "A run length is '20'"),
    ],
)
def test_lists_of_another_mask_are_told(counts, message):
    with pytest.raises(UserError, match=message):
        from_uncompressed(counts, (4, 5))


@pytest.mark.parametrize(
    ("string", "message"),
    [
        ("", "cannot be read"),
        ("P", "breaks off"),
        ("34é", "no string of run lengths"),
        ("3 4", "no string of run lengths"),
        ("34", "of a mask of 7 pixels"),
        ("O", "A run length is -1"),
        ("o" * 30 + "1", "beyond all pixels"),
    ],
)
def test_strings_of_another_mask_are_told(string, message):
    with pytest.raises(UserError, match=message):
        from_compressed(string, (4, 5))
