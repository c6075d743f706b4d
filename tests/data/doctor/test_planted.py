"""Planted faults are found, each by its file; what has none is accused of none."""

from __future__ import annotations

import os

import numpy as np
import pytest

from drawn_faults import draw_clean, plant
from drawn_sets import draw_cells, draw_cityscapes, draw_threads, draw_voc
from segladder.data import DataError, Disks
from segladder.data.doctor.checkup import check
from segladder.data.doctor.survey import survey
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.coco import Coco
from segladder.data.readers.folder import Folder
from segladder.data.readers.voc import Voc


@pytest.mark.parametrize("workers", [0, 2])
def test_every_planted_fault_is_found_and_nothing_else(tmp_path, examine, kinds, workers):
    planted = plant(draw_clean(tmp_path))

    checkup = examine(tmp_path, workers=workers)

    assert kinds(checkup) == dict.fromkeys(planted, 1)
    for group in checkup.groups:
        assert planted[group.kind] in group.findings[0].file
        assert group.todo.endswith(".")


def test_findings_hold_values_and_pixel_counts(tmp_path, examine):
    plant(draw_clean(tmp_path))

    told = {group.kind: group.findings[0].what for group in examine(tmp_path).groups}

    assert told["values"] == "value 7 (10 pixels)"
    assert told["size"] == "the label is 40x64, its image 48x64 (height x width)"
    assert told["all-ignored"] == "all 3,072 pixels are ignored"
    assert told["copy"] == "pixel for pixel 'images/012.png'"
    assert told["alike"] == "nearly 'images/016.png' of 'test'"
    assert told["depth"] == "deeper than 8 bits (Pillow mode I;16), most others are 8-bit"
    assert told["double-entry"] == "'011' in lines 13 and 14"
    assert told["missing-image"] == "line 15 lists 'gone', and no image of that name is there"
    assert told["split-file"] == (
        "Windows line ends (CRLF) in 14 lines, the first of them line 1; nothing in line 11;"
        " spaces around the name in line 12"
    )
    assert told["exif-size"] == ("the label is 64x48 as the file is stored, its image upright 48x64 (height x width)")


def test_a_clean_set_has_no_finding(tmp_path, examine):
    checkup = examine(draw_clean(tmp_path))

    assert checkup.groups == []
    assert [holds.images for holds in checkup.holds.values()] == [12, 4, 4]
    assert checkup.holds["train"].pixels.tolist() == [12 * 1024] * 3
    assert checkup.holds["train"].sizes.median == (48, 64)


def test_drawn_sets_of_every_layout_have_no_error(tmp_path, examine, kinds):
    def errors(checkup):
        return [finding for group in checkup.groups if group.severity == "error" for finding in group.findings]

    # black pictures with one blob are copies of each other, which is no false alarm: only their content is judged
    voc = examine(draw_voc(tmp_path / "voc"), Voc)
    assert {finding.kind for finding in errors(voc)} <= {"copy"}
    city = examine(draw_cityscapes(tmp_path / "city"), Cityscapes)
    assert {finding.kind for finding in errors(city)} <= {"copy"}
    cells = examine(draw_cells(tmp_path / "cells"))
    assert {finding.kind for finding in errors(cells)} <= {"copy"}
    assert cells.survey.reader.instances
    assert errors(examine(draw_threads(tmp_path / "threads"), label_map={0: 0, 255: 1})) == []


@pytest.mark.parametrize(
    ("folder", "reader", "options", "genuine"),
    [
        ("camvid", Folder, {}, set()),
        ("coco_tiny", Coco, {}, set()),
        (
            "dsb2018_fluo",
            Coco,
            {
                "annotations": "instances_{split}.json",
                "images": "images",
                "train_split": None,
                "val_split": "val",
                "test_split": None,
            },
            set(),
        ),
        ("cityscapes_mini", Cityscapes, {"val_split": None, "test_split": None}, set()),
        ("voc_labelme", Voc, {"train_split": None}, set()),
        # label maps alone: there are no photographs to read
        ("voc2012_masks", Voc, {}, {"refused", "missing-image", "missing-split"}),
    ],
)
def test_real_sets_are_not_accused(real_data, examine, folder, reader, options, genuine):
    checkup = examine(real_data / folder, reader, limit=4, workers=2, **options)

    found = {group.kind for group in checkup.groups if group.severity == "error"}
    assert found <= genuine, [(group.title, group.findings[:3]) for group in checkup.groups]


def test_a_split_of_which_all_is_ignored_is_one_error_that_names_its_labels(tmp_path, examine):
    import numpy as np
    from PIL import Image

    root = draw_clean(tmp_path)
    for number in range(12, 16):
        Image.fromarray(np.full((48, 64), 255, dtype=np.uint8)).save(root / "labels" / f"{number:03d}.png")

    [group] = examine(root).groups

    assert (group.kind, group.severity, group.count) == ("all-ignored", "error", 4)
    assert group.findings[0].file == "labels/012.png"
    assert group.findings[0].what == "all 3,072 pixels are ignored, as in all 4 labels of 'val'"
    assert group.todo.startswith("Nothing can be learnt or scored on 'val': name another split")
    one = examine(root, limit=1).groups
    assert [group.severity for group in one] == ["warning"]  # the rest was not looked at


def test_an_entry_without_image_is_told_once_though_its_label_is_there(tmp_path, examine):
    root = draw_clean(tmp_path)
    (root / "images/005.png").unlink()
    [group] = examine(root).groups
    assert (group.kind, group.count) == ("missing-image", 1)
    assert group.findings[0].what == "line 6 lists '005', and no image of that name is there, though its label is"


def test_empty_files_and_what_is_no_picture_are_told_apart(tmp_path, examine):
    root = draw_clean(tmp_path)
    (root / "images/000.png").write_bytes(b"")
    (root / "images/001.png").write_bytes(b"<html>404</html>")
    (root / "labels/002.png").write_bytes(b"")

    found = {finding.file: finding.what for group in examine(root).groups for finding in group.findings}

    assert found == {
        "images/000.png": "the file is empty (0 bytes)",
        "images/001.png": "is no picture, or damaged from its beginning",
        "labels/002.png": "the file is empty (0 bytes)",
    }


def test_blank_images_are_not_also_copies_of_each_other(tmp_path, examine, kinds):
    from PIL import Image

    root = draw_clean(tmp_path)
    for number in (3, 13):
        Image.new("RGB", (64, 48)).save(root / "images" / f"{number:03d}.png")
    assert kinds(examine(root)) == {"constant": 2}


def test_a_split_that_its_reader_refuses_comes_with_what_to_do(tmp_path, examine):
    root = draw_voc(tmp_path)
    (root / "ImageSets/Segmentation/val.txt").unlink()
    refused = [group for group in examine(root, Voc).groups if group.kind == "refused"]
    assert [group.todo for group in refused] == [
        "Add what is missing, or name another split, null for none: data.val_split=… data.test_split=…."
    ]


def test_classes_that_never_occur_are_named(tmp_path, examine):
    import numpy as np
    from PIL import Image

    root = draw_clean(tmp_path)
    for number in range(12, 16):
        path = root / "labels" / f"{number:03d}.png"
        label = np.asarray(Image.open(path))
        Image.fromarray(np.where(label == 2, 0, label).astype(np.uint8)).save(path)

    [group] = examine(root).groups
    assert (group.kind, group.severity) == ("absent-class", "warning")
    assert (group.findings[0].file, group.findings[0].what) == ("val", "stem: no pixel in 4 labels")


def test_a_folder_without_split_files_is_listed_by_its_folders(tmp_path, examine, kinds):
    root = draw_cells(tmp_path)
    (root / "images" / "train" / "03.png").unlink()
    (root / "labels" / "train" / "04.png").unlink()
    (root / "instances" / "train" / "05.png").unlink()

    found = kinds(examine(root))

    assert found["orphan-label"] == 2  # the label and the id map
    assert found["missing-label"] == 1
    assert found["missing-ids"] == 1


def test_copies_that_differ_in_their_suffix_and_one_split_for_two_roles(tmp_path, examine, kinds):
    from PIL import Image

    root = draw_clean(tmp_path)
    Image.open(root / "images" / "003.png").save(root / "images" / "003.bmp")
    checkup = examine(root, val_split="train")

    assert kinds(checkup) == {"double-name": 1, "same-split": 1}
    assert checkup.groups[1].findings[0].what == "train and val read the same split 'train'"


def test_a_split_that_is_missing_or_has_no_labels(tmp_path, examine, kinds):
    root = draw_clean(tmp_path)
    for number in range(16, 20):
        (root / "labels" / f"{number:03d}.png").unlink()
    assert kinds(examine(root, val_split="other")) == {"missing-split": 1, "no-labels": 1}


def test_what_is_missing_of_fixed_layouts_is_named_file_by_file(tmp_path, examine, kinds):
    from PIL import Image

    city = draw_cityscapes(tmp_path / "city")
    (city / "gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png").unlink()
    (city / "leftImg8bit/train/ulm/ulm_000002_000019_leftImg8bit.png").unlink()
    checkup = examine(city, Cityscapes)
    named = {group.kind: group.findings[0].file for group in checkup.groups if group.kind != "copy"}
    assert named == {
        "missing-label": "leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png",
        "orphan-label": "gtFine/train/ulm/ulm_000002_000019_gtFine_labelIds.png",
    }

    voc = draw_voc(tmp_path / "voc")
    (voc / "JPEGImages/2008_000003.jpg").unlink()
    label = voc / "SegmentationClass/2008_000001.png"
    Image.open(label).convert("RGB").save(label)
    checkup = examine(voc, Voc)
    found = {group.kind: group for group in checkup.groups}
    assert found["missing-image"].findings[0].what.startswith("line 4 lists '2008_000003', and 'JPEGImages/")
    assert found["colors"].todo.startswith("It lost its palette when it was converted to RGB: take the original PNG")
    assert found["colors"].todo.endswith("`fix=DIR` writes class indices.")
    assert checkup.cure.colors[128, 0, 0] == 1 and checkup.cure.colors[224, 224, 192] == -1
    picture = np.asarray(Image.open(label)).copy()
    picture[0, 0] = (1, 2, 3)
    Image.fromarray(picture).save(label)
    assert examine(voc, Voc).cure.colors == {}  # smoothed or redrawn: the originals are wanted


def test_names_that_are_no_text_can_be_told(tmp_path, examine):
    root, odd = draw_clean(tmp_path), os.fsdecode(b"odd\xff.png")
    (root / "splits" / "train.txt").unlink()
    for kind in ("images", "labels"):
        (root / kind / "train").mkdir()
        (root / kind / "000.png").rename(root / kind / "train" / odd)

    checkup = examine(root, val_split=None, test_split=None)

    assert checkup.survey.splits[0].view.file(0) == "images/train/odd\\udcff.png"
    checkup.survey.splits[0].view.file(0).encode("utf-8")


def test_synthetic_sets_can_be_looked_at():
    checkup = check(survey(Disks, {"counts": {"train": 6, "val": 3, "test": 0}}), workers=2)
    assert checkup.groups == []
    assert [holds.images for holds in checkup.holds.values()] == [6, 3]


def test_whatever_a_reader_of_ones_own_raises_is_the_finding(tmp_path):
    import torch

    from segladder.types import DatasetInfo

    class Own:
        root = None

        def __init__(self, seed=0):
            self.info = DatasetInfo(name="own", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False,) * 2)

        def dataset(self, split, *, run_seed):
            return Source() if split == "train" else None

    class Source:
        synthetic = False

        def __len__(self):
            return 3

        def __getitem__(self, key):
            if key[1] == 1:
                raise KeyError("no such thing")
            noise = torch.randint(0, 255, (3, 8, 8), dtype=torch.uint8)
            return {"image": noise, "semantic": torch.arange(64).reshape(8, 8) % 2, "image_id": str(key[1])}

    checkup = check(survey(Own, {}), workers=0)

    [group] = checkup.groups
    assert (group.kind, group.findings[0].file) == ("refused", "1")
    assert group.findings[0].what == "KeyError: 'no such thing'"
    assert group.todo == "Correct these samples, or take them out; data.on_bad_sample=skip goes on without them."
    assert checkup.holds["train"].pixels.tolist() == [64, 64]


def test_what_makes_no_sense_as_a_whole_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"is not there. Point data.root at the folder"):
        survey(Folder, {"root": tmp_path / "nowhere"})
