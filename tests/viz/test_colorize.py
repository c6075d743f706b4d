"""Class maps in colour, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segladder.viz import colorize

PALETTE = ((10, 20, 30), (40, 50, 60), (70, 80, 90))


def test_each_pixel_has_its_classs_colour_and_ignored_ones_the_ignore_colour() -> None:
    picture = colorize(np.array([[0, 1], [2, 255]]), PALETTE, ignore_color=(1, 2, 3))
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [1, 2, 3]]]


def test_ignored_is_white_unless_told() -> None:
    assert (colorize(np.full((3, 2), 255), PALETTE) == 255).all()


def test_ignore_index_wins_over_a_class_of_the_same_number() -> None:
    assert colorize(np.array([[1]]), PALETTE, ignore_index=1).tolist() == [[[255, 255, 255]]]


def test_sixteen_bit_ignore_index_works() -> None:
    labels = np.array([[300, 65535]], dtype=np.uint16)
    picture = colorize(labels, [(i % 256, 0, 0) for i in range(301)], ignore_index=65535)
    assert picture.tolist() == [[[44, 0, 0], [255, 255, 255]]]


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 2)))
def test_any_map_is_its_palette_looked_up(labels: np.ndarray) -> None:
    expected = [[list(PALETTE[value]) for value in row] for row in labels.tolist()]
    assert colorize(labels, PALETTE).tolist() == expected


@pytest.mark.parametrize("value", [3, -1])
def test_a_class_without_a_colour_is_named(value: int) -> None:
    with pytest.raises(ValueError, match=f"Class {value} has no colour: the palette has 3"):
        colorize(np.array([[0, value]]), PALETTE)


@pytest.mark.parametrize("labels", [np.zeros((1, 2, 2), dtype=int), np.zeros((2, 2))])
def test_what_is_no_class_map_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="A class map is"):
        colorize(labels, PALETTE)


def test_a_tensor_is_read_as_an_array() -> None:
    import torch

    assert colorize(torch.tensor([[1]]), PALETTE).tolist() == [[[40, 50, 60]]]
