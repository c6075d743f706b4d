"""Runs of maps say what the pixels say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.masks import pixels_of_ids, segments_of
from segladder.masks.segments import joint_runs


@given(st.integers(0, 10_000), st.integers(0, 9), st.integers(1, 9), st.sampled_from([np.int32, np.uint16, np.int64]))
def test_pixels_are_counted_as_numpy_counts_them(seed, height, width, dtype):
    id_map = (
        np.random.default_rng(seed).choice([0, 1, 7, 60_000], (height, width), p=[0.4, 0.4, 0.1, 0.1]).astype(dtype)
    )
    ids, pixels = pixels_of_ids(id_map)
    expected = np.unique(id_map, return_counts=True)
    np.testing.assert_array_equal(ids, expected[0])
    np.testing.assert_array_equal(pixels, expected[1])


def test_runs_end_where_any_map_changes_and_are_not_cut_at_rows():
    one, two = np.array([[1, 1, 2], [2, 2, 2]]), np.array([[5, 5, 5], [5, 6, 6]])
    starts, lengths = joint_runs(one, two)
    assert starts.tolist() == [0, 2, 4] and lengths.tolist() == [2, 2, 2]
    turned = np.asfortranarray(one)
    assert joint_runs(turned)[1].tolist() == [2, 4]
    with pytest.raises(ValueError, match="no pixels in common"):
        joint_runs(one, two.T)


def test_segments_know_their_pixels():
    id_map = np.array([[0, 4, 4], [9, 9, 9]])
    segments = segments_of(id_map, [9, 4, 5], [1, 0, 0], iscrowd=[0, 1, 0])
    assert segments.areas.tolist() == [3, 2, 0] and segments.iscrowd.tolist() == [False, True, False]
    assert segments.size == (2, 3) and len(segments) == 3
    with pytest.raises(ValueError, match="lengths"):
        segments_of(id_map, [9, 4], [1])
    with pytest.raises(ValueError, match="one image"):
        segments_of(id_map[None], [9], [1])
