import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from segladder.data.errors import DataError
from segladder.data.formats import format_of
from segladder.data.formats.annotations import AnnotatedImage, AnnotatedObject, Reading, Writing
from segladder.data.formats.lost import Lost


def square(left, top, side, *, label=0, **more):
    corners = [left, top, left + side, top, left + side, top + side, left, top + side]
    return AnnotatedObject(
        label=label, box=(left, top, left + side, top + side), polygons=[[float(c) for c in corners]], **more
    )


def test_the_layout_is_that_of_data_folder(through, tmp_path):
    objects = [square(0, 0, 2, label=1), square(3, 1, 2)]
    through("ids", [AnnotatedImage(name="train/a.jpg", size=(4, 6), objects=objects)])
    ids = Image.open(tmp_path / "ids/instances/train/a.png")
    labels = Image.open(tmp_path / "ids/labels/train/a.png")
    assert (ids.mode, labels.mode) == ("I;16", "P")
    assert np.array_equal(np.asarray(ids)[:3, :5], [[1, 1, 0, 0, 0], [1, 1, 0, 2, 2], [0, 0, 0, 2, 2]])
    assert np.array_equal(np.asarray(labels)[:3, :5], [[2, 2, 0, 0, 0], [2, 2, 0, 1, 1], [0, 0, 0, 1, 1]])
    content = json.loads((tmp_path / "ids/dataset.json").read_text())
    assert content == {"classes": ["background", "cat", "dog"], "things": ["cat", "dog"], "ignore_index": 255}


def test_data_folder_reads_the_objects_that_were_written(through, tmp_path):
    from segladder.data.readers.folder import Folder

    objects = [square(0, 0, 2, label=1), square(3, 1, 2), square(0, 3, 1, crowd=True)]
    through("ids", [AnnotatedImage(name="train/a.png", size=(4, 6), objects=objects)])
    (tmp_path / "ids/images/train").mkdir(parents=True)
    Image.new("RGB", (6, 4)).save(tmp_path / "ids/images/train/a.png")
    sample = Folder(root=tmp_path / "ids", instances=True).dataset("train", run_seed=0)[0]
    found = sample["objects"]
    assert found.labels.tolist() == [2, 1] and found.boxes.tolist() == [[0, 0, 2, 2], [3, 1, 5, 3]]
    assert sample["semantic"][3, 0] == 255 and sample["semantic"][0, 0] == 2


def test_smaller_objects_lie_in_front_and_every_loss_is_counted(through):
    objects = [
        square(1, 1, 2),
        square(0, 0, 5),
        square(0, 0, 1, flags={"difficult": 1}),
        square(0, 0, 1),
        AnnotatedObject(label=0, box=(6, 0, 8, 2)),
        square(5, 3, 3, crowd=True),
    ]
    back, lost = through("ids", [AnnotatedImage(name="a.jpg", size=(6, 8), objects=objects)])
    areas = [int(coco.area(one.mask)) for one in back.images[0].objects]
    assert areas == [4, 25 - 4 - 1, 1, 4]
    assert lost.sentences() == [
        "1 crowd becomes pixels without class: an id map holds single objects",
        "1 box becomes a filled rectangle: an id map holds pixels",
        "1 object is no longer marked as difficult, truncated or the like: an id map has no such marks",
        "1 object has no pixel of its own and is left out",
        "1 object loses pixels to smaller ones over it: an id map holds one object per pixel",
    ]


def test_many_classes_need_16_bits(through, tmp_path):
    names = tuple(f"class {index}" for index in range(300))
    back, _ = through("ids", [AnnotatedImage(name="a.png", size=(4, 4), objects=[square(0, 0, 2, label=299)])], names)
    assert Image.open(tmp_path / "ids/labels/a.png").mode == "I;16"
    assert back.names == names and back.images[0].objects[0].label == 299


def test_classes_without_objects_are_left_out(tmp_path, read):
    for kind, pixels in (("instances", [[0, 1], [2, 2]]), ("labels", [[0, 1], [3, 3]])):
        (tmp_path / kind).mkdir()
        Image.fromarray(np.array(pixels, dtype=np.uint8)).save(tmp_path / kind / "a.png")
    classes = {"classes": ["background", "car", "road", "man"], "things": ["man", "car"]}
    (tmp_path / "dataset.json").write_text(json.dumps(classes))
    lost = Lost()
    found = format_of("ids").read(tmp_path, Reading(lost=lost))
    [image] = found.images
    assert found.names == ("car", "man") and [one.label for one in image.objects] == [0, 1]
    assert lost.sentences() == ["1 class of no objects is left out: their pixels are in labels/ alone"]
    Image.new("L", (3, 2)).save(tmp_path / "labels/a.png")
    with pytest.raises(DataError, match=r"is 2x2 but its label .* is 2x3"):
        read("ids", tmp_path)


def test_what_is_missing_is_told(tmp_path, read):
    with pytest.raises(DataError, match="holds no id maps: 'instances/"):
        read("ids", tmp_path)
    (tmp_path / "instances").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "instances/a.png")
    with pytest.raises(DataError, match=r"no dataset.json that names the classes"):
        read("ids", tmp_path)
    (tmp_path / "dataset.json").write_text('{"classes": ["a", "b"]}')
    with pytest.raises(DataError, match="names no class of objects"):
        read("ids", tmp_path)


def test_nuclei_become_their_own_published_id_maps(real_data, tmp_path):
    root = real_data / "dsb2018_fluo"
    found = format_of("coco").read(root / "instances_val.json", Reading(lost=Lost()))
    images = [image for _, image in zip(range(12), found.images, strict=False)]
    found.images = images
    format_of("ids").write(found, tmp_path, Writing(lost=Lost()))
    for image in images:
        ours = np.asarray(Image.open(tmp_path / "instances" / f"{image.stem}.png")).astype(np.int64)
        theirs = np.asarray(Image.open(root / "labels" / f"{image.stem}.png")).astype(np.int64)
        pairs = np.unique(ours * 65536 + theirs)
        # one number there for one number here
        assert len(pairs) == len(np.unique(ours)) == len(np.unique(theirs)) == len(image.objects) + 1
        assert np.array_equal(ours == 0, theirs == 0)
