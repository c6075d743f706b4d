"""Colours of objects: neighbours never share one."""

from __future__ import annotations

import colorsys
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segladder.masks import from_id_map, objects_of
from segladder.types import Rle
from segladder.viz.instance_colors import CYCLE, color_numbers, instance_color
from segladder.viz.instances import numbers_of, object_map


def boxes(*corners: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(corners, dtype=np.float64).reshape(-1, 4)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 12)), st.data())
def test_touching_objects_never_share_a_colour_at_any_scale(ids: np.ndarray, data: st.DataObject) -> None:
    size = (data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30)))
    rles, _ = from_id_map(ids)
    objects = objects_of(rles, np.ones(len(rles)), size=ids.shape)
    colors = [instance_color(number) for number in numbers_of(objects, size).tolist()]
    assert all(colors[a - 1] != colors[b - 1] for a, b in touching(object_map(objects, size)))


def touching(ids: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of objects with pixels side by side or corner to corner."""
    shifted = (
        (ids[:, 1:], ids[:, :-1]),
        (ids[1:], ids[:-1]),
        (ids[1:, 1:], ids[:-1, :-1]),
        (ids[1:, :-1], ids[:-1, 1:]),
    )
    pairs = {pair for one, other in shifted for pair in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)}
    return {(a, b) for a, b in pairs if a and b and a != b}


def test_touching_nuclei_of_a_real_image_never_share_a_colour(real_data: Path) -> None:
    content = json.loads((real_data / "dsb2018_fluo/instances_test.json").read_text())
    [(crowded, count)] = Counter(entry["image_id"] for entry in content["annotations"]).most_common(1)
    written = [entry["segmentation"] for entry in content["annotations"] if entry["image_id"] == crowded]
    rles = [Rle(size=mask["size"], counts=mask["counts"].encode()) for mask in written]
    height, width = rles[0]["size"]
    objects = objects_of(rles, np.ones(count), size=(height, width))
    half = (height // 2, width // 2)
    colors = [instance_color(number) for number in numbers_of(objects, half).tolist()]
    pairs = touching(object_map(objects, half))
    assert count == 375 and len(pairs) > 40
    assert all(colors[a - 1] != colors[b - 1] for a, b in pairs)
    assert len(set(colors)) <= 2 * CYCLE


@settings(deadline=None)
@given(st.integers(0, 60))
def test_any_number_of_objects_in_one_place_has_as_many_colours(count: int) -> None:
    numbers = color_numbers(boxes(*[(0, 0, 5, 5)] * count), margin=0)
    assert len({instance_color(number) for number in numbers.tolist()}) == count


def test_objects_far_apart_keep_to_the_first_colours() -> None:
    apart = boxes(*[(10 * i, 0, 10 * i + 2, 2) for i in range(40)])
    assert color_numbers(apart, margin=2).tolist() == [index % CYCLE for index in range(40)]


def test_wishes_are_granted_first_and_never_against_a_neighbour() -> None:
    beside = boxes((0, 0, 4, 4), (4, 0, 8, 4), (20, 0, 24, 4))
    assert color_numbers(beside, margin=0, wishes=[-1, 0, 0]).tolist() == [1, 0, 0]
    assert color_numbers(beside, margin=0, wishes=[5, 5, 5]).tolist() == [5, 6, 5]


def test_the_margin_makes_neighbours() -> None:
    near = boxes((0, 0, 4, 4), (6, 0, 8, 4))
    assert color_numbers(near, margin=1, wishes=[3, 3]).tolist() == [3, 3]
    assert color_numbers(near, margin=2, wishes=[3, 3]).tolist() == [3, 4]


def test_the_first_colours_lie_far_apart_on_the_circle_of_hues() -> None:
    hues = sorted(colorsys.rgb_to_hsv(*instance_color(number))[0] for number in range(CYCLE))
    gaps = np.diff([*hues, hues[0] + 1])
    assert gaps.min() > 0.08


@pytest.mark.parametrize("number", [0, 7, 8, 23, 24, 1000])
def test_colours_are_bright_enough_to_see_on_black(number: int) -> None:
    assert max(instance_color(number)) > 180
