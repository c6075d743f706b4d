import numpy as np
import pytest
import torch
from PIL import Image

from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError

THREE = ("sky", "road", "car")


def save(path, array, mode=None):
    image = Image.fromarray(np.asarray(array))
    if mode == "P":
        image.putpalette([value for grey in range(256) for value in (grey, 255 - grey, 7)])
    image.save(path)
    return path


def test_every_way_to_store_indices_reads_the_same(tmp_path):
    label = np.array([[0, 1, 2], [2, 1, 255]], dtype=np.uint8)
    paths = [
        save(tmp_path / "l.png", label),
        save(tmp_path / "p.png", label, "P"),
        save(tmp_path / "i16.png", label.astype(np.uint16)),
        save(tmp_path / "i.tif", label.astype(np.int32)),
        save(tmp_path / "grey_rgb.png", np.stack([label] * 3, axis=-1)),
    ]
    for path in paths:
        read = LabelReader(THREE).read(path)
        assert read.dtype.is_signed and read.tolist() == label.tolist(), path


def test_the_sets_own_ignore_values_become_255(tmp_path):
    path = save(tmp_path / "a.png", np.array([[0, 11, 12]], dtype=np.uint8))
    assert LabelReader(THREE, ignore=(11, 12)).read(path).tolist() == [[0, 255, 255]]


def test_255_is_ignored_unless_it_is_a_class(tmp_path):
    path = save(tmp_path / "a.png", np.array([[0, 7, 255]], dtype=np.uint8))
    assert LabelReader(THREE, values={0: 0, 255: 1, 7: 2}).read(path).tolist() == [[0, 2, 1]]


def test_more_than_255_classes_use_16_bits(tmp_path):
    path = save(tmp_path / "a.png", np.array([[0, 255, 299, 65535]], dtype=np.uint16))
    reader = LabelReader([f"c{i}" for i in range(300)], ignore=(65535,), ignore_index=65535)
    assert reader.read(path).tolist() == [[0, 255, 299, 65535]]


def test_label_map_renames_drops_and_gathers_values(tmp_path):
    path = save(tmp_path / "a.png", np.array([[0, 255, 7, 9]], dtype=np.uint8))
    assert LabelReader(("a", "b"), label_map={0: 0, "255": "b", 7: None, 9: 0}).read(path).tolist() == [[0, 1, 255, 0]]
    ids = save(tmp_path / "ids.png", np.array([[0, 1, 900]], dtype=np.uint16))
    assert LabelReader(("a", "nucleus"), label_map={0: 0, "others": "nucleus"}).read(ids).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, None),
        ({"label_map": {0: 0, 255: 1, 128: 1, 77: 2}}, (0, 128, 77)),
        ({"label_map": {0: 0, 9: 2, "others": 1}}, (0, 1, 9)),
        ({"values": {0: 0, 255: 1, 7: 2}}, (0, 255, 7)),
        ({"label_map": {0: None, 1: 0, 2: 1, 3: 2}}, (1, 2, 3)),
        ({"label_map": {0: 1, 9: 0}}, (9, 0, 2)),
        ({"label_map": {2: 0}}, None),  # nothing means the third class
    ],
)
def test_the_least_value_stands_for_a_class(options, ids):
    assert LabelReader(THREE, **options).label_ids == ids


@pytest.mark.parametrize(
    ("values", "classes", "ignore", "sentence"),
    [
        (
            [[0, 255, 255]],
            ("background", "disk"),
            None,
            "has values outside the 2 classes (0 to 1; ignored: none): 255 (2 pixels). It looks like a mask stored as"
            ' 0 and 255: set "data.label_map={0: 0, 255: 1}" (with the quotes).',
        ),
        (
            [[0, 1, 255]],
            ("background", "disk"),
            None,
            'Write "ignore_index": 255 into dataset.json if 255 marks unknown pixels, or set'
            ' "data.label_map={0: 0, 255: 1}" (with the quotes) if it marks the second class.',
        ),
        (
            [[1, 2, 3, 3]],
            THREE,
            (),
            '3 (2 pixels). It looks as if the file counts classes from 1: set "data.label_map={1: 0, 2: 1, 3: 2}"',
        ),
        ([[0, 3]], THREE, (), 'If 3 marks unknown pixels, write "ignore_index": 3 into dataset.json'),
        (
            [[7, 8, 11, 21, 23, 26, 33]],
            [f"c{i}" for i in range(19)],
            None,
            "33 (1 pixels). They look like Cityscapes' labelIds, which are no class indices: read the genuine layout"
            " with data=cityscapes, or set "
            '"data.label_map={7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11,'
            ' 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18, others: null}" (with the quotes).',
        ),
        ([list(range(60))], THREE, None, "(1 pixels), 10 (1 pixels) and 49 more values. So many different values"),
        ([[0, 77, 78]], THREE, None, "ignored: 255): 77 (1 pixels), 78 (1 pixels). Name the missing classes"),
    ],
)
def test_values_outside_the_classes_are_named_counted_and_explained(tmp_path, values, classes, ignore, sentence):
    path = save(tmp_path / "a.png", np.array(values, dtype=np.uint8))
    with pytest.raises(DataError) as error:
        LabelReader(classes, ignore=ignore).read(path)
    assert str(path) in str(error.value) and sentence in str(error.value)


def test_a_colour_picture_is_no_label(tmp_path):
    path = save(tmp_path / "a.png", np.array([[[0, 0, 0], [128, 64, 128]]], dtype=np.uint8))
    with pytest.raises(DataError, match=r"is a colour picture \(Pillow mode RGB; 2 colours, e.g. \(0, 0, 0\)"):
        LabelReader(THREE).read(path)


@pytest.mark.parametrize("label_map", [{"sky": 0}, {-1: 0}, {0: 5}, {0: "tree"}])
def test_a_map_to_nowhere_is_refused(label_map):
    with pytest.raises(DataError, match=r"data\.label_map"):
        LabelReader(THREE, label_map=label_map)


@pytest.mark.parametrize(
    ("options", "values", "expected", "dtype"),
    [
        ({}, [0, 1, 2, 255], [0, 1, 2, 255], torch.uint8),  # in order
        ({"ignore": (11,)}, [0, 1, 2, 11], [0, 1, 2, 255], torch.uint8),  # by a table
        ({"values": {7: 0, 9: 1, 33: 2}}, [7, 9, 33, 255], [0, 1, 2, 255], torch.uint8),
        ({"label_map": {"others": None}}, [0, 2, 77, 200], [0, 2, 255, 255], torch.uint8),
        ({"ignore_index": 65535}, [0, 1, 2, 255], [0, 1, 2, 65535], torch.int32),
    ],
)
def test_a_label_is_as_narrow_as_its_classes_allow_and_means_the_same(tmp_path, options, values, expected, dtype):
    path = tmp_path / "a.png"
    reader = LabelReader(THREE, **options)
    for stored in (np.uint8, np.uint16):
        Image.fromarray(np.array([values], dtype=stored)).save(path)
        narrow = reader.read_narrow(path)
        assert narrow.dtype == dtype and narrow.tolist() == [expected]
        assert reader.read(path).dtype == torch.int64 and reader.read(path).tolist() == [expected]


@pytest.mark.parametrize("options", [{}, {"ignore": (11,)}, {"ignore_index": 65535}])
def test_every_byte_that_means_nothing_is_refused(tmp_path, options):
    reader = LabelReader(THREE, **options)
    known = {0, 1, 2, *options.get("ignore", (255,))}
    for value in sorted({*range(256)} - known):
        Image.fromarray(np.array([[0, value]], dtype=np.uint8)).save(tmp_path / "a.png")
        with pytest.raises(DataError, match=rf"values outside the 3 classes .*: {value} \(1 pixels\)"):
            reader.read_narrow(tmp_path / "a.png")


def test_256_classes_leave_no_byte_for_what_means_nothing(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).save(path)
    assert LabelReader([f"c{i}" for i in range(256)], ignore=()).read_narrow(path).tolist() == [[0, 255]]
