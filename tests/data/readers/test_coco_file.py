import json
import pickle
import warnings

import numpy as np
import pytest
from pycocotools.coco import COCO

from drawn_coco import compressed, draw_coco
from segladder.data.errors import DataError
from segladder.data.readers.coco_file import CocoFile
from segladder.masks import decode

LABELS = np.array([1, 2])


@pytest.fixture
def path(tmp_path):
    return draw_coco(tmp_path) / "annotations/instances_train2017.json"


@pytest.fixture
def spoil(path):
    """`spoil(change)` rewrites the file after `change(content)`; returns its path."""

    def rewrite(change):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return path

    return rewrite


def require_as_pycocotools(file, path):
    """Every mask, box, area, flag and id is what pycocotools reads."""
    theirs = COCO(str(path))
    labels = np.arange(len(file.categories))
    numbers = list(file.categories)
    for index, image in enumerate(file.images):
        mine, annotations = file.objects(index, labels), theirs.imgToAnns[image.number]
        assert [int(number) for number in mine.ids] == [one["id"] for one in annotations]
        for at, one in enumerate(annotations):
            assert np.array_equal(decode(mine.masks[at]), theirs.annToMask(one).astype(bool)), one["id"]
            x, y, w, h = one["bbox"]
            assert mine.boxes[at].tolist() == [x, y, x + w, y + h]
            assert mine.areas[at] == one["area"] and mine.iscrowd[at] == one["iscrowd"]
            assert numbers[mine.labels[at]] == one["category_id"]


def test_polygons_and_both_kinds_of_run_lengths_are_pycocotools(path):
    require_as_pycocotools(CocoFile(path), path)


@pytest.mark.parametrize("split", ["train2017", "val2017"])
def test_real_coco_is_pycocotools(real_data, split):
    path = real_data / f"coco_tiny/annotations/instances_{split}.json"
    file = CocoFile(path)
    require_as_pycocotools(file, path)
    assert len(file.categories) == 80 and list(file.categories)[-1] == 90
    assert 0 in file.counts() and any(file.objects(i, np.arange(80)).iscrowd.any() for i in range(len(file)))


def test_real_nuclei_are_those_of_their_id_maps(real_data):
    from PIL import Image

    file = CocoFile(real_data / "dsb2018_fluo/instances_val.json")
    for index, image in enumerate(file.images[:12]):
        ids = np.asarray(Image.open(real_data / "dsb2018_fluo/labels" / image.name))
        masks = [decode(rle) for rle in file.objects(index, np.array([1])).masks]
        theirs = [ids == number for number in np.unique(ids) if number]
        assert sorted(mask.tobytes() for mask in masks) == sorted(np.asarray(mask).tobytes() for mask in theirs)


def test_an_image_without_annotations_has_no_objects(path):
    file = CocoFile(path)
    objects = file.objects(2, LABELS)
    assert len(objects) == 0 and objects.boxes.shape == (0, 4) and objects.size == (40, 64)


def test_categories_are_by_id_and_those_left_out_take_their_objects_along(path):
    file = CocoFile(path)
    assert file.categories == {3: "cat", 7: "dog"}
    assert file.objects(0, LABELS).labels.tolist() == [1, 2, 1]
    assert file.objects(0, np.array([-1, 1])).ids.tolist() == [10001]
    assert file.single(0, LABELS) == 2 and file.single(0, np.array([-1, 1])) == 1 and file.single(2, LABELS) == 0


def test_what_an_annotation_leaves_out_follows_from_its_mask(spoil):
    def strip(content):
        for one in content["annotations"]:
            for key in ("bbox", "area", "iscrowd"):
                del one[key]

    objects = CocoFile(spoil(strip)).objects(0, LABELS)
    assert objects.boxes.tolist() == [[6, 4, 30, 20], [20, 10, 40, 16], [26, 2, 60, 30]]
    assert objects.areas.tolist() == [384, 120, 952] and not objects.iscrowd.any()


def test_a_file_survives_the_way_to_another_process(path):
    file = CocoFile(path)
    again = pickle.loads(pickle.dumps(file))
    assert again.objects(0, LABELS).masks == file.objects(0, LABELS).masks and again.sha256 == file.sha256


def test_annotations_may_come_before_images(spoil):
    path = spoil(lambda content: content.update({key: content.pop(key) for key in ("images", "categories")}))
    assert list(json.loads(path.read_text())) == ["annotations", "images", "categories"]
    assert len(CocoFile(path).objects(0, LABELS)) == 3


def first(content, **changes):
    content["annotations"][0].update(changes)


BAD = {
    "no segmentation": (
        {"segmentation": []},
        "It has no segmentation, and a box alone is no mask. Give polygons or run lengths.",
    ),
    "two points": (
        {"segmentation": [[1, 1, 5, 5]]},
        "A polygon of it has 4 values, not x and y of three points or more. Correct it.",
    ),
    "odd coordinates": (
        {"segmentation": [[1, 1, 5, 5, 9, 1, 3]]},
        "A polygon of it has 7 values, not x and y of three points or more. Correct it.",
    ),
    "words": (
        {"segmentation": [[1, 1, 5, 5, 9, "x"]]},
        "A polygon of it holds values that are no numbers. Give x and y in pixels.",
    ),
    "mask of another size": (
        {"segmentation": compressed(np.ones((8, 9), dtype=np.uint8))},
        "Its mask is 8x9, but its image is 40x64 (height x width). Give one of that size.",
    ),
    "runs that do not fill": (
        {"segmentation": {"size": [40, 64], "counts": [10, 20]}},
        "run lengths are of a mask of 30",
    ),
    "damaged run lengths": ({"segmentation": {"size": [40, 64], "counts": "abc~~"}}, "cannot be read"),
    "no size": ({"segmentation": {"counts": [1]}}, "The size of its mask is None. Write [height, width]."),
    "neither": ({"segmentation": [7]}, "Its segmentation is neither a list of polygons nor run lengths. Correct it."),
    "box": ({"bbox": [1, 2, 3]}, "Its bbox is [1, 2, 3], not [x, y, width, height] in pixels. Correct it."),
    "area": ({"area": "big"}, "Its area is 'big'. Write its pixels, or leave the key out."),
    "crowd": ({"iscrowd": "no"}, "Its iscrowd is 'no'. Write 0 or 1."),
    "unknown image": ({"image_id": 5}, "It is of image 5, which 'images' does not list. Add the image there."),
    "unknown category": ({"category_id": 5}, "Its category_id 5 is none of 'categories'. Add the category there."),
}


@pytest.mark.parametrize("what", BAD)
def test_an_annotation_that_makes_no_sense_is_named_with_its_id_and_line(spoil, what):
    changes, sentence = BAD[what]
    path = spoil(lambda content: first(content, **changes))
    with pytest.raises(DataError) as error:
        CocoFile(path)
    said = str(error.value)
    assert said.startswith(f"'{path}' line 1: annotation 10000: ") and sentence in said and "\n" not in said


def copied(key):
    return lambda content: content[key].append(dict(content[key][0]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (copied("images"), "lists image 1000 twice. Give each image an id of its own."),
        (copied("annotations"), "gives two annotations the id 10000. Give each its own."),
        (copied("categories"), "category 7, 'dog', has the id or the name of another one. Give each its own."),
        (lambda content: content.pop("annotations"), "has no 'annotations': a file of COCO annotations has images,"),
        (lambda content: content["images"][1].pop("width"), "image 990 needs its 'height' and 'width' in pixels."),
        (lambda content: content["images"][1].update(id=None), "an image has the id None. Give it a whole number"),
        (lambda content: content["images"][1].update(file_name="../x"), "which does not lie below a folder of images"),
    ],
)
def test_a_file_that_makes_no_sense_is_told(spoil, change, sentence):
    path = spoil(change)
    with pytest.raises(DataError) as error:
        CocoFile(path)
    assert sentence in str(error.value) and path.name in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"images": [],\n "annotations": [}', "line 2"),
        ('{"images": [{"id": 1', "line 1"),
        ("[]", "a list instead of an object: that is how results are stored"),
        ('{"annotations": [{"image_id": 1, "segments_info": []}]}', "Read it with data=coco_panoptic"),
    ],
)
def test_broken_json_is_told_with_its_line(path, text, words):
    path.write_text(text)
    with pytest.raises(DataError) as error:
        CocoFile(path)
    assert words in str(error.value) and str(path) in str(error.value)


FAULTS = {
    "a box without area": {"bbox": [6, 4, 24, 0]},
    "a box outside": {"bbox": [70, 4, 24, 10]},
    "polygons outside": {"segmentation": [[70, 4, 90, 4, 90, 30]]},
    "a line": {"segmentation": [[7, 4, 7, 20, 7, 9]]},
    "a mask without pixels": {"segmentation": {"size": [40, 64], "counts": [40 * 64]}},
}


@pytest.mark.parametrize("what", FAULTS)
def test_objects_without_area_or_outside_stop_a_small_set_and_warn_in_a_large_one(spoil, what):
    path = spoil(lambda content: first(content, **FAULTS[what]))
    with pytest.raises(DataError) as error:
        CocoFile(path)
    assert str(error.value).startswith(
        f"1 of the 12 objects of '{path}' have no area or lie outside their image, such as annotation 10000 (line 1): x"
    )

    def add_many(content):
        more = dict(content["annotations"][3])
        content["annotations"] += [{**more, "id": 100_000 + number} for number in range(100)]

    path = spoil(add_many)
    with pytest.warns(UserWarning, match="1 of the 112 objects .* scores count them, as COCO's do"):
        file = CocoFile(path)
    assert file.objects(0, LABELS).ids[0] == 10000


def test_a_sound_file_warns_of_nothing(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CocoFile(path)
