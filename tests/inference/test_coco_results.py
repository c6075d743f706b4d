import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from pycocotools.coco import COCO

from segladder.inference.coco_results import read_results, write_results
from segladder.types import DatasetInfo, Instances, UserError

INFO = DatasetInfo(
    name="pets",
    classes=("background", "cat", "dog"),
    palette=((0, 0, 0), (1, 0, 0), (0, 1, 0)),
    things=(False, True, True),
    label_ids=(0, 17, 18),
)
SIZES = {"7": (6, 8), "a b": (5, 5)}
BITMAP = np.zeros((6, 8), dtype=np.uint8, order="F")
BITMAP[1:4, 2:7] = 1
MASK = {"size": [6, 8], "counts": coco.encode(BITMAP)["counts"].decode()}


def entry(**changes):
    usual = {"image_id": 7, "category_id": 18, "bbox": [1, 2, 3, 4], "score": 0.5}
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


@pytest.fixture
def read(tmp_path):
    def read_entries(*entries, info=INFO, text=None):
        path = tmp_path / "results.json"
        path.write_text(text if text is not None else json.dumps(list(entries), indent=0))
        return read_results(path, info=info, sizes=SIZES)

    return read_entries


def test_boxes_alone_have_no_masks(read):
    found = read(entry(), entry(image_id="a b", category_id=17, score=1), entry(bbox=[0, 0, 0.5, 6.25]))
    assert list(found) == ["7", "a b"] and found["7"].masks is None
    assert found["7"].boxes.tolist() == [[1, 2, 4, 6], [0, 0, 0.5, 6.25]]
    assert found["7"].labels.tolist() == [2, 2] and found["a b"].labels.tolist() == [1]
    assert found["a b"].scores.tolist() == [1.0] and found["a b"].size == (5, 5)


def test_masks_without_boxes_get_the_boxes_around_them(read):
    listed = {"size": [6, 8], "counts": [13, 3, 3, 3, 3, 3, 3, 3, 3, 3, 8]}
    polygon = [[2, 1, 7, 1, 7, 4, 2, 4]]
    found = read(*(entry(bbox=None, segmentation=shape) for shape in (MASK, listed, polygon)))["7"]
    assert all(mask["counts"] == MASK["counts"].encode() for mask in found.masks)
    assert found.boxes.tolist() == [[2, 1, 7, 4]] * 3


def test_a_given_box_wins_over_the_masks(read):
    found = read(entry(segmentation=MASK))["7"]
    assert found.boxes.tolist() == [[1, 2, 4, 6]] and len(found.masks) == 1


def test_without_label_ids_categories_are_class_indices(read):
    from dataclasses import replace

    assert read(entry(category_id=1), info=replace(INFO, label_ids=None))["7"].labels.tolist() == [1]


def test_scores_are_any_finite_numbers_as_pycocotools_ranks_them(read):
    assert read(entry(score=87.2), entry(score=-3), entry(score=1e300))["7"].scores.tolist() == [87.2, -3, 1e300]


def test_an_empty_list_is_no_detection(read):
    assert read() == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (entry(category_id=3), "entry 2: Its category_id 3 is none of 'pets': 17 cat, 18 dog. Write"),
        (entry(category_id=0), "entry 2: Its category_id 0 is none of 'pets': 17 cat, 18 dog."),
        (entry(category_id="18"), "Its category_id '18' is none"),
        (entry(score=None), "Its score is None"),
        (entry(score=float("nan")), "Its score is nan"),
        (entry(score=10**400), "Its score is 1000"),
        (entry(score=float("-inf")), "Its score is -inf"),
        (entry(score=True), "Its score is True"),
        (entry(image_id=None), "Its image_id is None"),
        (entry(bbox=[1, 2, 3]), r"Its bbox is [1, 2, 3]. Write [x, y, width, height]"),
        (entry(bbox=[1, 2, -3, 4]), "Its bbox is -3 wide and 4 high"),
        (entry(bbox=[1, 2, 3, None]), "Its bbox holds None"),
        (entry(bbox=None), "It has neither bbox nor segmentation"),
        (entry(segmentation=MASK), "It has boxes and masks, the entries before boxes alone"),
        (entry(bbox=None, segmentation=MASK), "It has masks alone, the entries before boxes alone"),
        ([1, 2], "It is no object in braces"),
    ],
)
def test_mistakes_are_told_with_file_entry_and_line(read, wrong, said):
    with pytest.raises(UserError) as error:
        read(entry(), wrong)
    assert said in str(error.value) and "results.json' line " in str(error.value) and "entry 2: " in str(error.value)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ({"size": [8, 6], "counts": MASK["counts"]}, "The mask is of 8x6 pixels, but the image is 6x8"),
        ({"size": [6, 8], "counts": MASK["counts"][:-1]}, "run lengths"),
        ({"size": [6, 8], "counts": "ü"}, "cannot be read"),
        ({"size": [6, 8], "counts": [47]}, "a mask of 47 pixels"),
        ([[1, 1, 2, 2]], "A polygon has 4 values"),
        ("RLE", "neither a list of polygons nor run lengths"),
    ],
)
def test_masks_that_fit_no_image_are_told(read, mask, said):
    with pytest.raises(UserError, match=said):
        read(entry(bbox=None, segmentation=mask))


def test_detections_of_other_images_are_counted(read):
    with pytest.raises(UserError) as error:
        read(entry(), *(entry(image_id=number) for number in (1, 2, 3, 4, 4)))
    told = str(error.value)
    assert (
        told.startswith("Entries of '") and "' (5) are of images that are not in this split (4): '1', '2', '3'" in told
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [('[\n{"image_id": 7,\n', "line 2 is broken JSON|line 3 is broken JSON"), ('{"a": 1}', "instead of a list")],
)
def test_broken_json_is_told_with_its_line(read, text, said):
    with pytest.raises(UserError, match=said):
        read(text=text)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.booleans())
def test_what_is_written_is_read_again_bit_by_bit(tmp_path_factory, data, boxes_alone):
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    sizes = dict.fromkeys(("12", "007", "ä b/c", "-1"), (6, 8))
    found = {}
    for name in sizes:
        count = data.draw(st.integers(1, 3))
        corners = np.sort(draw.uniform(0, 8, (count, 2, 2)), axis=1).reshape(count, 4)
        maps = [coco.encode(np.asfortranarray((draw.random((6, 8)) < 0.5).astype(np.uint8))) for _ in range(count)]
        found[name] = Instances(
            masks=None if boxes_alone else maps,
            boxes=corners,
            labels=draw.integers(1, 3, count),
            scores=draw.random(count),
            size=(6, 8),
        )
    path = tmp_path_factory.mktemp("results") / "r.json"
    write_results(path, found, INFO)
    assert {type(one["image_id"]) for one in json.loads(path.read_text()) if one["image_id"] in (12, "007")} == {
        int,
        str,
    }
    back = read_results(path, info=INFO, sizes=sizes)
    assert list(back) == list(found)
    for name, old in found.items():
        assert np.allclose(back[name].boxes, old.boxes, atol=1e-12) and np.array_equal(back[name].scores, old.scores)
        assert np.array_equal(back[name].labels, old.labels)
        assert (back[name].masks is None) == boxes_alone
        if not boxes_alone:
            assert [mask["counts"] for mask in back[name].masks] == [mask["counts"] for mask in old.masks]
    assert [path.name for path in path.parent.iterdir()] == ["r.json"]


def test_a_folder_that_is_not_there_is_told():
    with pytest.raises(UserError, match="cannot be written"):
        write_results(Path("/proc/none/r.json"), {}, INFO)


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_reference_results_have_the_boxes_that_pycocotools_gives_them(real_data, kind):
    folder = real_data / "coco_eval_ref"
    truth = COCO(str(folder / "instances_val2014_100.json"))
    path = folder / f"instances_val2014_fake{kind}100_results.json"
    reference = truth.loadRes(str(path))
    numbers = sorted(truth.getCatIds())
    info = DatasetInfo(
        name="coco",
        classes=tuple(str(number) for number in numbers),
        palette=((0, 0, 0),) * len(numbers),
        things=(True,) * len(numbers),
        label_ids=tuple(numbers),
    )
    sizes = {str(image["id"]): (image["height"], image["width"]) for image in truth.dataset["images"]}
    found = read_results(path, info=info, sizes=sizes)
    assert sum(len(one) for one in found.values()) == len(reference.anns) == 734
    for image_id, one in found.items():
        theirs = reference.imgToAnns[int(image_id)]
        x, y, w, h = np.array([ann["bbox"] for ann in theirs]).T
        assert np.allclose(one.boxes, np.stack([x, y, x + w, y + h], axis=1), atol=1e-12)
        assert [numbers[label] for label in one.labels] == [ann["category_id"] for ann in theirs]
        assert one.scores.tolist() == [ann["score"] for ann in theirs] and (one.masks is None) == (kind == "bbox")
