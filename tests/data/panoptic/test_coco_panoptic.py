import json

import numpy as np
import pytest
from PIL import Image

from drawn_panoptic import CATEGORIES, SIZE, draw_panoptic, drawn_map, write_map
from segladder.data.errors import DataError
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.masks import decode

CLASS = {1: 0, 18: 1, 200: 2}


@pytest.fixture
def root(tmp_path):
    return draw_panoptic(tmp_path / "coco")


def edited(root, change, split="val2017"):
    """The reader's val split after `change` was made to its JSON."""
    path = root / "annotations" / f"panoptic_{split}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    reader = CocoPanoptic(root=root)
    reader.dataset("train", run_seed=0)
    return reader.dataset("val", run_seed=0)


def test_classes_things_colours_and_ids_are_those_of_the_file(root):
    info = CocoPanoptic(root=root).info
    assert info.classes == ("person", "dog", "grass-merged") and info.things == (True, True, False)
    assert info.label_ids == (1, 18, 200) and info.palette[0] == (220, 20, 60)


def test_a_sample_is_read_as_classes_as_objects_and_as_segments(root):
    dataset = CocoPanoptic(root=root, instances=True).dataset("val", run_seed=0)
    for index in range(3):
        ids, segments = drawn_map(index)
        expected = np.full(SIZE, 255)
        for one in segments:
            expected[ids == one["id"]] = CLASS[one["category_id"]]
        sample = dataset[(0, index)]
        assert sample["image_id"] == str(index + 1) and sample["size"] == SIZE
        assert np.array_equal(sample["semantic"].numpy(), expected)
        assert np.array_equal(dataset.semantic(index).numpy(), expected)
        objects = sample["objects"]
        assert objects.ids.tolist() == [5, 300, 16_000_000] and objects.labels.tolist() == [0, 1, 0]
        assert objects.iscrowd.tolist() == [False, False, bool(index % 2)]
        for number, mask in zip(objects.ids, objects.masks, strict=True):
            assert np.array_equal(decode(mask), ids == number)
        found = dataset.segments(index)
        assert np.array_equal(found.id_map, ids)
        assert found.areas.tolist() == [int((ids == number).sum()) for number in found.ids]


def test_genuine_files_give_the_objects_that_coco_made_of_them(real_data):
    folder = real_data / "coco_panoptic_sample"
    reader = CocoPanoptic(annotations=folder / "panoptic_gt.json", train_split=None, val_split=None)
    dataset = reader.dataset("test", run_seed=0)
    listed = json.loads((folder / "panoptic_coco_detection_format.json").read_text())["annotations"]
    assert len(reader.info.classes) == 133 and sum(reader.info.things) == 80
    for index in range(len(dataset)):
        theirs = sorted(one["area"] for one in listed if str(one["image_id"]) == dataset.image_id(index))
        assert sorted(dataset.segments(index).areas.tolist()) == theirs or not theirs


def test_a_change_of_the_annotations_changes_the_identity_and_an_images_place_does(root):
    first = CocoPanoptic(root=root).dataset("val", run_seed=0)
    assert first.digest() == CocoPanoptic(root=root).dataset("val", run_seed=0).digest()
    assert first.digest([0, 1]) != first.digest()

    def rename(content):
        content["annotations"][0]["segments_info"][0]["iscrowd"] = 1

    assert edited(root, rename).digest() != first.digest()


def test_a_number_that_the_json_lacks_is_told_with_its_pixels(root):
    dataset = edited(root, lambda content: content["annotations"][1]["segments_info"].pop(2))
    ids, _ = drawn_map(1)
    with pytest.raises(
        DataError, match=rf"holds segment 300 \({(ids == 300).sum()} pixels\), which '.*' does not list"
    ):
        dataset.semantic(1)


def test_a_number_that_the_map_lacks_is_told(root):
    def add(content):
        content["annotations"][0]["segments_info"].append({"id": 77, "category_id": 1})

    with pytest.raises(DataError, match="lists segment 77 of image 1, which has no pixel in"):
        edited(root, add).semantic(0)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (
            lambda p: Image.fromarray(drawn_map(0)[0].astype(np.uint16)).save(p),
            "is of mode I;16. Its colours are numbers",
        ),
        (lambda p: Image.fromarray(np.zeros(SIZE, np.uint8)).save(p), "is of mode L"),
        (lambda p: write_map(p, drawn_map(0)[0][:-2]), r"is 22x40, but image 1 is 24x40 \(height x width\)"),
        (lambda p: p.write_bytes(b"\x89PNG"), "cannot be decoded"),
        (lambda p: p.unlink(), "is not there. The PNGs lie in a folder"),
    ],
)
def test_a_map_that_cannot_be_one_is_told(root, write, told):
    write(root / "annotations" / "panoptic_val2017" / "000000000001.png")
    with pytest.raises(DataError, match=told):
        CocoPanoptic(root=root).dataset("val", run_seed=0).semantic(0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c["annotations"][0]["segments_info"][0].update(id=0), "a segment with the id 0"),
        (lambda c: c["annotations"][0]["segments_info"][0].update(category_id="1"), "has category_id '1'"),
        (lambda c: c["annotations"][0]["segments_info"][1].update(id=300), "lists segment 300 twice"),
        (lambda c: c["annotations"].append(c["annotations"][0]), "Image 1 has two annotations"),
        (lambda c: c["annotations"].pop(0), "lists image 1 without an annotation of its segments"),
        (lambda c: c["annotations"][0].update(file_name="../x.png"), "has the file_name '../x.png'"),
        (lambda c: c["categories"][0].update(isthing=None), "'isthing' 0 or 1"),
        (lambda c: c.pop("categories"), "has no 'categories'"),
        (lambda c: c["categories"][0].update(isthing=0), "Category 1 is 'person'"),
        (lambda c: c.update(annotations=[{"image_id": 1, "id": 2, "category_id": 1}]), "this is a file of instances"),
        (lambda c: c["images"][0].update(height=None), "Image 1 needs its 'height' and 'width'"),
    ],
)
def test_an_entry_that_makes_no_sense_is_told(root, change, told):
    with pytest.raises(DataError, match=told):
        edited(root, change)


def test_missing_files_say_what_was_looked_for(tmp_path, root):
    with pytest.raises(DataError, match=r"data.root '.*nowhere'.* is not there. COCO's are at"):
        CocoPanoptic(root=tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"means '.*panoptic_minival.json', which is not there. JSON files there"):
        CocoPanoptic(root=root, train_split="minival", val_split=None, test_split=None)
    (root / "val2017" / "000000000002.jpg").unlink()
    with pytest.raises(DataError, match=r"names 3 images, of which 1 are not there, such as '.*0002\.jpg'"):
        CocoPanoptic(root=root).dataset("val", run_seed=0).require_images()
    assert len(CATEGORIES) == 3
