"""One partition of overlapping objects: as panopticapi's own script goes about it, and at the edges of its rules."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.masks import boxes, encode, paint_found, partition
from segladder.types import Instances

SIZE = (12, 20)


def found(masks: list[np.ndarray], scores: list[float], labels: list[int] | None = None) -> Instances:
    rles = encode(np.stack(masks)) if masks else []
    numbers = labels or list(range(1, len(masks) + 1))
    return Instances(
        masks=rles, boxes=boxes(rles), labels=np.array(numbers, int), scores=np.array(scores, float), size=SIZE
    )


def block(left: int, right: int) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[2:6, left:right] = True
    return mask


def reference(masks, scores, labels, *, score, overlap):
    """`combine_semantic_and_instance_predictions.py` of panopticapi in words of whole maps, things alone."""
    used, ids, kept = np.zeros(SIZE, bool), np.zeros(SIZE, int), []
    for index in sorted(range(len(masks)), key=lambda i: -scores[i]):
        area = masks[index].sum()
        if scores[index] < score or area == 0 or (used & masks[index]).sum() / area > overlap:
            continue
        kept.append(labels[index])
        ids[masks[index] & (ids == 0)] = len(kept)
        used |= masks[index]
    return ids, kept


@pytest.mark.parametrize("overlap", [0.25, 0.5, 0.75])
def test_objects_are_shared_out_as_panopticapi_does(overlap):
    draw = np.random.default_rng(0)
    left_out = 0
    for _ in range(20):
        masks = []
        for _ in range(8):
            mask = np.zeros(SIZE, dtype=bool)
            top, left = draw.integers(0, 10), draw.integers(0, 16)
            mask[top : top + draw.integers(0, 8), left : left + draw.integers(0, 10)] = True
            masks.append(mask & (draw.random(SIZE) < 0.9))
        scores, labels = draw.permutation(8) / 8, draw.integers(0, 5, 8).tolist()
        ids, kept = reference(masks, scores, labels, score=0.25, overlap=overlap)
        segments = partition(found(masks, scores.tolist(), labels), score=0.25, overlap=overlap)
        assert np.array_equal(segments.id_map, ids) and segments.labels.tolist() == kept
        assert segments.areas.tolist() == np.bincount(ids.ravel(), minlength=len(kept) + 1)[1:].tolist()
        assert segments.ids.tolist() == list(range(1, len(kept) + 1)) and not segments.iscrowd.any()
        left_out += 8 - len(kept)
    assert left_out > 40


def test_pixels_that_are_taken_stay_with_the_better_object():
    segments = partition(found([block(0, 6), block(4, 12)], [0.6, 0.9]))
    assert segments.labels.tolist() == [2, 1] and segments.areas.tolist() == [32, 16]
    assert segments.id_map[3].tolist() == [2] * 4 + [1] * 8 + [0] * 8


@pytest.mark.parametrize(("left", "stays"), [(4, True), (3, False)])
def test_an_object_that_keeps_less_than_half_of_its_pixels_is_left_out_and_takes_none(left, stays):
    segments = partition(found([block(0, 8), block(left, left + 8)], [0.9, 0.8]))
    assert segments.labels.tolist() == ([1, 2] if stays else [1])
    assert int((segments.id_map > 0).sum()) == (48 if stays else 32)


def test_the_least_score_takes_part_and_less_does_not():
    segments = partition(found([block(0, 4), block(8, 12)], [0.5, 0.4999]))
    assert segments.labels.tolist() == [1]


def test_objects_without_a_pixel_of_their_own_are_no_segments():
    nothing = np.zeros(SIZE, dtype=bool)
    segments = partition(found([nothing, block(0, 4), block(1, 3)], [0.9, 0.8, 0.7]), overlap=1)
    assert segments.labels.tolist() == [2] and segments.areas.tolist() == [16]


def test_an_image_without_objects_is_void_or_all_of_the_rest():
    assert len(partition(found([], []))) == 0
    rest = partition(found([], []), rest=0)
    assert rest.labels.tolist() == [0] and rest.areas.tolist() == [12 * 20] and (rest.id_map == 1).all()
    full = partition(found([np.ones(SIZE, dtype=bool)], [0.9]), rest=0)
    assert full.labels.tolist() == [1]


def test_equal_scores_are_shared_out_as_the_semantic_readout_shows_them():
    objects = found([block(0, 8), block(2, 10), block(4, 12)], [0.7, 0.7, 0.7])
    segments = partition(objects, overlap=1)
    classes = np.concatenate([[0], segments.labels])[segments.id_map]
    assert np.array_equal(classes, paint_found(objects, score=0.5, fill=0))


def test_what_is_no_mask_of_the_image_is_refused():
    objects = found([block(0, 4)], [0.9])
    objects.size = (12, 21)
    with pytest.raises(ValueError, match="A mask of 12x20 cannot be painted on 12x21"):
        partition(objects)
    objects.masks = None
    with pytest.raises(ValueError, match="Boxes alone"):
        partition(objects)
