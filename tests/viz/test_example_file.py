"""The file of small pictures: read as it was written, and not believed where it cannot be."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from segladder.types import UserError
from segladder.viz import GridRow
from segladder.viz.example_file import read_examples, write_examples
from segladder.viz.examples import examples_of, small_example

from .objects import INFO
from .test_examples import instance_row

DRAW = np.random.default_rng(0)


def class_examples(sizes=((6, 8), (400, 300), (1, 1))):
    items = []
    for index, size in enumerate(sizes):
        truth = DRAW.choice([0, 1, 2, 255], size)
        row = GridRow(
            image=DRAW.integers(0, 256, (*size, 3), dtype=np.uint8),
            pred=DRAW.integers(0, 3, size),
            truth=truth,
            image_id=f"bild/{index} ü路",
        )
        items.append(small_example(row, INFO, worst=index > 0))
    return examples_of(items, INFO)


def assert_same(one, other):
    assert (one.kind, one.classes, one.palette) == (other.kind, other.classes, other.palette)
    for a, b in zip(one.items, other.items, strict=True):
        assert (a.image_id, a.worst) == (b.image_id, b.worst)
        for name in ("image", "truth", "pred"):
            assert getattr(a, name).dtype == getattr(b, name).dtype
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        for name in ("true_objects", "found_objects"):
            ours, theirs = getattr(a, name), getattr(b, name)
            assert (ours is None) == (theirs is None)
            for part in ("labels", "boxes", "states") if ours is not None else ():
                np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))


def test_class_maps_of_any_size_are_read_as_they_were_written(tmp_path):
    made = class_examples()
    write_examples(tmp_path / "examples.npz", made)
    assert_same(read_examples(tmp_path / "examples.npz"), made)
    assert [path.name for path in tmp_path.iterdir()] == ["examples.npz"]


def test_objects_are_read_as_they_were_written(tmp_path):
    items = [small_example(instance_row(boxes_alone=alone), INFO, worst=True) for alone in (False, True)]
    items = [items[0], type(items[1])(**{**vars(items[1]), "image_id": "another"})]
    made = examples_of(items, INFO)
    write_examples(tmp_path / "examples.npz", made)
    found = read_examples(tmp_path / "examples.npz")
    assert found.kind == "objects" and len(found.items[1].found_objects) == 3
    assert_same(found, made)


@pytest.fixture
def changed(tmp_path):
    """A good file with some arrays in the place of its own, or without them."""

    def made(objects=False, **arrays):
        path = tmp_path / "examples.npz"
        items = [small_example(instance_row(), INFO, worst=True)]
        write_examples(path, examples_of(items, INFO) if objects else class_examples(((3, 4), (2, 5))))
        with np.load(path, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files} | arrays
        np.savez(path, **{name: value for name, value in content.items() if value is not None})
        return path

    return made


def test_a_file_that_is_stored_unpacked_is_read(changed):
    assert len(read_examples(changed()).items) == 2


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"format": np.array(2)}, "is of format 2"),
        ({"kind": np.array("pictures")}, "no classes, no images"),
        ({"kind": np.array(["classes"])}, "'kind' of type"),
        ({"truth": None}, "has no array 'truth'"),
        ({"image": np.zeros((22, 3), dtype=object)}, "'image' of type object"),
        ({"image": np.zeros((22, 3), dtype=np.float32)}, "'image' of type float32"),
        ({"image": np.zeros((21, 3), dtype=np.uint8)}, "'image' of shape"),
        ({"image": np.zeros((22, 4), dtype=np.uint8)}, "'image' of shape"),
        ({"image": np.asfortranarray(np.zeros((22, 3), dtype=np.uint8))}, "'image' of type"),
        ({"size": np.array([[3, 4], [-2, -5]])}, "'image' of shape"),
        ({"size": np.array([[3, 4], [321, 5]])}, "'image' of shape"),
        ({"size": np.array([[2**62, 4], [2**62, 5]])}, "'image' of shape"),
        ({"size": np.array([3, 4])}, "'size' of type"),
        ({"truth": np.full(22, 3, dtype=np.uint16)}, "what is neither class nor object"),
        ({"pred": np.full(22, 300, dtype=np.uint16)}, "what is neither class nor object"),
        ({"image_id": np.array(["a", "a"])}, "or one twice"),
        ({"image_id": np.array(["a"])}, "does not fit the others"),
        ({"palette": np.zeros((2, 3), dtype=np.uint8)}, "'palette' of shape"),
        ({"classes": np.array([], dtype=np.str_), "palette": np.zeros((0, 3), dtype=np.uint8)}, "no classes"),
    ],
)
def test_what_cannot_be_is_told(changed, arrays, told):
    with pytest.raises(UserError, match=told):
        read_examples(changed(**arrays))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("object_image", np.array([0, 0, 0, 0, 0, 1])),
        ("object_image", np.array([0, 0, 0, 0, 0, -1])),
        ("object_class", np.array([0, 0, 0, 0, 0, 3])),
        ("object_state", np.array([0, 0, 0, 0, 0, 3], dtype=np.uint8)),
        ("object_box", np.full((6, 4), np.nan, dtype=np.float32)),
        ("object_box", np.full((6, 4), 1e30, dtype=np.float32)),
        ("object_found", np.zeros(6, dtype=bool)),
    ],
)
def test_objects_that_cannot_be_are_told(changed, name, value):
    with pytest.raises(UserError, match=r"objects that cannot be|neither class nor object"):
        read_examples(changed(objects=True, **{name: value}))


def test_a_file_that_is_cut_short_or_of_another_kind_is_told(tmp_path):
    path = tmp_path / "examples.npz"
    write_examples(path, class_examples())
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[:-30], b"\x93NUMPY" * 99):
        path.write_bytes(content)
        with pytest.raises(UserError, match="cut short or changed"):
            read_examples(path)


def test_a_bit_that_fell_over_is_an_error_in_words_or_none(tmp_path):
    path = tmp_path / "examples.npz"
    write_examples(path, class_examples())
    whole = path.read_bytes()
    told = 0
    for place in DRAW.integers(0, len(whole), 200).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            read_examples(path)
        except UserError:
            told += 1
    assert told > 150


def test_no_file_is_told_and_how_to_have_one(tmp_path):
    with pytest.raises(UserError, match=r"There is no '.*examples\.npz': the run is of an older version"):
        read_examples(tmp_path / "examples.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(UserError, match="There is no"):
        read_examples(tmp_path / "folder.npz")


def header(shape, dtype):
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (118 - len(text) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize("dtype", ["|u1", "<U0", "|O", "<u8"])
def test_a_header_that_promises_more_than_there_is_takes_no_memory(changed, tmp_path, dtype):
    path = changed(image=None, image_id=None)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("image.npy", header((10**14, 3), dtype))
        file.writestr("image_id.npy", header((10**14,), dtype))
    with pytest.raises(UserError):
        read_examples(path)


def test_what_unpacks_to_more_than_a_file_may_hold_is_not_unpacked(changed):
    path = changed(image=None)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file, file.open("image.npy", "w") as entry:
        for _ in range(130):
            entry.write(bytes(10**6))
    assert path.stat().st_size < 10**6
    with pytest.raises(UserError, match="unpacks to more than 128 MB"):
        read_examples(path)


def test_another_way_of_packing_is_refused(changed):
    path = changed(image=None)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as file:
        file.writestr("image.npy", bytes(100))
    with pytest.raises(UserError, match="packed in another way"):
        read_examples(path)
