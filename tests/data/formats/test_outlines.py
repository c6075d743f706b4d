import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from segladder.data.formats.annotations import AnnotatedObject
from segladder.data.formats.outlines import joined, one_outline, rle_of, trace


def encoded(bitmap):
    found = coco.encode(np.asfortranarray(bitmap.astype(np.uint8)))
    return {"size": list(found["size"]), "counts": found["counts"]}


def filled(polygon, size):
    return np.asarray(coco.decode(coco.frPyObjects([polygon], *size)))[..., 0].astype(bool)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.03, 0.5, 0.95, 1.0]))
def test_one_line_through_all_loops_fills_to_the_same_pixels(seed, height, width, share):
    bitmap = np.random.default_rng(seed).random((height, width)) < share
    bitmap[0, 0] = True
    assert np.array_equal(filled(joined(trace(encoded(bitmap))), bitmap.shape), bitmap)


def test_a_ring_has_two_loops_along_its_pixels_edges():
    bitmap = np.zeros((6, 7), dtype=bool)
    bitmap[1:5, 1:6] = True
    bitmap[2:4, 2:5] = False
    outer, inner = trace(encoded(bitmap))
    assert sorted(map(tuple, outer.tolist())) == [(1, 1), (1, 5), (6, 1), (6, 5)]
    assert sorted(map(tuple, inner.tolist())) == [(2, 2), (2, 4), (5, 2), (5, 4)]


def test_a_mask_without_pixels_has_no_loops():
    assert trace(encoded(np.zeros((3, 3)))) == []


def test_a_single_polygon_stays_as_it_was_drawn():
    polygon = [1.3, 1.0, 4.7, 1.2, 3.1, 4.9]
    shape = AnnotatedObject(label=0, box=(1.3, 1, 4.7, 4.9), polygons=[polygon])
    assert one_outline(shape, (6, 6)) == (polygon, False)


def test_parts_are_joined_into_the_same_pixels_also_where_they_overlap():
    apart = [[0, 0, 4, 0, 4, 4, 0, 4], [6, 6, 9.5, 6, 9.5, 9, 6, 9]]
    overlapping = [[0, 0, 6, 0, 6, 6, 0, 6], [3, 3, 9, 3, 9, 9, 3, 9]]
    for parts in (apart, overlapping):
        shape = AnnotatedObject(label=0, box=(0, 0, 9, 9), polygons=parts)
        line, was_joined = one_outline(shape, (10, 10))
        union = np.asarray(coco.decode(coco.merge(coco.frPyObjects(parts, 10, 10)))).astype(bool)
        assert np.array_equal(filled(line, (10, 10)), union)
        assert was_joined == (parts is apart)


def test_a_box_alone_is_filled():
    shape = AnnotatedObject(label=0, box=(1, 2, 4, 5))
    bitmap = np.asarray(coco.decode(rle_of(shape, (6, 7))))
    assert bitmap.sum() == 9 and bitmap[2:5, 1:4].all()
