"""Area, box and overlap of masks are pycocotools', crowds and empty lists included."""

import numpy as np
import pytest
from pycocotools import mask as reference

from drawn_masks import drawn
from segladder.masks import areas, boxes, encode, iou
from segladder.masks.measure import box_iou


@pytest.mark.parametrize("shape", [(1, 1), (17, 9), (40, 60)])
def test_area_and_box_are_those_of_the_pixels(shape):
    masks = drawn(np.random.default_rng(0), 40, *shape)
    rles = encode(masks)
    np.testing.assert_array_equal(areas(rles), masks.sum((1, 2)))
    for box, mask in zip(boxes(rles), masks, strict=True):
        rows, columns = np.nonzero(mask)
        expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0] * 4
        assert box.tolist() == expected


def test_overlaps_are_those_of_the_pixels_and_of_pycocotools():
    masks = drawn(np.random.default_rng(1), 30, 20, 31)
    a, b = encode(masks[:18]), encode(masks[18:])
    got = iou(a, b)
    np.testing.assert_array_equal(got, reference.iou(a, b, [0] * 12))
    for i in range(18):
        for j in range(12):
            union = (masks[i] | masks[18 + j]).sum()
            both = (masks[i] & masks[18 + j]).sum()
            assert got[i, j] == (both / union if union else 0)


def test_a_crowd_is_overlapped_by_the_share_of_the_mask_that_it_covers():
    masks = drawn(np.random.default_rng(2), 20, 20, 31)
    crowd = np.arange(10) % 2 == 0
    a, b = encode(masks[:10]), encode(masks[10:])
    got = iou(a, b, crowd)
    np.testing.assert_array_equal(got, reference.iou(a, b, crowd.astype(int).tolist()))
    i = int(np.flatnonzero(masks[:10].any((1, 2)))[0])
    assert got[i, 0] == (masks[i] & masks[10]).sum() / masks[i].sum()


def test_boxes_overlap_as_in_pycocotools():
    rng = np.random.default_rng(3)
    corners = np.sort(rng.random((12, 2, 2)) * 40, axis=1).reshape(12, 4)
    sides = corners.copy()
    sides[:, 2:] -= sides[:, :2]
    crowd = [False, True, False, False]
    got = box_iou(corners[:8], corners[8:], crowd)
    np.testing.assert_array_equal(got, reference.iou(sides[:8], sides[8:], [0, 1, 0, 0]))


def test_nothing_has_no_area_box_or_overlap():
    some = encode(np.ones((3, 4, 5), dtype=bool))
    assert areas([]).shape == (0,) and boxes([]).shape == (0, 4)
    assert iou([], some).shape == (0, 3) and iou(some, []).shape == (3, 0) and iou([], []).shape == (0, 0)


def test_masks_of_two_sizes_and_too_few_flags_are_refused():
    small, large = encode(np.ones((2, 4, 5), dtype=bool)), encode(np.ones((1, 5, 5), dtype=bool))
    with pytest.raises(ValueError, match="give masks of one image"):
        iou(small, large)
    with pytest.raises(ValueError, match="1 crowd flags for 2"):
        iou(small, small, [False])
