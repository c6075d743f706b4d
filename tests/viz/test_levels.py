import numpy as np
import pytest
from PIL import Image

from segladder.types import UserError
from segladder.viz.levels import plot_levels

RANGES = {2: (0.0, 112.0), 3: (112.0, 224.0), 4: (224.0, 448.0), 5: (448.0, np.inf)}
GREEN, ORANGE, RED = (0, 158, 115), (230, 159, 0), (213, 94, 0)


def pixels(path, color):
    with Image.open(path) as picture:
        return (np.asarray(picture.convert("RGB")).astype(int) == color).all(-1)


def test_objects_stand_over_their_size_in_the_colour_of_their_fit(tmp_path):
    path = plot_levels(
        [30] * 9 + [300] * 9, [0.8] * 9 + [0.6] * 9, tmp_path / "a b/p.png", ranges=RANGES, anchor_sizes=[32]
    )
    green, orange = (np.nonzero(pixels(path, color)[:, :900]) for color in (GREEN, ORANGE))
    assert green[1].max() < orange[1].min() and green[0].min() == orange[0].min()


def test_the_part_without_an_anchor_stands_on_the_rest(tmp_path):
    path = plot_levels([50] * 4, [0.9, 0.9, 0.9, 0.1], tmp_path / "p.png", ranges=RANGES, anchor_sizes=[32, 64])
    green, red = (pixels(path, color)[:, :900].sum() for color in (GREEN, RED))
    assert green == pytest.approx(3 * red, rel=0.05)


def test_one_object_and_one_anchor_of_its_size_are_drawn(tmp_path):
    path = plot_levels([224.0], [1.0], tmp_path / "p.png", ranges=RANGES, anchor_sizes=[224])
    assert pixels(path, GREEN).any()


def test_nothing_to_draw_is_an_error(tmp_path):
    with pytest.raises(UserError, match="There are no objects to draw"):
        plot_levels([], [], tmp_path / "p.png", ranges=RANGES, anchor_sizes=[32])
