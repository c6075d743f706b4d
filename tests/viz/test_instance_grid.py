"""The picture grid of objects: what stands where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segladder.viz import InstanceRow, instance_grid, match
from segladder.viz.instance_colors import instance_color
from segladder.viz.instance_grid import FALSE_ALARM, HIT, MISSED, error_picture
from segladder.viz.instances import CROWD
from viz.objects import INFO, found_objects, rectangle, true_objects

SIZE = (64, 64)
LEFT, RIGHT = rectangle(SIZE, 4, 4, 20, 20), rectangle(SIZE, 40, 40, 60, 60)


def row(**changes: object) -> InstanceRow:
    parts = {
        "image": np.full((1, *SIZE), 0.5, dtype=np.float32),
        "found": found_objects([LEFT, RIGHT], size=SIZE),
        "truth": true_objects([LEFT, RIGHT], size=SIZE),
        "image_id": "a/1",
        "score": 0.5,
    }
    return InstanceRow(**{**parts, **changes})


def grid(*rows: InstanceRow, **options: object) -> np.ndarray:
    return np.asarray(instance_grid(rows, info=INFO, **options))


def errors(picture: np.ndarray) -> np.ndarray:
    """The last of four panels, without the legend."""
    return picture[:-40, 3 * picture.shape[1] // 4 :]


def count(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((picture == color).all(-1).sum())


def test_everything_found_is_outlined_and_nothing_marked() -> None:
    shown = errors(grid(row()))
    assert count(shown, HIT) > 100 and count(shown, MISSED) == count(shown, FALSE_ALARM) == 0


def test_what_is_missed_and_what_is_not_there_have_their_colours() -> None:
    truth = true_objects([LEFT], size=SIZE)
    missed = errors(grid(row(truth=truth, found=found_objects([], size=SIZE))))
    false = errors(grid(row(truth=truth, found=found_objects([LEFT, RIGHT], size=SIZE))))
    assert count(missed, MISSED) > 100 and count(missed, FALSE_ALARM) == count(missed, HIT) == 0
    assert count(false, FALSE_ALARM) > 100 and count(false, HIT) > 100 and count(false, MISSED) == 0


def test_what_is_not_sure_enough_was_not_found() -> None:
    found = found_objects([LEFT, RIGHT], [0.9, 0.3], size=SIZE)
    assert count(errors(grid(row(found=found))), MISSED) > 0
    assert count(errors(grid(row(found=found), threshold=0.2)), MISSED) == 0


def test_a_false_alarm_below_a_hit_is_still_seen() -> None:
    inside = rectangle(SIZE, 44, 44, 50, 50)
    found = found_objects([RIGHT, inside], [0.9, 0.6], size=SIZE)
    shown = errors(grid(row(found=found, truth=true_objects([RIGHT], size=SIZE))))
    assert count(shown, FALSE_ALARM) > 0


def test_crowds_are_grey_and_no_error() -> None:
    truth = true_objects([LEFT, RIGHT], iscrowd=[False, True], size=SIZE)
    shown = errors(grid(row(truth=truth, found=found_objects([LEFT], size=SIZE))))
    assert count(shown, CROWD) > 100 and count(shown, MISSED) == 0


def test_an_object_that_was_hit_has_one_colour_in_truth_and_prediction() -> None:
    picture = grid(row(found=found_objects([RIGHT, LEFT], size=SIZE)))
    middle = picture.shape[1] // 2
    truth, prediction = picture[:, :middle], picture[:, middle:]
    for number in (0, 1):
        columns = [np.flatnonzero((part == instance_color(number)).all(-1).any(axis=0)) for part in (truth, prediction)]
        # truth is the last panel of its half, prediction the first of its own
        offsets = columns[0].min() - (middle - 4 - 4 * 64), columns[1].min() - 4
        assert offsets[0] == offsets[1]


def test_boxes_alone_are_marked_as_frames() -> None:
    picture = np.full((64, 64, 3), 100, np.uint8)
    found = found_objects([LEFT, RIGHT], size=SIZE, boxes_alone=True)
    truth = true_objects([LEFT], size=SIZE)
    shown = error_picture(picture, found, truth, match(found, truth))
    assert (shown[4, 4:20] == HIT).all() and (shown[40, 40:60] == FALSE_ALARM).all()


def test_without_truth_only_input_and_prediction_stand() -> None:
    with_truth, without = grid(row()), grid(row(truth=None))
    assert without.shape[1] < with_truth.shape[1] and count(without, MISSED) == 0
    assert grid(row(), row(truth=None)).shape[1] == with_truth.shape[1]


@settings(max_examples=8, deadline=None)
@given(
    height=st.integers(1, 500),
    width=st.integers(1, 500),
    channels=st.integers(1, 4),
    score=st.sampled_from([None, float("nan"), 0.25]),
)
def test_any_image_makes_a_grid(height: int, width: int, channels: int, score: float | None) -> None:
    size = (height, width)
    everything, pixel = np.ones(size, dtype=bool), rectangle(size, 0, 0, 1, 1)
    entry = InstanceRow(
        image=np.zeros((channels, *size), np.uint8),
        found=found_objects([everything, pixel], [0.7, 0.9], [2, 1], size=size),
        truth=true_objects([everything, pixel], [2, 1], [True, False], size=size),
        image_id="sehr/länger/" * 20,
        score=score,
        section="worst",
    )
    picture = grid(entry, title="cells, test")
    assert (picture[:, 0] == 255).all() and (picture[:, -1] == 255).all()


def test_it_is_an_rgb_image_that_saves(tmp_path) -> None:
    picture = instance_grid([row(section="best"), row(section="worst")], info=INFO, title="cells, test")
    picture.save(tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").size == picture.size


def test_sizes_that_differ_are_refused_with_the_images_name() -> None:
    with pytest.raises(ValueError, match=r"Image 'a/1' is \(64, 64\) and its objects are of \(3, 3\)"):
        grid(row(truth=true_objects([], size=(3, 3))))
    with pytest.raises(ValueError, match="at least one row"):
        grid()
