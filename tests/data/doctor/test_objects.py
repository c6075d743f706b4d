"""Id maps and labels that are of different things."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawn_sets import draw_cells


def change(path, edit):
    values = np.asarray(Image.open(path)).copy()
    edit(values)
    Image.fromarray(values).save(path)


def told(checkup, kind):
    return [finding for group in checkup.groups if group.kind == kind for finding in group.findings]


def test_an_object_that_lies_on_two_classes(tmp_path, examine):
    root = draw_cells(tmp_path)
    assert told(examine(root), "disagree") == []
    ids = np.asarray(Image.open(root / "instances/train/00.png"))
    labels = np.asarray(Image.open(root / "labels/train/00.png"))
    number = next(n for n in np.unique(ids)[1:] if labels[ids == n][0] == 1)

    def half(values):
        rows, columns = np.nonzero(ids == number)
        values[rows[: len(rows) // 4], columns[: len(rows) // 4]] = 2

    change(root / "labels/train/00.png", half)

    [finding] = told(examine(root), "disagree")
    assert finding.file == "instances/train/00.png"
    assert finding.what == (f"of 90 pixels of object {number} (cell), 22 are of another class in the label")


def test_several_objects_of_one_image_that_disagree_are_one_finding(tmp_path, examine):
    root = draw_cells(tmp_path)
    change(root / "labels/train/00.png", lambda values: values.__setitem__(np.s_[::2], 1))

    [finding] = told(examine(root), "disagree")

    assert finding.file == "instances/train/00.png"
    assert "are of another class in the label; so with " in finding.what


def test_an_object_on_background_is_an_error_and_the_rest_goes_on(tmp_path, examine):
    root = draw_cells(tmp_path)
    change(root / "labels/train/01.png", lambda values: values.fill(0))
    checkup = examine(root)
    [finding] = told(checkup, "object-class")
    assert "class 'background' has no objects" in finding.what
    assert checkup.holds["train"].labelled == 6


def test_pixels_of_objects_that_nobody_told_apart(tmp_path, examine):
    root = draw_cells(tmp_path)
    change(root / "instances/train/00.png", lambda values: values.fill(0))
    [finding] = told(examine(root), "disagree")
    assert finding.what.endswith("pixels of object classes are of no object")


def test_an_id_map_of_another_size(tmp_path, examine):
    root = draw_cells(tmp_path)
    path = root / "instances/val/00.png"
    Image.fromarray(np.asarray(Image.open(path))[:-4]).save(path)
    [finding] = told(examine(root), "size")
    assert finding.what == "the id map is 36x48, its image 40x48 (height x width)"
