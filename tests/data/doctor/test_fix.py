"""A corrected copy: nothing of the original is touched, and what is left can be trained on."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from PIL import Image

from drawn_coco import draw_coco
from drawn_faults import draw_clean, drawn, plant, write_pair
from drawn_sets import draw_cells, draw_cityscapes, draw_voc
from segladder.data import CocoDataModule, DataError, Disks, FolderDataModule
from segladder.data.doctor.destination import destination
from segladder.data.doctor.fix import require_copyable, write_fixed
from segladder.data.doctor.survey import survey
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.coco import Coco
from segladder.data.readers.voc import Voc


def written(checkup, path, *, workers=0):
    return "\n".join(write_fixed(checkup, destination(str(path), checkup.survey.root), workers=workers))


def fingerprint(root):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("workers", [0, 2])
def test_of_the_planted_set_what_can_be_used_is_left(tmp_path, examine, kinds, workers):
    root, copy = tmp_path / "set", tmp_path / "copy"
    plant(draw_clean(root))
    before = fingerprint(root)

    told = written(examine(root), copy, workers=workers)

    assert fingerprint(root) == before
    assert "Writing 12 images with their labels" in told and " free)" in told
    assert f"Wrote {copy}: 4 of 12 images of train, 4 of 4 images of val, 4 of 4 images of test\n" in told
    _, corrected, left_out, left = re.split("Corrected:|Left out:|Left as it is:", told)
    assert corrected.count("\n      1  ") == 3 and "labels drawn without the image's EXIF rotation" in corrected
    assert left_out.count("\n      1  ") == 10 and "the same image in two splits" in left_out
    assert left.startswith("\n      1  nearly the same image in two splits: whether they are copies or neighbouring")
    assert told.endswith(
        f"The copy was looked at again: 0 errors, 1 warning. Train with\n  segladder train data=folder data.root={copy}"
    )
    assert kinds(examine(copy)) == {"alike": 1}
    # the one drawn on the stored picture: both are as the label was drawn
    assert Image.open(copy / "images/train/007.png").size == Image.open(copy / "labels/train/007.png").size == (48, 64)
    batch = next(iter(FolderDataModule(root=copy, batch_size=2, num_workers=0).val_dataloader()))
    assert batch["image"].shape == (2, 3, 48, 64)
    assert not list(tmp_path.glob(".copy*"))


def test_labels_are_mapped_and_colours_become_classes(tmp_path, examine):
    root, random = tmp_path / "set", np.random.default_rng(5)
    palette = np.array([[10, 0, 0], [0, 200, 0], [0, 0, 200]], dtype=np.uint8)
    labels = {}
    for number in range(3):
        image, labels[number] = drawn(random)
        write_pair(root, f"{number}", image, palette[labels[number]])
    (root / "splits").mkdir()
    (root / "splits/train.txt").write_text("0\n1\n2\n")
    (root / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"], "palette": palette.tolist()}))

    checkup = examine(root, val_split=None, test_split=None)
    written(checkup, tmp_path / "copy")

    for number, label in labels.items():
        assert np.array_equal(np.asarray(Image.open(tmp_path / f"copy/labels/train/{number}.png")), label)
    again = examine(tmp_path / "copy", val_split=None, test_split=None)
    assert again.groups == []
    assert again.survey.info.classes == ("a", "b", "c")


def test_masks_of_0_and_255_and_classes_counted_from_one(tmp_path, examine):
    for name, values, classes in (("mask", [0, 255, 0], ["no", "yes"]), ("one", [1, 2, 3], ["a", "b", "c"])):
        root, random = tmp_path / name, np.random.default_rng(6)
        expected = {}
        for number in range(3):
            image, label = drawn(random)
            expected[number] = label % 2 if name == "mask" else label
            write_pair(root, str(number), image, np.array(values, dtype=np.uint8)[label])
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("0\n1\n2\n")
        (root / "dataset.json").write_text(json.dumps({"classes": classes}))
        written(examine(root, val_split=None, test_split=None), tmp_path / f"{name}-copy")
        for number, label in expected.items():
            found = np.asarray(Image.open(tmp_path / f"{name}-copy/labels/train/{number}.png"))
            assert np.array_equal(found, label)


def test_a_copy_is_not_made_by_guessing_nor_of_nothing(tmp_path, examine):
    random = np.random.default_rng(7)
    for name, values in (("doubt", [0, 3, 1]), ("nothing", [7, 8, 9])):
        root = tmp_path / name
        for number in range(3):
            image, label = drawn(random)
            write_pair(root, str(number), image, np.array(values, dtype=np.uint8)[label])
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("0\n1\n2\n")
        (root / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"]}))
        told = r"fix= does not guess: value 3 may be" if name == "doubt" else r"each of the 3 images has a fault"
        with pytest.raises(DataError, match=told):
            written(examine(root, val_split=None, test_split=None), tmp_path / f"{name}-copy")
        assert not (tmp_path / f"{name}-copy").exists()


def test_black_that_the_palette_lacks_is_void(tmp_path, examine):
    root, random = tmp_path / "set", np.random.default_rng(8)
    palette = np.array([[200, 10, 10], [0, 200, 0], [0, 0, 200]], dtype=np.uint8)
    image, label = drawn(random)
    picture = palette[label]
    picture[:3] = 0
    write_pair(root, "0", image, picture)
    (root / "splits").mkdir()
    (root / "splits/train.txt").write_text("0\n")
    (root / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"], "palette": palette.tolist()}))
    written(examine(root, val_split=None, test_split=None), tmp_path / "copy")
    found = np.asarray(Image.open(tmp_path / "copy/labels/train/0.png"))
    assert (found[:3] == 255).all() and np.array_equal(found[3:], label[3:])


def test_objects_and_fixed_layouts_become_folders_that_are_read_alike(tmp_path, examine):
    for name, draw, reader in (
        ("cells", draw_cells, None),
        ("voc", draw_voc, Voc),
        ("city", lambda root: draw_cityscapes(root, per_city=2), Cityscapes),
    ):
        root, copy = draw(tmp_path / name), tmp_path / f"{name}-copy"
        checkup = examine(root) if reader is None else examine(root, reader)
        for group in list(checkup.groups):  # copies among so small drawings are no matter here
            if group.kind == "copy":
                checkup.groups.remove(group)
        told = written(checkup, copy)
        ours = FolderDataModule(root=copy, batch_size=2, num_workers=0, instances=True)
        view = checkup.survey.splits[0].view
        theirs = type(checkup.survey.reader)(root=root, instances=True).dataset("train", run_seed=0)
        if name == "cells":
            from segladder.data.readers.folder import Folder

            theirs = Folder(root=root, instances=True).dataset("train", run_seed=0)
        samples = ours.samples("train")
        assert len(samples) == len(view) == len(theirs)
        for index in (0, len(samples) - 1):
            one, other = samples.plain(index), theirs[index]
            assert np.array_equal(one["image"], other["image"])
            assert np.array_equal(one["semantic"], other["semantic"])
            single = ~other["objects"].iscrowd
            assert one["objects"].labels.tolist() == other["objects"].labels[single].tolist()
        if name != "cells":
            assert "data.test_split=val" in told


def test_a_coco_set_stays_one(tmp_path, examine, kinds):
    root = draw_coco(tmp_path / "coco", counts={"train2017": 6, "val2017": 2})
    for number, path in enumerate(sorted(root.glob("*2017/*.png"))):
        image = Image.open(path)
        image.putpixel((3, number), (number, 255, 0))
        image.save(path)
    path = root / "annotations/instances_train2017.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["category_id"] = 99
    content["annotations"][1]["bbox"] = [0, 0, 5, 5]
    path.write_text(json.dumps(content))
    (root / "train2017/train2017_003.png").write_bytes(b"x")
    before = fingerprint(root)

    told = written(examine(root, Coco), tmp_path / "copy")

    assert fingerprint(root) == before
    assert "segladder train data=coco data.root=" in told
    again = examine(tmp_path / "copy", Coco)
    assert not {"annotation", "box", "unreadable-image"} & kinds(again).keys()
    module = CocoDataModule(root=tmp_path / "copy", num_workers=0, instances=True)
    assert len(module.samples("train")) == 5
    assert module.samples("train").plain(0)["objects"].boxes[0].tolist() == [20, 10, 40, 16]


def test_what_cannot_be_copied_is_said():
    disks = survey(Disks, {"counts": {"train": 2, "val": 2, "test": 0}})
    with pytest.raises(
        DataError, match=r"fix= cannot copy 'disks': sets that are no image and label files are checked, and not"
    ):
        require_copyable(disks)


def test_a_part_of_a_data_set_is_not_copied(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    with pytest.raises(DataError, match=r"Leave data.limit out"):
        written(examine(root, limit=2), tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    checkup = examine(root)
    (root / "images/003.png").unlink()
    with pytest.raises(DataError, match=r"cannot be written \(No such file or directory\). Name another folder"):
        written(checkup, tmp_path / "copy", workers=2)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_what_only_a_mended_fault_brought_about_is_gone_too(tmp_path, examine, kinds):
    root = draw_clean(tmp_path / "set")
    for path in root.glob("labels/00?.png"):  # most of train: its only ones with a stem
        label = np.asarray(Image.open(path))
        Image.fromarray(np.where(label == 2, 9, label).astype(np.uint8)).save(path)
    for name in ("010", "011"):
        label = np.asarray(Image.open(root / f"labels/{name}.png"))
        Image.fromarray(np.minimum(label, 1)).save(root / f"labels/{name}.png")
    checkup = examine(root)
    assert kinds(checkup)["values"] == 10

    told = written(checkup, tmp_path / "copy")

    assert "Wrote " in told and ": 2 of 12 images of train, 4 of 4 images of val" in told
    # no label of train that is left shows a stem, and the summary says so
    assert re.search(r"\n      1  classes that never occur", told)
    assert "The copy was looked at again: 0 errors, 1 warning." in told


def test_namesakes_with_other_pixels_are_left_out_and_true_copies_are_not(tmp_path, examine, kinds):
    root = draw_clean(tmp_path / "set")
    Image.open(root / "images/003.png").save(root / "images/003.bmp")
    Image.open(root / "images/005.png").save(root / "images/004.bmp")
    assert kinds(examine(root)) == {"double-name": 2}

    told = written(examine(root), tmp_path / "copy")

    assert "Corrected:\n      1  files that differ" in told and "Left out:\n      1  files that differ" in told
    assert sorted(path.name for path in (tmp_path / "copy/images/train").glob("00[345]*")) == ["003.bmp", "005.png"]
    assert "The copy was looked at again: nothing was found." in told


def test_a_first_image_that_decides_for_all_others_decides_no_more(tmp_path, examine, kinds):
    root = draw_clean(tmp_path / "set")
    Image.open(root / "images/000.png").convert("L").save(root / "images/000.png")
    assert kinds(examine(root)) == {"first-image": 1}

    told = written(examine(root), tmp_path / "copy")

    assert "Corrected:\n      1  a first image" in told and "Left out:" not in told
    assert examine(tmp_path / "copy").survey.info.channels == 3


def test_a_coco_set_without_its_images_has_nothing_to_copy(tmp_path, examine):
    root = draw_coco(tmp_path / "coco")
    for folder in root.glob("*2017"):
        folder.rename(root / f"moved-{folder.name}")
    with pytest.raises(DataError, match=r"fix= has nothing to write: each of the 9 images"):
        written(examine(root, Coco), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_of_copies_in_two_splits_the_one_that_can_be_used_stays(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    for name, twin in (("001", "012"), ("002", "013")):
        (root / f"images/{name}.png").write_bytes((root / f"images/{twin}.png").read_bytes())
    (root / "labels/013.png").write_bytes(b"no picture")

    told = written(examine(root), tmp_path / "copy")

    assert ": 11 of 12 images of train, 3 of 4 images of val" in told
    assert (tmp_path / "copy/images/train/002.png").is_file()
    assert (tmp_path / "copy/images/val/012.png").is_file()


def test_an_id_map_that_contradicts_its_mended_label_is_left_out_and_named(tmp_path, examine):
    root = draw_cells(tmp_path / "cells")
    for path in root.glob("labels/*/*.png"):
        Image.fromarray(np.asarray(Image.open(path)) + 1).save(path)
    label = np.asarray(Image.open(root / "labels/train/01.png"))
    Image.fromarray(np.where(label > 1, 1, label).astype(np.uint8)).save(root / "labels/train/01.png")

    told = written(examine(root), tmp_path / "copy", workers=2)

    assert re.search(r"Left out while writing: Id \d+ of '.*instances/train/01.png' lies on", told)
    assert not list((tmp_path / "copy").glob("*/train/01.*"))
    assert len(FolderDataModule(root=tmp_path / "copy", num_workers=0, instances=True).samples("train")) > 0


def test_a_voc_label_without_its_palette_becomes_classes_again(tmp_path, examine):
    root = draw_voc(tmp_path / "voc")
    label = root / "SegmentationClass/2008_000001.png"
    classes = np.asarray(Image.open(label))
    assert (classes == 255).any()
    void = np.where(
        (classes == 255)[..., None], np.array([224, 224, 192]), np.asarray(Image.open(label).convert("RGB"))
    )
    Image.fromarray(void.astype(np.uint8)).save(label)
    checkup = examine(root, Voc)
    checkup.groups[:] = [group for group in checkup.groups if group.kind == "colors"]

    told = written(checkup, tmp_path / "copy")

    assert "Corrected:\n      1  labels stored as colour pictures" in told and "Left out" not in told
    assert np.array_equal(np.asarray(Image.open(tmp_path / "copy/labels/train/2008_000001.png")), classes)


def test_a_file_that_two_splits_list_counts_once_and_is_corrected_where_it_stays(tmp_path, examine, kinds):
    root = draw_clean(tmp_path / "set")
    for name in ("012", "013"):
        label = root / f"labels/{name}.png"
        label.write_bytes(b"no picture") if name == "013" else Image.open(label).convert("RGB").save(label)
    with (root / "splits/train.txt").open("a") as file:
        file.write("012\n013\n")
    palette = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    content = json.loads((root / "dataset.json").read_text()) | {"palette": palette}
    (root / "dataset.json").write_text(json.dumps(content))
    label = np.asarray(Image.open(root / "labels/014.png"))
    Image.fromarray(np.array(palette, dtype=np.uint8)[label]).save(root / "labels/012.png")
    checkup = examine(root)
    assert kinds(checkup) == {"unreadable-label": 1, "colors": 1, "copy": 2}

    told = written(checkup, tmp_path / "copy")

    # val and test stay whole, as far as they can be used: scores stay comparable
    assert ": 12 of 14 images of train, 3 of 4 images of val, 4 of 4 images of test" in told
    assert "Corrected:\n      1  labels stored as colour pictures\nLeft out:\n" in told
    assert "      1  labels that cannot be read\n      2  the same image in two splits" in told


def test_the_command_of_a_copy_with_fewer_samples_than_a_batch_says_how_many_it_takes(tmp_path, examine):
    root = draw_clean(tmp_path / "set", counts={"train": 6, "val": 2, "test": 2})
    (root / "labels/003.png").unlink()
    for batch, words in ((8, " data.batch_size=5"), (5, "")):
        target = destination(str(tmp_path / f"copy{batch}"), root)
        *_, command = write_fixed(examine(root), target, workers=0, batch_sizes={"folder": batch, "coco": 1})
        assert command == f"  segladder train data=folder data.root={target.path}{words}"
