"""The sheet of samples: what stands where."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segladder.viz import SheetSample, sample_sheet
from segladder.viz.instance_colors import instance_color
from segladder.viz.instances import CROWD
from segladder.viz.sheet import IGNORED, LARGE, MARGIN, striped
from viz.objects import rectangle, true_objects

NAMES = ("background", "disk", "unseen")
PALETTE = ((0, 0, 0), (230, 159, 0), (12, 34, 56))


def sample(height: int = 64, width: int = 64, **changes: object) -> SheetSample:
    classes = np.zeros((height, width), dtype=np.int64)
    classes[: height // 2] = 1
    image = np.full((3, height, width), 200, dtype=np.uint8)
    return SheetSample(**{"image": image, "label": classes, "caption": "1  a", **changes})


def sheet(*samples: SheetSample, alpha: float = 1.0, **options: str) -> Image.Image:
    return sample_sheet(samples, classes=NAMES, palette=PALETTE, alpha=alpha, **options)


def count(picture: Image.Image, color: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == color).all(-1).sum())


def test_image_and_label_stand_side_by_side_at_one_scale() -> None:
    picture = sheet(sample())
    assert picture.width == 2 * MARGIN + 2 * 192 + 8
    assert count(picture, (200, 200, 200)) == 192 * 192
    assert count(picture, PALETTE[1]) == 192 * 192 // 2 + 13 * 13


def test_the_label_is_laid_over_the_image() -> None:
    assert count(sheet(sample(), alpha=0.5), (215, 180, 100)) == 192 * 192 // 2


def test_the_legend_names_only_what_occurs() -> None:
    assert count(sheet(sample()), PALETTE[2]) == 0
    classes = np.full((64, 64), 2)
    assert count(sheet(sample(label=classes)), PALETTE[2]) == 192 * 192 + 13 * 13


def test_ignored_pixels_are_striped_at_the_sheets_own_size() -> None:
    classes = np.zeros((64, 64), dtype=np.int64)
    classes[:, :32] = 255
    striped_half = count(sheet(sample(label=classes)), IGNORED[1])
    assert striped_half == pytest.approx(192 * 192 / 4, rel=0.02)


def test_stripes_touch_only_what_is_chosen() -> None:
    where = np.zeros((16, 16), dtype=bool)
    where[4:8] = True
    picture = striped(np.full((16, 16, 3), 7, dtype=np.uint8), where)
    assert (picture[~where] == 7).all()
    assert {tuple(color) for color in picture[where].tolist()} == set(IGNORED)


def test_large_and_unequal_samples_share_a_sheet() -> None:
    picture = sheet(sample(1024, 2048), sample(40, 30), sample(), title="a set")
    assert picture.width == 2 * MARGIN + 2 * (2 * LARGE + 8) + 24


def test_objects_have_a_colour_each_and_not_their_classs() -> None:
    size = (64, 64)
    picture = sheet(sample(label=true_objects([rectangle(size, 20, 20, 40, 40)], size=size)))
    assert picture.width == 2 * MARGIN + 2 * 256 + 8
    assert count(picture, PALETTE[1]) == 0
    # the outline of a square of 80 and a plate beside it
    assert count(picture, instance_color(0)) > 4 * 80


def test_crowds_and_classes_of_other_samples_are_in_the_legend() -> None:
    size = (64, 64)
    crowd = true_objects([rectangle(size, 20, 20, 40, 40)], iscrowd=[True], size=size)
    swatch = 13 * 13
    assert count(sheet(sample(label=crowd)), CROWD) > swatch
    assert count(sheet(sample(label=crowd), sample()), PALETTE[1]) == 192 * 192 // 2 + swatch


def test_objects_of_another_image_are_refused() -> None:
    with pytest.raises(ValueError, match=r"The image is \(64, 64\) and its objects are of \(3, 3\)"):
        sheet(sample(label=true_objects([], size=(3, 3))))


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        sample_sheet([], classes=NAMES, palette=PALETTE)
