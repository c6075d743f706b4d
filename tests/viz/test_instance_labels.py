"""Where names stand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from segladder.viz.instance_labels import draw_plates, placed_plates

EMPTY = np.zeros((100, 200), dtype=np.int32)


def placed(*corners: tuple[int, int, int, int], text: str = "cell 0.93", ids: np.ndarray = EMPTY) -> list:
    boxes = np.array(corners, dtype=np.float64).reshape(-1, 4)
    return placed_plates([(text, "0.93")] * len(boxes), boxes, ids, font_size=11)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 190), st.integers(-5, 95), st.integers(1, 150), st.integers(1, 80)), max_size=25)
)
def test_plates_lie_inside_apart_and_are_no_larger_than_their_boxes(corners: list) -> None:
    boxes = [(x, y, x + w, y + h) for x, y, w, h in corners]
    plates = placed(*boxes)
    covered = np.zeros(EMPTY.shape, dtype=int)
    for plate in plates:
        x1, y1, x2, y2 = plate.place
        assert 0 <= x1 < x2 <= 200 and 0 <= y1 < y2 <= 100
        covered[y1:y2, x1:x2] += 1
        box = boxes[plate.owner]
        assert (x2 - x1) * (y2 - y1) <= (box[2] - box[0]) * (box[3] - box[1])
    assert covered.max() <= 1
    assert len({plate.owner for plate in plates}) == len(plates)


def test_a_name_stands_above_its_box_or_below_where_there_is_no_room() -> None:
    above, below = placed((20, 40, 90, 60))[0], placed((20, 4, 90, 40))[0]
    assert above.place[3] == 40 and below.place[1] == 40


def test_a_box_as_large_as_the_picture_has_its_name_inside() -> None:
    [plate] = placed((0, 0, 200, 100))
    assert plate.place[:2] == (0, 0)


def test_a_small_box_has_its_score_alone_and_a_tiny_one_nothing() -> None:
    assert [plate.text for plate in placed((20, 40, 42, 60))] == ["0.93"]
    assert placed((20, 40, 30, 50)) == []


def test_a_name_gives_way_to_other_objects() -> None:
    ids = EMPTY.copy()
    ids[25:40] = 2
    assert placed((20, 40, 90, 60), ids=ids)[0].place[1] == 60


def test_letters_stand_out_from_light_and_dark_grounds() -> None:
    for color in ((255, 255, 120), (60, 20, 140)):
        picture = Image.new("RGB", (200, 100))
        draw_plates(ImageDraw.Draw(picture), placed((20, 40, 90, 60)), [color], font_size=11)
        shown = np.asarray(picture)[28:40, 20:70].reshape(-1, 3).astype(int)
        assert (shown == color).all(axis=1).any()
        assert abs(shown.sum(axis=1) - sum(color)).max() > 300
