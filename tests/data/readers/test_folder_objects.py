"""The instance view of `data=folder`."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco

from drawn_sets import draw_cells
from segladder.data.errors import DataError
from segladder.data.readers.folder import Folder


def painted(objects):
    """The id map again, and the class of each object's pixels."""
    ids, classes = np.zeros((2, *objects.size), dtype=np.int64)
    for mask, number, label in zip(objects.masks, objects.ids, objects.labels, strict=True):
        inside = coco.decode(mask).astype(bool)
        ids[inside], classes[inside] = number, label
    return ids, classes


@pytest.mark.parametrize("heap", [False, True])
def test_id_maps_beside_labels_tell_objects_apart(tmp_path, heap):
    root = draw_cells(tmp_path / "cells")
    if heap:
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("".join(f"{number:02d}.png\n" for number in range(6)))
        for kind in ("images", "labels", "instances"):
            for path in sorted((root / kind / "train").iterdir()):
                path.rename(root / kind / path.name)
    folder = Folder(root=root, val_split=None, instances=True)
    assert folder.info.things == (False, True, True)
    train = folder.dataset("train", run_seed=0)
    found = 0
    for index in range(6):
        sample = train[(0, index)]
        ids, classes = painted(sample["objects"])
        assert np.array_equal(ids, np.asarray(Image.open(train.pairs[index].ids)))
        assert np.array_equal(classes, sample["semantic"].numpy())
        assert train.objects(index).ids.tolist() == sample["objects"].ids.tolist()
        found += len(sample["objects"])
    assert found == 36 and len(train.objects(2)) == 0


def test_the_semantic_view_holds_no_objects_and_keeps_its_digest(tmp_path):
    root = draw_cells(tmp_path / "cells")
    semantic, instances = (Folder(root=root, instances=view).dataset("train", run_seed=0) for view in (False, True))
    assert "objects" not in semantic[(0, 0)]
    digest, with_objects = semantic.digest(), instances.digest()
    (root / "instances/train/00.png").write_bytes((root / "instances/train/00.png").read_bytes() + b" ")
    assert instances.digest() != with_objects != digest
    for path in (root / "instances").glob("*/*"):
        path.unlink()
    assert Folder(root=root).dataset("train", run_seed=0).digest() == digest


@pytest.mark.parametrize("place", ["instances", "labels"])
def test_id_maps_alone_are_enough_for_one_class_of_objects(tmp_path, place):
    root = draw_cells(tmp_path / "cells", labels=False)
    (root / "instances").rename(root / place)
    for view in (False, True):
        folder = Folder(root=root, instances_folder=place, instances=view)
        train = folder.dataset("train", run_seed=0)
        sample = train[(0, 0)]
        ids = np.asarray(Image.open(root / place / "train/00.png"))
        assert ids.max() > 255 and np.array_equal(sample["semantic"].numpy(), ids > 0)
        assert torch.equal(train.semantic(0), sample["semantic"]) and folder.info.label_ids is None
        if view:
            assert np.array_equal(painted(sample["objects"])[0], ids)
            assert set(sample["objects"].labels.tolist()) == {1}


def test_the_class_of_objects_need_not_be_the_last(tmp_path):
    root = draw_cells(tmp_path / "cells", labels=False)
    (root / "dataset.json").write_text('{"classes": ["cell", "dish"], "things": ["cell"]}')
    sample = Folder(root=root, instances=True).dataset("train", run_seed=0)[(0, 0)]
    ids = np.asarray(Image.open(root / "instances/train/00.png"))
    assert np.array_equal(sample["semantic"].numpy(), ids == 0) and set(sample["objects"].labels.tolist()) == {0}


def test_images_alone_have_no_objects(tmp_path):
    root = draw_cells(tmp_path / "cells")
    assert "objects" not in Folder(root=root, instances=True).unlabelled("train")[(0, 0)]


def without_objects(root, how):
    options = {}
    if how == "no folder":
        (root / "instances").rename(root / "ids")
    elif how == "no class":
        options["classes"] = ["a", "b", "c"]
    elif how == "classes unknown":
        (root / "labels").rename(root / "away")
    elif how == "labels are ids":
        options["instances_folder"] = "labels"
    elif how == "null folder":
        options["instances_folder"] = None
    elif how == "label map":
        (root / "labels").rename(root / "away")
        options |= {"classes": ["background", "cell"], "label_map": {0: 0, 255: 1}}
    elif how == "one missing":
        (root / "instances/train/04.png").unlink()
    elif how == "all missing":
        for path in (root / "instances/train").iterdir():
            path.unlink()
    elif how == "no image":
        Image.new("L", (48, 40)).save(root / "instances/train/77.png")
    elif how == "size":
        Image.new("L", (40, 48)).save(root / "instances/train/00.png")
    elif how == "colours":
        Image.new("RGB", (48, 40), (9, 8, 7)).save(root / "instances/train/00.png")
    elif how == "stuff":
        Image.new("L", (48, 40), 7).save(root / "instances/train/02.png")
    return options


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no folder", "Data set 'cells' tells no objects apart: '{root}/instances' is not there. Put id maps there (0"),
        ("no class", 'names no class of objects. Write their names into dataset.json, as in "things": ["c"], or call'),
        (
            "classes unknown",
            "The id maps of '{root}/instances' say no classes: that is enough for two classes of which one is objects,"
            " and this set has 3 (background, cell, rod; objects: cell, rod). Put labels into '{root}/labels', and id",
        ),
        ("labels are ids", "The id maps of '{root}/labels' say no classes"),
        ("null folder", "data.instances_folder is None. Give the name of the folder of id maps, as in instances."),
        ("label map", "data.label_map (or label_map of dataset.json) has no effect on '{root}': its labels are the id"),
        (
            "one missing",
            "Image '{root}/images/train/04.png' has a label but no id map that tells its objects apart:"
            " '{root}/instances/train/04.png' is missing. Add it (all 0 if there is none), or take the image out",
        ),
        ("all missing", "'{root}/instances/train/00.png' is missing. 6 of 6 images are so."),
        (
            "no image",
            "Id map '{root}/instances/train/77.png' has no image ('{root}/images/train/77.*' is missing); 1 of 7 id",
        ),
        (
            "size",
            "Image '{root}/images/train/00.png' is 40x48 but its id map '{root}/instances/train/00.png' is 48x40"
            " (height x width). The image may carry an EXIF orientation that its id map was drawn without. Store",
        ),
        ("colours", "'{root}/instances/train/00.png' is a colour picture (Pillow mode RGB; 1 colours, e.g. (9, 8, 7))"),
        ("stuff", "Id 7 of '{root}/instances/train/02.png' lies on 1,920 pixels of background of its label: class"),
    ],
)
def test_objects_that_cannot_be_read_are_explained(tmp_path, how, sentence):
    root = draw_cells(tmp_path / "cells")
    options = without_objects(root, how)
    with pytest.raises(DataError) as error:
        train = Folder(root=root, instances=True, **options).dataset("train", run_seed=0)
        for index in range(len(train)):
            train[(0, index)]
    assert sentence.format(root=root) in str(error.value)


def test_without_its_image_an_id_map_must_be_of_its_labels_size(tmp_path):
    root = draw_cells(tmp_path / "cells")
    Image.new("L", (40, 48)).save(root / "instances/train/00.png")
    with pytest.raises(DataError) as error:
        Folder(root=root, instances=True).dataset("train", run_seed=0).objects(0)
    assert str(error.value).startswith(
        f"Id map '{root}/instances/train/00.png' is 48x40 but its label '{root}/labels/train/00.png' is 40x48"
    )


def test_real_nuclei_are_those_of_the_published_json(real_data):
    root = real_data / "dsb2018_fluo"
    folder = Folder(root=root, classes=["background", "nucleus"], instances_folder="labels", instances=True)
    val = folder.dataset("val", run_seed=0)
    published = json.loads((root / "instances_val.json").read_text())
    names = {image["id"]: image["file_name"].removesuffix(".png") for image in published["images"]}
    expected = sorted((names[one["image_id"]], one["area"], *one["bbox"]) for one in published["annotations"])
    found = []
    for index, pair in enumerate(val.pairs):
        objects = val.objects(index)
        for area, (left, top, right, bottom) in zip(objects.areas, objects.boxes, strict=True):
            found.append((pair.image_id, area, left, top, right - left, bottom - top))
    assert sorted(found) == expected and len(found) == 1891


def test_a_set_of_real_street_scenes_without_objects_says_so(camvid):
    with pytest.raises(DataError, match=r"Data set 'camvid' tells no objects apart: '.*instances' is not there\."):
        Folder(root=camvid, name="camvid", instances=True)
