"""Pictures at a size for people."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.viz.fit import fitted


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 64), (192, 192)),
        ((200, 10), (200, 10)),
        ((640, 480), (320, 240)),
        ((1, 9000), (1, 320)),
        ((1, 1), (192, 192)),
    ],
)
def test_small_ones_grow_by_a_whole_number_and_large_ones_shrink(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    picture = fitted(np.zeros((*size, 3), np.uint8), small=192, large=320)
    assert (picture.height, picture.width) == expected


def test_enlarged_pixels_stay_hard_and_reduced_ones_are_averaged() -> None:
    line = np.array([[[0] * 3, [200] * 3]], np.uint8)
    assert np.asarray(fitted(line, small=4, large=9))[0, :, 0].tolist() == [0, 0, 200, 200]
    assert np.asarray(fitted(line, small=1, large=1))[0, :, 0].tolist() == [100]
