import json

import numpy as np
import pytest
from pycocotools import mask as coco
from pycocotools.coco import COCO

from segladder.data.errors import DataError
from segladder.data.formats import format_of
from segladder.data.formats.annotations import Reading, Writing
from segladder.data.formats.lost import Lost

RING = np.zeros((6, 8), dtype=np.uint8, order="F")
RING[1:5, 1:6] = 1
RING[2:4, 2:5] = 0
TEXT = coco.encode(RING)["counts"].decode()
# column by column: an empty one and a pixel, then the ring's
LIST = [7, 4, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 4, 13]


def annotation(**changes):
    usual = {"id": 7, "image_id": 139, "category_id": 18, "bbox": [1, 1, 5, 4], "iscrowd": 0}
    return {key: value for key, value in {**usual, **changes}.items() if value is not None}


@pytest.fixture
def write(tmp_path):
    """`write(annotations, images=, categories=)` leaves a file of COCO annotations, one entry a line."""

    def leave(*annotations, **changes):
        content = {
            "info": {},
            "images": [{"id": 139, "file_name": "a b.jpg", "height": 6, "width": 8}],
            "annotations": list(annotations),
            "categories": [{"id": 1, "name": "person", "supercategory": "who"}, {"id": 18, "name": "dog"}],
            **changes,
        }
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(content, indent=0))
        return path

    return leave


def test_every_kind_of_shape_is_read(write, read):
    polygon = [[1, 1, 5.5, 1, 5.5, 4]]
    shapes = [None, [], polygon, {"size": [6, 8], "counts": TEXT}, {"size": [6, 8], "counts": LIST}]
    path = write(*(annotation(id=index, segmentation=shape) for index, shape in enumerate(shapes)))
    found = read("coco", path)
    [image] = found.images
    assert found.names == ("person", "dog") and found.shapes
    assert (image.name, image.size, image.number) == ("a b.jpg", (6, 8), 139)
    assert [one.polygons for one in image.objects] == [None, None, polygon, None, None]
    assert [one.mask and one.mask["counts"] for one in image.objects[2:]] == [None, TEXT.encode(), TEXT.encode()]
    assert all(one.box == (1, 1, 6, 5) and one.label == 1 for one in image.objects)


def test_a_missing_box_is_the_one_around_the_shape(write, read):
    path = write(
        annotation(bbox=None, segmentation=[[1.5, 2, 6, 2, 6, 5]], iscrowd=1),
        annotation(id=8, bbox=None, segmentation={"size": [6, 8], "counts": TEXT}),
    )
    polygon, mask = read("coco", path).images[0].objects
    assert polygon.box == (1.5, 2, 6, 5) and polygon.crowd
    assert mask.box == (1, 1, 6, 5) and not mask.crowd


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (annotation(category_id=3), "annotation 7: Its category_id 3 is none of 'categories'"),
        (annotation(image_id=5), "annotation 7 is of image 5, which 'images' does not list"),
        (annotation(bbox=[1, 1, 0, 4]), "annotation 7: It has a box without area"),
        (annotation(bbox=[9, 1, 2, 4]), "It has a box outside its image of 8x6 pixels"),
        (annotation(bbox=[1, 1, 2]), r"Its bbox is \[1, 1, 2\], not"),
        (annotation(bbox=[1, 1, 2, "4"]), "Its bbox holds '4'"),
        (annotation(bbox=None), "neither bbox nor segmentation"),
        (annotation(segmentation=[[1, 1, 2, 2]]), "A polygon of it has 4 values"),
        (annotation(segmentation=[[3, 3, 3, 3, 3, 3]]), "Its polygons enclose no area: x is 3 to 3"),
        (annotation(segmentation=[[20, 1, 30, 1, 30, 4]]), "Its polygons lie outside the image: x is 20 to 30"),
        (annotation(segmentation=[[1, 1, 2, 2, 3, float("nan")]]), "A polygon of it holds nan"),
        (annotation(segmentation=[1, 1, 2, 2, 3, 3]), "neither a list of polygons nor run lengths"),
        (annotation(segmentation={"size": [8, 6], "counts": TEXT}), "mask is of 8x6 pixels, but the image is 6x8"),
        (annotation(segmentation={"size": [6, 8], "counts": TEXT[:-1]}), "annotation 7: The run lengths"),
        (annotation(segmentation={"size": [6, 8], "counts": [40, 7]}), "a mask of 47 pixels, but their size is 6x8"),
        (annotation(segmentation={"size": [6, 8], "counts": [48]}), "Its mask holds no pixel"),
        (annotation(segmentation={"counts": TEXT}), "The size of a mask is None"),
        (annotation(segmentation={"size": [6, 8]}), "The counts of a mask are None"),
    ],
)
def test_mistakes_are_told_with_id_and_line_or_left_out(write, read, entry, said):
    path = write(annotation(id=6), entry)
    with pytest.raises(DataError, match=said) as error:
        read("coco", path)
    assert f"{path}' line " in str(error.value) and "faulty=skip" in str(error.value)
    assert sum(len(image.objects) for image in read("coco", path, skip_faulty=True).images) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "category 1 'b' has the id or the name"),
        ({"categories": [{"id": "1", "name": "a"}]}, "a category needs a whole number 'id'"),
        ({"images": [{"id": 1, "file_name": "a.jpg", "height": 6}]}, "image 'a.jpg' needs its 'height' and 'width'"),
        ({"images": [{"id": 1, "file_name": "/a.jpg", "height": 6, "width": 2}]}, "does not lie below a folder"),
        ({"images": [{"id": 1, "file_name": "../a.jpg", "height": 6, "width": 2}]}, "does not lie below a folder"),
        ({"images": [{"id": 1, "file_name": "C:\\a.jpg", "height": 6, "width": 2}]}, "does not lie below a folder"),
        ({"images": [{"id": 1, "file_name": "a.jpg", "height": 6, "width": 2}] * 2}, "is there twice"),
        ({"images": [{"file_name": "a.jpg", "height": 6, "width": 2}]}, "has the id None"),
        ({"images": [3]}, "an entry of 'images' is no object in braces"),
        ({"images": {}}, "'images' is an object, not a list"),
    ],
)
def test_images_and_categories_must_make_sense(write, read, changes, said):
    with pytest.raises(DataError, match=said):
        read("coco", write(**changes))


def test_a_file_without_annotations_is_refused(tmp_path, read):
    path = tmp_path / "a.json"
    path.write_text('{"images": [], "categories": []}')
    with pytest.raises(DataError, match="has no 'annotations'"):
        read("coco", path)


def test_ids_given_twice_are_given_anew_and_counted(write, tmp_path):
    lost = Lost()
    found = format_of("coco").read(write(annotation(), annotation(), annotation(id=3)), Reading(lost=lost))
    (tmp_path / "new").mkdir()
    format_of("coco").write(found, tmp_path / "new", Writing(lost=lost))
    content = json.loads((tmp_path / "new/instances.json").read_text())
    assert [entry["id"] for entry in content["annotations"]] == [1, 2, 3]
    assert lost.sentences() == ["3 annotations get new ids: the file gives some twice, or none"]


def test_pycocotools_reads_the_same_from_what_is_written(real_data, tmp_path):
    before = real_data / "coco_tiny/annotations/instances_val2017.json"
    lost = Lost()
    found = format_of("coco").read(before, Reading(lost=lost))
    format_of("coco").write(found, tmp_path, Writing(lost=lost))
    old, new = COCO(str(before)), COCO(str(tmp_path / "instances.json"))
    assert old.cats == new.cats and old.getImgIds() == new.getImgIds() and set(old.anns) == set(new.anns)
    for number, entry in old.anns.items():
        other = new.anns[number]
        assert np.allclose(entry["bbox"], other["bbox"], atol=1e-6) and np.isclose(entry["area"], other["area"])
        assert all(entry[key] == other[key] for key in ("image_id", "category_id", "iscrowd"))
        assert np.array_equal(old.annToMask(entry), new.annToMask(other))
    assert lost.sentences() == ["20 images' other keys are left out: coco_url, date_captured, flickr_url, license"]


def test_several_files_in_a_folder_must_be_told_apart(write, read):
    path = write(annotation())
    path.rename(path.with_name("a.json"))
    assert len(read("coco", path.parent).images) == 1
    write(annotation()).rename(path.with_name("b.json"))
    with pytest.raises(DataError, match=r"holds several JSON files, such as 'a.json' and 'b.json'"):
        read("coco", path.parent)
