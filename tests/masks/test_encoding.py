"""Masks become pycocotools' run lengths, byte for byte, one by one and from an id map."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as reference

from drawn_masks import drawn
from segladder.masks import decode, encode, from_id_map


def theirs(masks):
    found = reference.encode(np.asfortranarray(np.moveaxis(masks, 0, -1).astype(np.uint8)))
    return [{"size": list(rle["size"]), "counts": rle["counts"]} for rle in found]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 40), width=st.integers(1, 40))
def test_every_mask_is_written_as_pycocotools_writes_it(seed, height, width):
    masks = drawn(np.random.default_rng(seed), 5, height, width)
    assert encode(masks) == theirs(masks)
    for rle, mask in zip(encode(masks), masks, strict=True):
        np.testing.assert_array_equal(decode(rle), mask)


def test_long_runs_and_wide_images_are_written_as_pycocotools_writes_them():
    masks = np.zeros((3, 700, 900), dtype=bool)
    masks[0, 699, 899] = masks[1, 0, 0] = True
    masks[2, 100:600, 3:890] = True
    assert encode(masks) == theirs(masks)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64])
def test_tensors_are_taken_in_any_layout(dtype):
    masks = drawn(np.random.default_rng(1), 4, 9, 13)
    tensor = torch.from_numpy(masks).to(dtype)
    assert encode(tensor) == theirs(masks)
    assert encode(tensor.mT.contiguous().mT) == theirs(masks)


def test_what_is_not_zero_belongs_to_the_mask():
    assert encode(np.array([[[0, 255], [3, 0]]], dtype=np.uint8)) == theirs(np.array([[[0, 1], [1, 0]]]))


def test_no_mask_is_an_empty_list():
    assert encode(np.zeros((0, 4, 5), dtype=bool)) == []


def test_other_shapes_and_types_are_refused():
    with pytest.raises(ValueError, match=r"\(N, H, W\) bool or integer"):
        encode(np.zeros((4, 5), dtype=bool))
    with pytest.raises(ValueError, match="float64"):
        encode(np.zeros((1, 4, 5)))
    with pytest.raises(ValueError, match=r"\(H, W\) integer"):
        from_id_map(np.zeros((1, 4, 5), dtype=np.int64))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 30), width=st.integers(1, 30), ids=st.integers(1, 400))
def test_an_id_map_gives_the_mask_of_each_id(seed, height, width, ids):
    rng = np.random.default_rng(seed)
    block = rng.integers(0, ids, (-(-height // 3), -(-width // 2)))
    id_map = np.kron(block, np.ones((3, 2), dtype=np.int64))[:height, :width].astype(np.uint16)
    rles, present = from_id_map(id_map, ignore=(0, 7))
    expected = [value for value in np.unique(id_map) if value not in (0, 7)]
    assert present.tolist() == expected
    assert rles == [theirs((id_map == value)[None])[0] for value in expected]


def test_an_id_map_without_objects_gives_none():
    for id_map in (np.zeros((3, 4), dtype=np.int32), np.zeros((0, 4), dtype=np.int32)):
        rles, present = from_id_map(id_map)
        assert rles == [] and present.shape == (0,)
