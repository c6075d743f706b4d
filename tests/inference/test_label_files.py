"""Label PNGs: what is written reads back, in any tool, and a value that means nothing is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segladder.inference.label_files import ids_of, read_labels, void_id, write_labels
from segladder.types import DatasetInfo, UserError

CITY = (7, 8, 11, 12, 13)


def info_of(count: int, label_ids: tuple[int, ...] | None = None) -> DatasetInfo:
    return DatasetInfo(
        name="street",
        classes=tuple(f"class{index}" for index in range(count)),
        palette=tuple((index % 256, 7 * index % 256, 90) for index in range(count)),
        things=(False,) * count,
        ignore_index=255 if count <= 255 else 65535,
        label_ids=label_ids,
    )


@st.composite
def maps(draw):
    """A data set and a class map of it, some pixels without class."""
    count = draw(st.integers(1, 300))
    ids = draw(st.none() | st.lists(st.integers(0, 40_000), min_size=count, max_size=count, unique=True).map(tuple))
    info = info_of(count, ids)
    choices = st.integers(0, count - 1)
    if all(void_id(info, kind) is not None for kind in ("official", "train")):
        choices |= st.just(info.ignore_index)
    height, width = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    values = draw(st.lists(choices, min_size=height * width, max_size=height * width))
    return info, np.array(values, dtype=np.int64).reshape(height, width)


@settings(max_examples=60, deadline=None)
@given(case=maps(), ids=st.sampled_from(["official", "train"]))
def test_what_is_written_reads_back(tmp_path_factory, case, ids):
    info, classes = case
    path = tmp_path_factory.mktemp("labels") / "a.png"
    write_labels(path, classes, info, ids=ids)
    assert np.array_equal(read_labels(path, info, ids=ids), classes)


def test_any_tool_reads_the_official_ids_in_the_palette_s_colours(tmp_path):
    info = info_of(5, CITY)
    classes = np.array([[0, 4, 2], [255, 1, 3]])
    write_labels(tmp_path / "a.png", classes, info)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        assert np.asarray(picture).tolist() == [[7, 13, 11], [255, 8, 12]]
        assert np.asarray(picture.convert("RGB"))[0, 1].tolist() == list(info.palette[4])
    write_labels(tmp_path / "a.png", classes, info, ids="train")
    assert np.asarray(Image.open(tmp_path / "a.png")).tolist() == classes.tolist()


def test_ids_beyond_a_byte_are_written_in_16_bits(tmp_path):
    info = info_of(2, (1, 1000))
    write_labels(tmp_path / "a.png", np.array([[0, 1, 255]]), info)
    picture = Image.open(tmp_path / "a.png")
    assert picture.mode.startswith("I;16") and np.asarray(picture).tolist() == [[1, 1000, 65535]]
    assert read_labels(tmp_path / "a.png", info).tolist() == [[0, 1, 255]]


def test_a_mask_of_0_and_255_has_no_value_left_for_no_class(tmp_path):
    info = info_of(2, (0, 255))
    assert void_id(info) is None and void_id(info, "train") == 255
    write_labels(tmp_path / "a.png", np.array([[0, 1]]), info)
    assert np.asarray(Image.open(tmp_path / "a.png")).tolist() == [[0, 255]]
    with pytest.raises(UserError, match=r"255 stands for 'class1'\. Use predictions\.ids=train"):
        write_labels(tmp_path / "a.png", np.array([[0, 255]]), info)


def test_ids_without_a_table_are_the_class_indices():
    assert ids_of(info_of(3)) == ids_of(info_of(3), "train") == (0, 1, 2)
    assert ids_of(info_of(2, (4, 9))) == (4, 9)


def test_grey_and_16_bit_files_of_other_tools_read_alike(tmp_path):
    values = np.array([[7, 11], [13, 255]], dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "grey.png")
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "deep.png")
    for name in ("grey", "deep"):
        assert read_labels(tmp_path / f"{name}.png", info_of(5, CITY)).tolist() == [[0, 2], [4, 255]]


def test_the_data_set_s_own_void_values_mean_no_class(tmp_path):
    Image.fromarray(np.array([[7, 3]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png", info_of(5, CITY), void=(3,)).tolist() == [[0, 255]]
    with pytest.raises(UserError, match=r"holds 3 \(1 pixels\), which is no official id of 'street'"):
        read_labels(tmp_path / "a.png", info_of(5, CITY))


def test_class_indices_in_place_of_official_ids_are_recognised(tmp_path):
    Image.fromarray(np.array([[0, 1, 4]], dtype=np.uint8)).save(tmp_path / "a.png")
    info = info_of(5, CITY)
    with pytest.raises(UserError, match=r"a\.png' holds 0 .*class indices: add predictions\.ids=train"):
        read_labels(tmp_path / "a.png", info)
    # where the values that are no classes are official, too, only their smallness tells
    with pytest.raises(UserError, match="they look like class indices"):
        read_labels(tmp_path / "a.png", info, void=(0, 1, 4), doubt=True)
    assert read_labels(tmp_path / "a.png", info, void=(0, 1, 4)).tolist() == [[255, 255, 255]]
    Image.fromarray(np.array([[0, 0]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png", info, void=(0,), doubt=True).tolist() == [[255, 255]], "an empty prediction"
    Image.fromarray(np.array([[0, 13]], dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png", info, void=(0,), doubt=True).tolist() == [[255, 4]]


def test_official_ids_in_place_of_class_indices_are_recognised(tmp_path):
    Image.fromarray(np.array([[7, 13]], dtype=np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"no class index of 'street'.*official ids: add predictions\.ids=official"):
        read_labels(tmp_path / "a.png", info_of(5, CITY), ids="train")


def test_a_colour_picture_is_no_label_file(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 4, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="colour picture"):
        read_labels(tmp_path / "a.png", info_of(5))


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(self, path, *arguments, **settings):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space"):
        write_labels(tmp_path / "a.png", np.zeros((2, 2), int), info_of(2))
    assert list(tmp_path.iterdir()) == []
