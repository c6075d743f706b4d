import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from pycocotools import mask as coco

from segladder.data.decoding.id_maps import IdMapReader, read_ids
from segladder.data.errors import DataError
from segladder.data.palette import distinct_colors
from segladder.types import DatasetInfo

INFO = DatasetInfo(
    name="cells",
    classes=("background", "cell", "rod", "stain"),
    palette=distinct_colors(4),
    things=(False, True, True, False),
)
PATH = Path("instances/a.png")


def read(ids, classes, **options):
    return IdMapReader(INFO, **options).read(np.asarray(ids, np.uint16), np.asarray(classes, np.int64), path=PATH)


def one_by_one(ids, classes):
    """(id, class, mask) of each object, by a look at each id alone."""
    for number in sorted(set(ids.flat) - {0}):
        below = classes[(ids == number) & (classes != 255)]
        if below.size:
            yield number, max(range(4), key=lambda index: (below == index).sum()), ids == number


@given(
    hnp.arrays(
        np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.sampled_from([0, 1, 2, 300])
    ),
    st.data(),
)
def test_objects_are_those_found_by_looking_at_each_id_alone(ids, data):
    classes = data.draw(hnp.arrays(np.int64, ids.shape, elements=st.sampled_from([1, 2, 255])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        objects = read(ids, classes)
    expected = list(one_by_one(ids, classes))
    assert objects.ids.tolist() == [number for number, _, _ in expected]
    assert objects.labels.tolist() == [label for _, label, _ in expected]
    for mask, box, area, (_, _, truth) in zip(objects.masks, objects.boxes, objects.areas, expected, strict=True):
        assert np.array_equal(coco.decode(mask), truth)
        rows, columns = np.nonzero(truth)
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] and area == truth.sum()
    assert not objects.iscrowd.any() and objects.size == ids.shape


def test_hundreds_of_objects_are_read_at_once():
    ids = np.arange(60 * 60).reshape(60, 60) // 7
    objects = read(ids, np.ones((60, 60)))
    assert len(objects) == ids.max() and objects.areas.sum() == (ids > 0).sum()


def test_an_image_without_objects_has_none():
    objects = read(np.zeros((3, 4)), np.zeros((3, 4)))
    assert len(objects) == 0 and objects.boxes.shape == (0, 4) and objects.size == (3, 4)


def test_ignored_pixels_have_no_voice_but_belong_to_their_object():
    objects = read([[5, 5, 5, 0]], [[255, 255, 2, 0]])
    assert objects.labels.tolist() == [2] and objects.areas.tolist() == [3]


def test_an_id_on_ignored_pixels_alone_is_no_object():
    assert read([[5, 5, 6]], [[255, 255, 1]]).ids.tolist() == [6]


def test_a_void_number_is_no_object_wherever_it_lies():
    assert read([[255, 1]], [[1, 1]], void=(255,)).ids.tolist() == [1]


def test_an_object_on_stuff_is_an_error_with_its_id():
    with pytest.raises(DataError) as error:
        read([[7, 7, 7]], [[3, 3, 1]])
    assert str(error.value) == (
        f"Id 7 of '{PATH}' lies on 2 pixels of stain and 1 pixels of cell of its label: class 'stain' has no objects"
        " (those that do: cell, rod). Correct the id map or the label, or name the class in 'things' of dataset.json."
    )


def test_an_object_on_two_classes_is_said_once():
    reader = IdMapReader(INFO)
    ids, classes = np.array([[9, 9, 9]], np.uint16), np.array([[1, 1, 2]])
    with pytest.warns(UserWarning, match=re.escape("Id 9 of 'instances/a.png' lies on 2 pixels of cell and 1 pixels")):
        assert reader.read(ids, classes, path=PATH).labels.tolist() == [1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reader.read(ids, classes, path=PATH)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_numbers_are_read_as_they_stand(tmp_path, dtype):
    ids = (np.arange(12).reshape(3, 4) * (20 if dtype == np.uint8 else 5000)).astype(dtype)
    Image.fromarray(ids).save(tmp_path / "a.png")
    assert np.array_equal(read_ids(tmp_path / "a.png"), ids)


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (
            Image.new("RGB", (4, 3), (200, 10, 10)),
            "a.png' is a colour picture (Pillow mode RGB; 1 colours, e.g. (200, 10, 10)). An id map holds one number"
            " per pixel, 0 where no object is and another for each object: store it as PNG of mode P (with a palette),",
        ),
        (
            Image.fromarray(np.full((3, 4), 70000, np.int32)),
            "a.png' (Pillow mode I) has values that are no 16-bit whole numbers. Store it as PNG of mode P, L or I;16.",
        ),
    ],
)
def test_a_picture_that_holds_no_ids_is_explained(tmp_path, picture, sentence):
    path = tmp_path / ("a.tif" if picture.mode == "I" else "a.png")
    picture.save(path)
    with pytest.raises(DataError) as error:
        read_ids(path)
    assert sentence.replace("a.png", path.name) in str(error.value)


def test_a_damaged_file_is_explained(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError, match=r"a\.png' cannot be decoded"):
        read_ids(tmp_path / "a.png")
