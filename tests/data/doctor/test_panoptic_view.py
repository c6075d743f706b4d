"""Panoptic sets: each fault is told at the file that holds it, under the name that other layouts give it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_panoptic import SIZE, draw_panoptic, drawn_map, write_map
from segladder.data.panoptic.coco import CocoPanoptic

JSON, PNG = "annotations/panoptic_train2017.json", "annotations/panoptic_train2017/000000000002.png"


@pytest.fixture
def told(tmp_path, examine):
    """`told(change_json, change_png)` spoils the second sample and returns the groups about it."""
    root = draw_panoptic(tmp_path)

    def spoiled(entry=None, png=None):
        content = json.loads((root / JSON).read_text())
        segments = content["annotations"][1]["segments_info"]
        ids, _ = drawn_map(1)
        for one in segments:
            rows, columns = np.nonzero(ids == one["id"])
            x, y = int(columns.min()), int(rows.min())
            one["bbox"] = [x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y]
            one["area"] = len(rows)
        if entry is not None:
            entry(segments)
        if png is not None:
            png(root / PNG)
        (root / JSON).write_text(json.dumps(content))
        groups = examine(root, CocoPanoptic).groups
        return [one for one in groups if one.kind not in ("copy", "alike", "same-split", "absent-class")]

    return spoiled


def test_a_sound_set_with_areas_and_boxes_has_no_finding(told):
    assert told() == []


def test_areas_and_boxes_that_disagree_with_the_map_are_warnings_at_the_json(told):
    def spoil(segments):
        segments[1]["area"] += 50
        segments[2]["bbox"] = [0, 0, 5, 5]

    box, area = told(spoil)

    assert (box.kind, area.kind, box.severity, area.severity) == ("box", "area", "warning", "warning")
    assert [one.file for one in (*box.findings, *area.findings)] == [JSON, JSON]
    assert area.findings[0].what == "image 2: segment 5: the area is 101, and it has 51 pixels"
    assert "segment 300: the box is 0 0 5 5, in the map 13 5 23 20 (x1 y1 x2 y2)" in box.findings[0].what


def resized(path):
    Image.open(path).resize((30, 18), Image.Resampling.NEAREST).save(path)


def grey(path):
    Image.open(path).convert("L").save(path)


def repainted(path):
    ids, _ = drawn_map(1)
    write_map(path, np.where(ids == 5, 6, ids))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda path: path.unlink(), "missing-label", "no such file is there"),
        (resized, "size", f"the map is 18x30, its image {SIZE[0]}x{SIZE[1]}"),
        (grey, "unreadable-label", "is of mode L"),
    ],
    ids=["missing", "size", "grey"],
)
def test_a_fault_of_the_map_is_told_once_with_its_path(told, change, kind, words):
    [group] = told(png=change)
    [finding] = group.findings
    assert (group.kind, finding.file) == (kind, PNG)
    assert words in finding.what and ". " not in finding.what


def test_segments_of_one_file_alone_are_told_at_the_file_that_has_one_too_many(told):
    found = [(one.file, one.what) for group in told(png=repainted) for one in group.findings]
    assert sorted(found) == [
        (JSON, f"image 2: segment 5 has no pixel in '{PNG}'"),
        (PNG, f"segment 6 (51 pixels) is not in segments_info of image 2 in '{JSON}'"),
    ]
