"""Areas of objects and sizes of images that a COCO file states otherwise than its masks."""

from __future__ import annotations

import json

import pytest

from drawn_coco import draw_coco
from segladder.data.doctor.annotations import look_at_annotations, write_without
from segladder.data.readers.coco import Coco


def edited(root, change):
    path = root / "annotations" / "instances_train2017.json"
    content = json.loads(path.read_text())
    change(content["annotations"], content["images"])
    path.write_text(json.dumps(content))
    return path


def test_an_area_three_times_its_masks_is_told_once_and_corrected(tmp_path, examine):
    def spoil(annotations, images):
        annotations[0]["area"] *= 3  # polygons
        annotations[1]["area"] *= 3  # run lengths
        annotations[3]["area"] *= 1.02  # as rounding leaves it

    path = edited(draw_coco(tmp_path), spoil)

    [group] = [one for one in examine(tmp_path, Coco).groups if one.kind == "area"]

    assert [one.what.partition(": ")[2] for one in group.findings] == [
        "annotation 10000: the area is 1,154, and its mask has 384 pixels",
        "annotation 10001: the area is 360, and its mask has 120 pixels",
    ]
    assert group.severity == "warning"
    found = look_at_annotations(path, file="f.json", split="train2017")
    write_without(path, tmp_path / "mended.json", found)
    assert [one["area"] for one in json.loads((tmp_path / "mended.json").read_text())["annotations"][:2]] == [384, 120]


def test_exchanged_height_and_width_are_one_finding_at_the_entry_and_corrected(tmp_path, examine, kinds):
    def turn(annotations, images):
        images[0]["height"], images[0]["width"] = images[0]["width"], images[0]["height"]

    path = edited(draw_coco(tmp_path), turn)

    checkup = examine(tmp_path, Coco)

    told = {kind: count for kind, count in kinds(checkup).items() if kind not in ("copy", "alike", "constant")}
    assert told == {"exchanged": 1}
    [finding] = next(group.findings for group in checkup.groups if group.kind == "exchanged")
    assert finding.what.endswith("image 1000: height 64 and width 40, but 40 and 64 in its file and its masks")
    write_without(path, tmp_path / "mended.json", checkup.survey.reader.checked[path])
    first = json.loads((tmp_path / "mended.json").read_text())["images"][0]
    assert (first["height"], first["width"]) == (40, 64)


def test_masks_of_an_image_that_was_turned_itself_are_not_called_right(tmp_path):
    def turn(annotations, images):
        images[0]["height"], images[0]["width"] = images[0]["width"], images[0]["height"]

    path = edited(draw_coco(tmp_path), turn)
    (tmp_path / "train2017" / "train2017_000.png").unlink()

    found = look_at_annotations(path, file="f.json", split="train2017", folder=tmp_path / "train2017")

    assert {one.kind for one in found.findings} == {"annotation"}


@pytest.mark.parametrize("name", ["coco_eval_ref/instances_val2014_100", "coco_tiny/annotations/instances_train2017"])
def test_cocos_own_areas_are_not_told(real_data, name):
    found = look_at_annotations(real_data / f"{name}.json", file="f.json", split="val2014")
    assert found.findings == []
