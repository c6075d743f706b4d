"""Lines between classes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segladder.viz import boundaries, draw_boundaries


@given(
    hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.sampled_from([0, 1, 255]))
)
def test_a_pixel_is_boundary_where_a_known_neighbour_differs(labels: np.ndarray) -> None:
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            around = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
            near = [labels[p] for p in around if 0 <= p[0] < height and 0 <= p[1] < width]
            expected = labels[y, x] != 255 and any(n not in (255, labels[y, x]) for n in near)
            assert boundaries(labels)[y, x] == expected


def test_lines_are_drawn_on_the_image() -> None:
    picture = draw_boundaries(np.zeros((2, 3), np.uint8), [[0, 0, 1], [0, 0, 1]], color=(9, 8, 7))
    assert picture.tolist() == [[[0, 0, 0], [9, 8, 7], [9, 8, 7]]] * 2
