"""COCO files with faults: every annotation is named, and what is left of the file is read."""

from __future__ import annotations

import json
import warnings

import pytest
from PIL import Image

from drawn_coco import draw_coco
from segladder.data.doctor.annotations import look_at_annotations, write_without
from segladder.data.errors import DataError
from segladder.data.readers.coco import Coco
from segladder.data.readers.coco_file import CocoFile


@pytest.fixture
def coco(tmp_path):
    """A drawn set whose images differ, and its training annotations."""
    root = draw_coco(tmp_path / "coco", counts={"train2017": 8, "val2017": 3})
    for number, path in enumerate(sorted(root.glob("*2017/*.png"))):
        image = Image.open(path)
        image.putpixel((0, number), (number, 255, 0))
        image.save(path)
    return root


def edited(root, change):
    path = root / "annotations" / "instances_train2017.json"
    content = json.loads(path.read_text())
    change(content["annotations"], content["images"])
    path.write_text(json.dumps(content, indent=1))
    return path


def look(path):
    return look_at_annotations(path, file="f.json", split="train2017")


def test_a_clean_file_has_no_finding_and_its_copy_is_the_same(coco, tmp_path):
    path = edited(coco, lambda annotations, images: None)
    found = look(path)
    assert (found.findings, found.bad, found.boxes) == ([], set(), {})
    assert write_without(path, tmp_path / "copy.json", found) == 8
    assert json.loads((tmp_path / "copy.json").read_text()) == json.loads(path.read_text())


def test_each_annotation_that_makes_no_sense_is_named_with_its_line(coco, tmp_path):
    def spoil(annotations, images):
        annotations[0]["segmentation"] = [[1, 2, 3, 4]]
        annotations[1]["category_id"] = 99
        annotations[3]["image_id"] = "nowhere"
        annotations[4]["id"] = annotations[5]["id"]
        del images[7]["height"]

    path = edited(coco, spoil)
    with pytest.raises(DataError):
        CocoFile(path)

    found = look(path)

    told = [finding.what for finding in found.findings]
    assert {finding.kind for finding in found.findings} == {"annotation"}
    for words in (
        "image 930: It has no height and width in pixels.",
        "annotation 10000: A polygon of it has 4 values, not x and y of three points or more.",
        "annotation 10001: its category_id 99 is none of 'categories'",
        "it is of image 'nowhere', which 'images' does not list",
        "another annotation has the same id",
    ):
        assert sum(words in line for line in told) == 1, words
    first = next(line for line in told if "annotation 10000" in line)
    assert path.read_text().splitlines()[int(first.split(":")[0].removeprefix("line ")) - 1].strip() == "{"
    write_without(path, tmp_path / "left.json", found)
    left = CocoFile(tmp_path / "left.json")
    assert len(left) == 7


def test_boxes_that_are_not_around_their_mask(coco):
    def move(annotations, images):
        annotations[0]["bbox"] = [20, 4, 24, 16]  # 14 pixels to the right
        annotations[3]["bbox"] = [7, 5, 23, 16]  # a pixel: as published boxes are

    found = look(edited(coco, move))

    [finding] = found.findings
    assert (finding.kind, found.bad) == ("box", set())
    assert finding.what.endswith(
        "annotation 10000: the box is 20 4 44 20, its mask's 6 4 30 20 (x1 y1 x2 y2), 14 pixels off"
    )
    assert list(found.boxes.values()) == [[6, 4, 24, 16]]


def test_boxes_that_reach_out_of_the_image_and_areas_of_nothing(coco, tmp_path):
    def spoil(annotations, images):
        annotations[0]["bbox"] = [-10, 4, 40, 16]
        annotations[1]["area"] = 0

    path = edited(coco, spoil)
    found = look(path)

    assert [finding.kind for finding in found.findings] == ["box", "area"]
    assert "the box is -10 4 30 20, its mask's 6 4 30 20" in found.findings[0].what
    write_without(path, tmp_path / "mended.json", found)
    mended = json.loads((tmp_path / "mended.json").read_text())["annotations"]
    assert mended[0]["bbox"] == [6, 4, 24, 16] and mended[1]["area"] == 120
    assert look(tmp_path / "mended.json").findings == []


def test_objects_without_area_and_outside_the_image(coco):
    def spoil(annotations, images):
        annotations[0]["segmentation"] = [[6, 4, 6, 4, 6, 20]]
        annotations[1]["segmentation"] = [[200, 4, 210, 4, 210, 20]]

    found = look(edited(coco, spoil))

    assert [finding.kind for finding in found.findings] == ["empty-object"] * 2
    assert found.findings[0].what.endswith("annotation 10000: x 6 to 6, y 4 to 20 on 64x40 pixels")
    assert found.findings[0].severity == "error"  # more than one in a hundred, which the reader refuses


def test_a_box_without_a_pixel_around_a_sound_mask_is_corrected_and_its_object_stays(coco, tmp_path):
    def spoil(annotations, images):
        annotations[0]["bbox"] = [6, 4, 0, 16]
        annotations[1]["bbox"] = [200, 10, 20, 6]
        annotations[1]["area"] *= 3

    path = edited(coco, spoil)
    with pytest.raises(DataError, match="have no area or lie outside"):
        CocoFile(path)
    found = look(path)

    assert [(one.kind, one.severity) for one in found.findings if one.kind == "box"] == [("box", "error")] * 2
    assert "the box is 200 10 220 16, its mask's 20 10 40 16 (x1 y1 x2 y2), 180 pixels off" in found.findings[1].what
    write_without(path, tmp_path / "mended.json", found)
    mended = json.loads((tmp_path / "mended.json").read_text())["annotations"]
    assert [one["bbox"] for one in mended[:2]] == [[6, 4, 24, 16], [20, 10, 20, 6]]
    assert mended[1]["area"] == 120
    assert look(tmp_path / "mended.json").findings == []


def test_a_set_whose_file_the_reader_refuses_is_still_looked_at(coco, examine, kinds):
    def spoil(annotations, images):
        annotations[0]["category_id"] = 99

    edited(coco, spoil)
    (coco / "train2017" / "train2017_001.png").unlink()
    (coco / "val2017" / "val2017_000.png").write_bytes(b"")
    image = coco / "train2017" / "train2017_002.png"
    Image.open(image).resize((32, 32)).save(image)
    with pytest.raises(DataError):
        Coco(root=coco).dataset("train", run_seed=0)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checkup = examine(coco, Coco)

    found = kinds(checkup)
    assert {kind: found.get(kind) for kind in ("annotation", "missing-image", "unreadable-image", "size")} == {
        "annotation": 1,
        "missing-image": 1,
        "unreadable-image": 1,
        "size": 1,
    }
    assert checkup.holds["train2017"].labelled == 8


def test_images_that_are_nowhere_are_told_of_once(coco, examine, kinds):
    (coco / "train2017").rename(coco / "elsewhere")
    found = kinds(examine(coco, Coco))
    assert (found.get("refused"), "missing-image" in found) == (1, False)


def test_published_boxes_are_not_accused(real_data):
    for name in ("train", "val"):
        path = real_data / "coco_tiny" / "annotations" / f"instances_{name}2017.json"
        assert look(path).findings == []
