"""The picture grid: what stands where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segladder.viz import ERROR_COLORS, GridRow, picture_grid

PALETTE = ((0, 0, 0), (230, 159, 0))
NAMES = ("background", "disk")


def row(height: int = 64, width: int = 64, **changes: object) -> GridRow:
    truth = np.zeros((height, width), dtype=int)
    truth[: height // 2] = 1
    image = np.full((1, height, width), 0.5, dtype=np.float32)
    return GridRow(**{"image": image, "pred": truth, "truth": truth, "image_id": "a/1", "iou": 0.5, **changes})


def count(picture: Image.Image, color: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == color).all(-1).sum())


def test_small_images_are_enlarged_by_a_whole_number() -> None:
    truth = np.zeros((64, 64), dtype=int)
    truth[10, 20] = 1
    grid = picture_grid([row(pred=truth * 0, truth=truth)], classes=NAMES, palette=PALETTE, background=0)
    swatch = 13 * 13
    assert count(grid, PALETTE[1]) == 3 * 3 + swatch
    assert count(grid, ERROR_COLORS["false negative"]) == 3 * 3 + swatch


def test_large_frames_are_reduced() -> None:
    grid = picture_grid([row(360, 480)], classes=NAMES, palette=PALETTE)
    assert grid.width == 2 * 16 + 4 * 320 + 3 * 8
    assert 240 < grid.height < 420


def test_without_truth_only_input_and_prediction_stand() -> None:
    with_truth, without = (
        picture_grid([row(truth=truth)], classes=NAMES, palette=PALETTE) for truth in (np.zeros((64, 64), int), None)
    )
    assert without.width == 2 * 16 + 2 * 192 + 8 < with_truth.width


def test_sections_and_a_title_take_room_of_their_own() -> None:
    plain = picture_grid([row(), row()], classes=NAMES, palette=PALETTE)
    titled = picture_grid(
        [row(section="best"), row(section="worst")], classes=NAMES, palette=PALETTE, title="disks, test"
    )
    assert titled.width == plain.width and titled.height > plain.height + 60


def test_it_writes_a_png_that_reads_back(tmp_path: Path) -> None:
    grid = picture_grid([row()], classes=NAMES, palette=PALETTE)
    grid.save(tmp_path / "grid.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "grid.png")), np.asarray(grid))


@settings(max_examples=10, deadline=None)
@given(
    height=st.integers(1, 500),
    width=st.integers(1, 500),
    channels=st.integers(1, 4),
    classes=st.sampled_from([2, 11, 19]),
    iou=st.sampled_from([None, float("nan"), 0.25]),
)
def test_any_image_and_any_number_of_classes_make_a_grid(
    height: int, width: int, channels: int, classes: int, iou: float | None
) -> None:
    names = [f"class {i} — ünïcode " * (i + 1) for i in range(classes)]
    labels = np.full((height, width), 255)
    entry = GridRow(
        image=np.zeros((channels, height, width), np.uint8),
        pred=labels * 0,
        truth=labels,
        image_id="sehr/länger/" * 20,
        iou=iou,
        section="worst",
    )
    grid = picture_grid([entry], classes=names, palette=[(i, i, i) for i in range(classes)])
    pixels = np.asarray(grid)
    assert grid.mode == "RGB" and (pixels[:, 0] == 255).all() and (pixels[:, -1] == 255).all()


def test_a_narrow_image_keeps_room_for_its_caption() -> None:
    entry = row(15, 1, iou=float("nan"), truth=None)
    pixels = np.asarray(picture_grid([entry], classes=NAMES, palette=PALETTE, iou_name="mean IoU " * 9))
    assert (pixels[:, -16:] == 255).all()


def test_rows_of_unequal_sizes_stand_in_one_grid() -> None:
    grid = picture_grid([row(), row(100, 30), row(360, 480)], classes=NAMES, palette=PALETTE)
    assert grid.width == 2 * 16 + 4 * 320 + 3 * 8


def test_sizes_that_differ_are_refused_with_the_images_name() -> None:
    with pytest.raises(ValueError, match=r"Image 'a/1' is \(64, 64\) and its prediction \(3, 3\)"):
        picture_grid([row(pred=np.zeros((3, 3), int))], classes=NAMES, palette=PALETTE)
    with pytest.raises(ValueError, match="at least one row"):
        picture_grid([], classes=NAMES, palette=PALETTE)


def test_maps_of_a_row_take_two_bytes_a_pixel_where_their_values_fit():
    image = np.zeros((3, 4, 5), dtype=np.uint8)
    wide = np.arange(20).reshape(4, 5)
    row = GridRow(image=image, pred=wide, truth=wide - 1)
    assert row.pred.dtype == row.truth.dtype == np.int16
    assert np.array_equal(row.pred, wide) and np.array_equal(row.truth, wide - 1)
    beyond = wide + 2**15
    assert GridRow(image=image, pred=beyond).pred is beyond and GridRow(image=image, pred=beyond).truth is None
