"""Hits, misses and false alarms against a plain double loop over pixels."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.viz import confident, match
from viz.objects import found_objects, rectangle, true_objects

SIZE = (12, 12)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list, list, list, list, list, list]:
    corner = st.integers(0, 8)
    side = st.integers(1, 6)
    shape = st.tuples(corner, corner, side, side).map(
        lambda b: rectangle(SIZE, b[0], b[1], min(b[0] + b[2], 12), min(b[1] + b[3], 12))
    )
    found = draw(st.lists(shape, max_size=6))
    true = draw(st.lists(shape, max_size=6))
    scores = draw(st.lists(st.sampled_from([0.2, 0.5, 0.9]), min_size=len(found), max_size=len(found)))
    labels = st.integers(1, 2)
    return (
        found,
        true,
        scores,
        draw(st.lists(labels, min_size=len(found), max_size=len(found))),
        draw(st.lists(labels, min_size=len(true), max_size=len(true))),
        draw(st.lists(st.booleans(), min_size=len(true), max_size=len(true))),
    )


def matched_slowly(
    found: list, true: list, scores: list, found_labels: list, true_labels: list, crowds: list
) -> tuple[list[int], list[bool], list[bool]]:
    hit, taken = [-1] * len(found), set()
    for index in sorted(range(len(found)), key=lambda i: (-scores[i], i)):
        best, best_iou = -1, 0.0
        for j in range(len(true)):
            if crowds[j] or j in taken or true_labels[j] != found_labels[index]:
                continue
            iou = (found[index] & true[j]).sum() / (found[index] | true[j]).sum()
            if iou >= 0.5 and iou > best_iou:
                best, best_iou = j, iou
        hit[index] = best
        taken |= {best} - {-1}
    false = [
        hit[i] < 0
        and not any(
            crowds[j] and true_labels[j] == found_labels[i] and (found[i] & true[j]).sum() / found[i].sum() >= 0.5
            for j in range(len(true))
        )
        for i in range(len(found))
    ]
    missed = [not crowds[j] and j not in taken for j in range(len(true))]
    return hit, false, missed


@settings(max_examples=150, deadline=None)
@given(scenes(), st.booleans())
def test_it_is_the_plain_double_loop_with_masks_and_with_boxes_alone(scene: tuple, boxes_alone: bool) -> None:
    found, true, scores, found_labels, true_labels, crowds = scene
    matching = match(
        found_objects(found, scores, found_labels, size=SIZE, boxes_alone=boxes_alone),
        true_objects(true, true_labels, crowds, size=SIZE),
    )
    hit, false, missed = matched_slowly(*scene)
    assert (matching.hit.tolist(), matching.false.tolist(), matching.missed.tolist()) == (hit, false, missed)


def test_the_surer_of_two_takes_the_object_and_the_other_is_a_false_alarm() -> None:
    shape = rectangle(SIZE, 1, 1, 7, 7)
    matching = match(found_objects([shape, shape], [0.6, 0.9], size=SIZE), true_objects([shape], size=SIZE))
    assert matching.hit.tolist() == [-1, 0] and matching.false.tolist() == [True, False]
    assert matching.f1 == 2 / 3


def test_a_wrong_class_is_a_miss_and_a_false_alarm() -> None:
    shape = rectangle(SIZE, 1, 1, 7, 7)
    matching = match(found_objects([shape], labels=[2], size=SIZE), true_objects([shape], [1], size=SIZE))
    assert matching.missed.all() and matching.false.all() and matching.f1 == 0


def test_on_a_crowd_nothing_counts_however_many_are_found() -> None:
    crowd, inside = rectangle(SIZE, 0, 0, 12, 8), rectangle(SIZE, 2, 2, 4, 4)
    matching = match(found_objects([inside, inside], size=SIZE), true_objects([crowd], iscrowd=[True], size=SIZE))
    assert not matching.false.any() and not matching.missed.any() and math.isnan(matching.f1)


def test_nothing_against_nothing_has_no_f1() -> None:
    matching = match(found_objects([], size=SIZE), true_objects([], size=SIZE))
    assert (len(matching.hit), len(matching.false), len(matching.missed)) == (0, 0, 0)
    assert math.isnan(matching.f1)


def test_one_pixel_objects_match() -> None:
    pixel = rectangle(SIZE, 11, 11, 12, 12)
    assert match(found_objects([pixel], size=SIZE), true_objects([pixel], size=SIZE)).f1 == 1


@pytest.mark.parametrize("boxes_alone", [False, True])
def test_the_confident_come_surest_first(boxes_alone: bool) -> None:
    shapes = [rectangle(SIZE, x, 0, x + 2, 2) for x in (0, 3, 6)]
    kept = confident(found_objects(shapes, [0.5, 0.4, 0.8], size=SIZE, boxes_alone=boxes_alone), 0.5)
    assert kept.scores.tolist() == [0.8, 0.5] and kept.boxes[:, 0].tolist() == [6, 0]
    assert (kept.masks is None) == boxes_alone
