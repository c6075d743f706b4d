"""A corrected copy: nothing of the original is touched, and what is left can be trained on."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from drawn_coco import draw_coco
from drawn_faults import draw_clean, drawn, plant, write_pair
from drawn_sets import draw_cells, draw_cityscapes, draw_voc
from segladder.data import CocoDataModule, DataError, FolderDataModule
from segladder.data.doctor.fix import destination, write_fixed
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
    assert "Wrote " in told and f"segladder train data=folder data.root={copy}" in told
    assert "images that cannot be read (1)" in told
    assert "Corrected: entries without an image (1)" in told
    assert "Not to be fixed here: nearly the same image in two splits (1)" in told
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


def test_what_is_told_of_an_upright_image_is_applied_to_it(tmp_path, examine, kinds):
    root = draw_clean(tmp_path / "set")
    image = Image.open(root / "images/001.png")
    exif = image.getexif()
    exif[0x0112] = 3
    Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(image), 2))).save(root / "images/001.png", exif=exif)
    checkup = examine(root)
    assert kinds(checkup) == {"exif": 1}

    written(checkup, tmp_path / "copy")

    assert np.array_equal(np.asarray(Image.open(tmp_path / "copy/images/train/001.png")), np.asarray(image))
    assert examine(tmp_path / "copy").groups == []


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
    assert "segladder train data=coco data.root=" in told and '"data.images=images/{split}"' in told
    again = examine(tmp_path / "copy", Coco, images="images/{split}")
    assert not {"annotation", "box", "unreadable-image"} & kinds(again).keys()
    module = CocoDataModule(root=tmp_path / "copy", images="images/{split}", num_workers=0, instances=True)
    assert len(module.samples("train")) == 5
    assert module.samples("train").plain(0)["objects"].boxes[0].tolist() == [20, 10, 40, 16]


def test_where_a_copy_cannot_go(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"is there already and not empty. Name a new folder"):
        destination(str(tmp_path / "full"), root)
    with pytest.raises(DataError, match=r"lies in data.root .*, which is never written to. Name another folder."):
        destination(str(root / "fixed"), root)
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(DataError, match=r"lies in data.root"):
        destination(str(tmp_path / "link" / "fixed"), root)
    with pytest.raises(DataError, match=r"Leave data.limit out"):
        written(examine(root, limit=2), tmp_path / "copy")


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    checkup = examine(root)
    (root / "images/003.png").unlink()
    with pytest.raises((DataError, OSError)):
        written(checkup, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
