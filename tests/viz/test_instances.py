"""Objects over their image, pixel by pixel."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segladder.types import Instances
from segladder.viz import instance_overlay
from segladder.viz.instance_colors import instance_color
from segladder.viz.instances import CROWD, draw_layer, object_map, outlines
from viz.objects import INFO, found_objects, rectangle, true_objects

GREY = np.full((1, 40, 40), 100, dtype=np.uint8)


def count(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((picture == color).all(-1).sum())


def test_an_object_is_tinted_outlined_and_its_surroundings_left_alone() -> None:
    picture = instance_overlay(GREY, true_objects([rectangle((40, 40), 5, 5, 15, 14)]), INFO)
    color = np.array(instance_color(0))
    assert picture.shape == (40, 40, 3) and picture.dtype == np.uint8
    assert (picture[5, 5:15] == color).all() and (picture[5:14, 14] == color).all()
    assert (picture[9, 9] == np.rint(0.6 * 100 + 0.4 * color)).all()
    assert (picture[15:] == 100).all() and (picture[:, 15:] == 100).all()


def test_only_what_is_sure_enough_is_shown() -> None:
    shapes = [rectangle((40, 40), 5, 5, 10, 10), rectangle((40, 40), 20, 20, 25, 25)]
    found = found_objects(shapes, [0.4, 0.6])
    shown = instance_overlay(GREY, found, INFO)
    assert (shown[5:10, 5:10] == 100).all() and not (shown[20:25, 20:25] == 100).all()
    assert not (instance_overlay(GREY, found, INFO, threshold=0.4)[5:10, 5:10] == 100).all()


def test_of_overlapping_objects_the_surer_and_of_true_ones_the_smaller_shows() -> None:
    large, small = rectangle((40, 40), 0, 0, 30, 30), rectangle((40, 40), 10, 10, 20, 20)
    assert object_map(true_objects([small, large]), (40, 40))[15, 15] == 1
    assert object_map(found_objects([small, large], [0.6, 0.9]), (40, 40))[15, 15] == 2


def test_crowds_lie_below_and_are_grey() -> None:
    crowd, one = rectangle((40, 40), 0, 0, 30, 6), rectangle((40, 40), 2, 0, 29, 5)
    objects = true_objects([one, crowd], iscrowd=[False, True])
    assert object_map(objects, (40, 40))[2, 10] == 1
    assert count(instance_overlay(GREY, objects, INFO), CROWD) > 0


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 60), st.integers(10, 60), st.data())
def test_every_object_keeps_a_pixel_however_the_picture_is_reduced(
    height: int, width: int, data: st.DataObject
) -> None:
    size = (40, 40)
    corners = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8, unique=True))
    shapes = [rectangle(size, 4 * x, 4 * y, 4 * x + 1, 4 * y + 1) for x, y in corners]
    drawn = object_map(true_objects(shapes), (height, width))
    assert set(np.unique(drawn)) - {0} == set(range(1, len(shapes) + 1))


def test_a_picture_twice_as_large_shows_each_pixel_as_four() -> None:
    objects = true_objects([rectangle((40, 40), 3, 4, 8, 20), rectangle((40, 40), 8, 0, 9, 1)])
    assert (object_map(objects, (80, 80)) == object_map(objects, (40, 40)).repeat(2, 0).repeat(2, 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_an_outline_is_what_erosion_takes_away(line: int, seed: int) -> None:
    ids = np.random.default_rng(seed).integers(0, 3, (5, 6)).repeat(4, 0).repeat(4, 1).astype(np.int32)
    edge = outlines(ids, line=line)
    for number in (1, 2):
        mask = ids == number
        inner = ndimage.binary_erosion(mask, iterations=1, border_value=1)
        if line == 1:
            assert (edge & mask == mask & ~inner).all()
        else:
            assert (edge & mask)[mask & ~inner].all()
    assert not edge[ids == 0].any()


def test_a_layer_without_objects_is_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (5, 7, 3)).astype(np.uint8)
    assert (draw_layer(picture, np.zeros((5, 7), np.int32), []) == picture).all()


def test_boxes_alone_are_drawn_as_frames() -> None:
    found = found_objects([rectangle((40, 40), 5, 6, 12, 20)], boxes_alone=True)
    picture = instance_overlay(GREY, found, INFO)
    color = instance_color(0)
    assert (picture[6, 5:12] == color).all() and (picture[19, 5:12] == color).all()
    assert (picture[8:18, 7:10] == 100).all()


def test_names_and_scores_are_written_where_there_is_room_and_not_in_a_throng() -> None:
    size, image = (300, 300), np.full((3, 300, 300), 100, np.uint8)
    one = found_objects([rectangle(size, 50, 50, 200, 200)], size=size)
    plate = instance_overlay(image, one, INFO)[50 - 13 : 50, 50:90]
    assert count(plate, instance_color(0)) > 200 and (plate.max(axis=-1) < 60).any()
    many = found_objects(
        [rectangle(size, x, y, x + 25, y + 25) for x in range(0, 300, 30) for y in range(0, 300, 30)], size=size
    )
    assert instance_overlay(image, many, INFO).max(axis=-1).min() == 100


def test_large_images_are_reduced_with_their_objects() -> None:
    size = (100, 400)
    objects = true_objects([rectangle(size, 0, 0, 200, 100), rectangle(size, 301, 51, 302, 52)], size=size)
    picture = instance_overlay(np.zeros((3, *size), np.uint8), objects, INFO, longest=100)
    assert picture.shape == (25, 100, 3)
    assert (picture[:, :50].sum(-1) > 0).all() and picture[12, 75].sum() > 0


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_no_objects_leave_the_image_as_it_is(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 255, (channels, 9, 7)).astype(np.uint8)
    for nothing in (true_objects([], size=(9, 7)), found_objects([], size=(9, 7))):
        picture = instance_overlay(image, nothing, INFO)
        assert (picture[..., 0] == image[0]).all()


def test_objects_of_another_image_are_refused() -> None:
    with pytest.raises(ValueError, match=r"The image is \(40, 40\) and its objects are of \(9, 7\)"):
        instance_overlay(GREY, true_objects([], size=(9, 7)), INFO)


def test_375_objects_are_drawn_in_a_fraction_of_a_second() -> None:
    size = (520, 696)
    shapes = [rectangle(size, x, y, x + 18, y + 17) for x in range(0, 690, 28) for y in range(0, 510, 34)]
    found: Instances = found_objects(shapes, size=size)
    assert len(found) == 375
    began = time.perf_counter()
    instance_overlay(np.zeros((3, *size), np.uint8), found, INFO)
    assert time.perf_counter() - began < 1
