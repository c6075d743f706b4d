"""The terminal report."""

from __future__ import annotations

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.viz import class_bars_text, class_report
from segladder.viz.bars import bar

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


def test_without_a_background_class_no_foreground_is_claimed() -> None:
    per_class = {"iou": {"sky": 0.5}, "dice": {"sky": 0.6}, "support": {"sky": 9}}
    assert "foreground" not in class_report({"miou": 0.5}, per_class, width=100)


def test_no_true_pixels_at_all_have_no_share() -> None:
    assert "%" not in class_bars_text(["a"], [math.nan], [math.nan], [0])
