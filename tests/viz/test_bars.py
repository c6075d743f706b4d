"""The terminal report."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.viz import class_bars_text, class_report
from segladder.viz.bars import bar
from segladder.viz.score_names import score_name
from segladder.viz.score_report import object_report, segment_report

NUMBERS = {
    "classes": ["background", "disk", "absent"],
    "iou": [0.99, 0.5, math.nan],
    "dice": [0.995, 0.667, math.nan],
    "pixels": [3_900_000, 100_000, 0],
}


@given(value=st.floats(0, 1), width=st.integers(1, 40), ascii_only=st.booleans())
def test_a_bar_has_its_width_and_is_filled_by_its_value(value: float, width: int, ascii_only: bool) -> None:
    drawn = bar(value, width, ascii_only=ascii_only)
    eighths = {"█": 8, "#": 8, " ": 0, ".": 0} | {c: i for i, c in enumerate(" ▏▎▍▌▋▊▉") if i}
    assert len(drawn) == width
    assert abs(sum(eighths[c] for c in drawn) / 8 - value * width) <= (0.5 if ascii_only else 0.0625) + 1e-9


def test_bars_of_nothing_half_and_all() -> None:
    assert [bar(v, 4) for v in (0.0, 0.5, 1.0, math.nan)] == ["    ", "██  ", "████", "    "]
    assert bar(0.5, 4, ascii_only=True) == "##.."


def test_each_class_has_iou_dice_pixels_and_share_in_its_line() -> None:
    lines = class_bars_text(**NUMBERS).splitlines()
    disk = next(line for line in lines if "disk" in line)
    assert disk.split()[-5:] == ["0.500", "0.667", "100,000", "2.50", "%"]
    absent = next(line for line in lines if "absent" in line)
    assert absent.split() == ["absent", "–", "–", "0", "0.00", "%"]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = class_bars_text(**{**NUMBERS, "classes": ["a" * 70, "ünï", "[red]x"]}, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "[red]x" in text


@pytest.mark.parametrize(("encoding", "sign"), [("ascii", "#"), ("utf-8", "█")])
def test_bars_are_drawn_with_what_the_terminal_can_show(monkeypatch, encoding: str, sign: str) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    numbers = {name: {"straße": 0.5, "disk": 0.9} for name in ("iou", "dice", "support")}
    text = class_report({"miou": 0.7}, numbers, width=100)
    assert sign in text and ("stra?e" in text) == (encoding == "ascii")


def test_accuracy_iou_and_dice_stand_side_by_side() -> None:
    text = class_report(
        {"miou": 0.745, "dice": 0.831, "pixel_accuracy": 0.99, "boundary_f1": None},
        {
            "iou": {"background": 0.99, "disk": 0.5, "absent": None},
            "dice": {"background": 0.995, "disk": 0.667, "absent": None},
            "support": {"background": 3.9e6, "disk": 1e5, "absent": 0.0},
        },
        title="disks, test",
        width=120,
        ascii_only=True,
    )
    assert "pixel accuracy 0.990  |  foreground IoU 0.500  |  foreground Dice 0.667  |  mIoU 0.745" in text
    assert "boundary F1 -" in text and "100,000" in text


def test_a_report_has_a_row_for_each_class_that_occurs_and_says_how_many_do_not() -> None:
    names = ["road", *(f"class {index}" for index in range(149))]
    iou = {name: 0.5 if name == "road" else 0.0 if name == "class 7" else None for name in names}
    text = class_report({"miou": 0.25}, {"iou": iou, "dice": iou, "support": {"road": 9.0}}, width=100)
    assert "road" in text and "class 7 " in text and "class 8" not in text
    assert "\n148 of 150 classes occur in neither truth nor prediction.\n" in text
    assert "occur" not in class_report({"miou": 0.5}, {"iou": {"road": 0.5}}, width=100)
    nothing = class_report({"miou": None}, {"iou": {"road": None}}, width=100)
    assert "1 of 1 classes occurs in neither truth nor prediction.\n" in nothing


def test_a_report_on_objects_has_a_row_for_each_class_with_true_objects() -> None:
    ap = {"car": 0.5, "bus": None, "train": None}
    text = object_report(
        {"mask_ap": 0.5}, {"mask_ap": ap, "box_ap": ap, "objects": {"car": 3.0, "bus": 0.0}}, width=100
    )
    assert "car" in text and "bus" not in text and "2 of 3 classes occur nowhere in the truth." in text


def test_a_report_on_segments_shows_the_quality_of_each_class_and_leads_with_it() -> None:
    measures = {"pq": [0.25, 0.0, None], "sq": [0.5, 0.0, None], "rq": [0.5, 0.0, None], "iou": [0.75, 0.0, None]}
    per_class = {key: dict(zip(("sky", "dog", "cat"), values, strict=True)) for key, values in measures.items()}
    scores = {"pixel_accuracy": 0.9, "miou": 0.4, "pq": 0.125, "sq_things": 0.6}
    text = segment_report(scores, per_class | {"support": {"sky": 1234.0, "dog": 0.0}}, width=100)
    head, sky = (next(line for line in text.splitlines() if word in line) for word in ("class", "sky"))
    assert head.split() == ["class", "PQ", "SQ", "RQ", "IoU", "pixels"]
    assert sky.split()[-5:] == ["0.250", "0.500", "0.500", "0.750", "1,234"]
    assert "cat" not in text and "1 of 3 classes occurs in neither truth nor prediction." in text
    assert "\nPQ 0.125  ·  SQ things 0.600  ·  pixel accuracy 0.900" in text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("category_iou", "category IoU"),
        ("iiou", "iIoU"),
        ("category_iiou", "category iIoU"),
        ("cityscapes_ap50", "Cityscapes AP50"),
        ("boundary_f1", "boundary F1"),
        ("mask_ar_small", "mask AR small"),
        ("pq_things", "PQ things"),
        ("mean_accuracy", "mean accuracy"),
        ("my_own", "my own"),
    ],
)
def test_scores_are_called_as_people_write_them(name: str, written: str) -> None:
    assert score_name(name) == written


def test_without_a_background_class_no_foreground_is_claimed() -> None:
    per_class = {"iou": {"sky": 0.5}, "dice": {"sky": 0.6}, "support": {"sky": 9}}
    assert "foreground" not in class_report({"miou": 0.5}, per_class, width=100)


def test_no_true_pixels_at_all_have_no_share() -> None:
    assert "%" not in class_bars_text(["a"], [math.nan], [math.nan], [0])
