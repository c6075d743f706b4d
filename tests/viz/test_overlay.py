"""Classes over their image, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.viz import overlay

PALETTE = ((0, 0, 0), (200, 100, 51))


def test_colours_are_mixed_by_alpha_and_ignored_pixels_left_alone() -> None:
    image = np.full((1, 3, 3), 100, dtype=np.uint8)
    mixed = overlay(image, np.array([[0, 1, 255]]), PALETTE, alpha=0.25)
    assert mixed.tolist() == [[[75, 75, 75], [125, 100, 88], [100, 100, 100]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_alpha_0_is_the_image_and_alpha_1_the_colours(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 6, 7), dtype=np.uint8)
    labels = np.ones((6, 7), dtype=int)
    rgb = np.moveaxis(np.repeat(image, 3, 0) if channels == 1 else image[:3], 0, -1)
    assert np.array_equal(overlay(image, labels, PALETTE, alpha=0), rgb)
    assert (overlay(image, labels, PALETTE, alpha=1) == PALETTE[1]).all()


def test_one_pixel_works() -> None:
    assert overlay(np.zeros((1, 1), np.uint8), np.array([[1]]), PALETTE).tolist() == [[[100, 50, 26]]]


def test_another_size_and_alpha_are_refused() -> None:
    with pytest.raises(ValueError, match=r"The image is \(2, 2\) and its class map \(3, 2\)"):
        overlay(np.zeros((2, 2)), np.zeros((3, 2), int), PALETTE)
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        overlay(np.zeros((2, 2)), np.zeros((2, 2), int), PALETTE, alpha=1.5)
