"""A few labels stored otherwise than the rest, and whole sets: the cause is named, its consequences are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_faults import draw_clean
from drawn_sets import draw_cells, draw_cityscapes
from segladder.data.doctor.destination import destination
from segladder.data.doctor.fix import write_fixed
from segladder.data.readers.cityscapes import Cityscapes


def edit(root, change, numbers=range(20)):
    """Labels of those numbers, changed."""
    for number in numbers:
        path = root / "labels" / f"{number:03d}.png"
        Image.fromarray(change(np.asarray(Image.open(path)))).save(path)
    return root


def described(root, **description):
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def mask(label):
    return (label > 0).astype(np.uint8) * 255


def binary(root, **more):
    """Two classes, told apart by 0 and 1."""
    root = edit(draw_clean(root), lambda label: (label > 0).astype(np.uint8))
    return described(root, classes=["background", "leaf"], **more)


def scaled(factor):
    return lambda label: label.astype(np.uint16) * factor


@pytest.mark.parametrize("factor", [256, 257])
@pytest.mark.parametrize("numbers", [range(20), (3, 13)], ids=["all", "some"])
def test_classes_times_256_are_named_and_the_map_is_enough(tmp_path, examine, factor, numbers):
    root = edit(draw_clean(tmp_path), scaled(factor), numbers)

    checkup = examine(root)

    [group] = checkup.groups
    assert (group.kind, group.title) == ("scaled", "labels multiplied by 256 or 257 (16-bit)")
    assert [finding.file for finding in group.findings] == [f"labels/{number:03d}.png" for number in numbers]
    assert group.todo == (
        f"Each value is {factor} times its class, 8 bits stored as 16:"
        f' set "data.label_map={{{factor}: 1, {2 * factor}: 2}}".'
    )
    assert examine(root, label_map={factor: 1, 2 * factor: 2}).groups == []


def test_a_map_for_very_many_classes_is_not_to_be_typed(tmp_path, examine):
    root = edit(draw_clean(tmp_path), scaled(256), (3,))
    described(root, classes=["background", "leaf", "stem", *(f"class {number}" for number in range(30))])

    [group] = [group for group in examine(root).groups if group.kind == "scaled"]

    assert group.todo.endswith("16: divide by 256; `fix=DIR` does so.")


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (lambda label: label + np.uint8(1), "shifted", "Counted from 1, where other labels count from 0: subtract 1"),
        (lambda label: (label == 1) * np.uint8(128), "stretched", "Spread over the greys, for the eye: "),
        (lambda label: np.array([0, 127, 254], np.uint8)[label], "stretched", '"data.label_map={127: 1, 254: 2}"'),
        (mask, "masks", "If they are masks saved as 0 and 255, store the class's index in place of 255."),
    ],
)
def test_a_stray_label_is_named_with_how_it_was_stored(tmp_path, examine, change, kind, told):
    root = edit(draw_clean(tmp_path), change, (2, 14))

    [group] = examine(root).groups

    assert (group.kind, group.count) == (kind, 2)
    assert [finding.file for finding in group.findings] == ["labels/002.png", "labels/014.png"]
    assert told in group.todo


def test_a_copy_corrects_each_stray_label_by_its_own_cause(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    meant = {number: np.asarray(Image.open(root / "labels" / f"{number:03d}.png")) for number in range(3)}
    edit(root, scaled(257), (0,))
    edit(root, lambda label: label + np.uint8(1), (1,))
    edit(root, lambda label: label * np.uint8(127), (2,))

    list(write_fixed(examine(root), destination(str(tmp_path / "copy"), root), workers=0))

    for number, label in meant.items():
        assert np.array_equal(np.asarray(Image.open(tmp_path / f"copy/labels/train/{number:03d}.png")), label), number


@pytest.mark.parametrize("ignored", [False, True])
def test_stray_masks_of_two_classes_get_a_map_that_keeps_the_others(tmp_path, examine, ignored):
    root = edit(binary(tmp_path, **({"ignore_index": 255} if ignored else {})), lambda label: label * 255, (2, 14))

    [group] = examine(root).groups

    assert (group.kind, group.severity) == (("masks", "warning") if ignored else ("stretched", "error"))
    assert group.todo.endswith('set "data.label_map={255: 1}".')
    again = examine(root, label_map={255: 1})
    assert again.groups == [] and again.holds["train"].ignored == 0


def test_labels_of_background_and_a_border_that_nobody_labelled_are_no_masks(tmp_path, examine):
    def bordered(label):
        label = label.copy()
        label[:2] = 255
        return label

    root = edit(binary(tmp_path, ignore_index=255), bordered)
    assert examine(edit(root, lambda label: np.where(label == 1, 0, label).astype(np.uint8), (3,))).groups == []


def test_masks_of_a_set_with_more_classes_are_an_error_without_its_consequences(tmp_path, examine):
    checkup = examine(edit(draw_clean(tmp_path), mask))

    [group] = checkup.groups
    assert (group.kind, group.severity, group.count) == ("masks", "error", 20)
    assert 'name two classes (data.classes=[…]) and set "data.label_map={0: 0, 255: 1}"' in group.todo
    assert checkup.cure.doubt


def test_what_follows_from_the_cause_is_not_told_and_shares_count_what_is_meant(tmp_path, examine):
    """Nor are wholly ignored labels, which one of 255 throughout would be."""
    root = edit(described(draw_clean(tmp_path), classes=["background", "leaf"], ignore_index=255), mask)
    edit(root, lambda label: np.full_like(label, 255), (7,))

    checkup = examine(root)

    assert [group.kind for group in checkup.groups] == ["stretched"]
    holds = checkup.holds["train"]
    assert (holds.pixels.tolist(), holds.ignored, holds.unknown) == ([11 * 1024, 11 * 2048 + 3072], 0, 0)
    assert checkup.survey.notes == [
        "Shares of classes count labels as they are meant to be by what is advised, not as they are stored."
    ]


def test_objects_are_not_held_against_a_label_that_counts_from_one(tmp_path, examine, kinds):
    root = draw_cells(tmp_path)
    for path in root.glob("labels/*/*.png"):
        Image.fromarray(np.asarray(Image.open(path)) + np.uint8(1)).save(path)
    assert kinds(examine(root)).keys() <= {"shifted", "constant"}


def test_a_class_that_only_the_misread_labels_lack_is_still_absent(tmp_path, examine):
    root = edit(draw_clean(tmp_path), lambda label: np.where(label == 2, 0, label).astype(np.uint16) * 256)
    told = [(group.kind, group.findings[0].what) for group in examine(root).groups[1:]]
    assert told == [("absent-class", "stem: no pixel in 12 labels")]


def test_more_labels_that_count_from_one_than_others_do_not_take_them_along(tmp_path, examine):
    """One map for all would make class 0 of the sound ones ignored."""
    checkup = examine(edit(draw_clean(tmp_path), lambda label: label + np.uint8(1), range(15)))

    [group] = checkup.groups
    assert (group.kind, group.count) == ("shifted", 15)
    assert "data.label_map" not in group.todo
    assert checkup.holds["test"].pixels.tolist() == [4 * 1024] * 3


def test_what_a_given_map_says_is_kept_in_the_word_to_type(tmp_path, examine):
    root = edit(draw_clean(tmp_path), lambda label: np.where(label == 2, 9, label).astype(np.uint8))
    edit(root, scaled(256), (5,))
    [group] = examine(root, label_map={9: 2}).groups
    assert group.todo.endswith('set "data.label_map={9: 2, 256: 1, 512: 2, 2304: 2}".')
    assert examine(root, label_map={9: 2, 256: 1, 512: 2, 2304: 2}).groups == []


def test_of_a_published_set_the_cause_is_named_and_the_original_wanted(tmp_path, examine):
    root = draw_cityscapes(tmp_path, per_city=6)
    changes = {0: scaled(256), 1: lambda ids: ((ids > 20) * 255).astype(np.uint8), 2: lambda ids: ids + np.uint8(1)}
    for number, change in changes.items():
        path = root / f"gtFine/train/aachen/aachen_{number:06d}_000019_gtFine_labelIds.png"
        Image.fromarray(change(np.asarray(Image.open(path)))).save(path)

    found = {group.kind: group for group in examine(root, Cityscapes).groups}

    original = "Take the original from gtFine_trainvaltest.zip."
    assert {kind: found[kind].todo for kind in ("scaled", "values", "shifted")} == {
        "scaled": f"Each value is 256 times its class, 8 bits stored as 16. {original}",
        "values": f"Saved as 0 and 255, and 255 is none of the 19 classes. {original}",
        "shifted": f"Counted from 1, where other labels count from 0. {original}",
    }
    assert all(f"aachen_00000{at}" in found[kind].findings[0].file for at, kind in enumerate(("scaled", "values")))
