"""What label values of a whole set mean: told apart from a few wrong pixels, and never guessed where it is not so."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from drawn_faults import drawn, write_pair
from segladder.data.decoding.labels import LabelReader


def draw(root, values, *, classes, description=None, colors=None, suffix="png"):
    """A training split whose labels hold these values, or colours, in place of 0, 1, 2."""
    random = np.random.default_rng(3)
    for number in range(4):
        image, label = drawn(random)
        write_pair(root, f"train/{number}".replace("train/", ""), image, label)
        table = np.array(values if colors is None else colors, dtype=np.uint8)
        (root / "labels" / f"{number}.png").unlink()
        Image.fromarray(table[label % len(table)]).save(root / "labels" / f"{number}.{suffix}")
    (root / "splits").mkdir()
    (root / "splits" / "train.txt").write_text("0\n1\n2\n3\n")
    content = {"classes": [f"class {number}" for number in range(classes)], **(description or {})}
    (root / "dataset.json").write_text(json.dumps(content))
    return root


def found(examine, root):
    return examine(root, val_split=None, test_split=None)


def test_masks_of_0_and_255_get_the_map_ready_to_type(tmp_path, examine):
    [group] = found(examine, draw(tmp_path, [0, 255, 0], classes=2)).groups[:1]
    assert (group.kind, group.count) == ("stretched", 4)
    assert group.todo == 'Saved as 0 and 255: set "data.label_map={0: 0, 255: 1}".'
    assert group.findings[0].what == "value 255 (1,024 pixels)"
    assert group.findings[0].file == "labels/0.png"


def test_masks_of_0_and_255_are_found_even_where_255_is_ignored(tmp_path, examine):
    """Nothing would complain: a network would learn that everything is background."""
    checkup = found(examine, draw(tmp_path, [0, 255, 0], classes=2, description={"ignore_index": 255}))
    assert [group.kind for group in checkup.groups] == ["stretched"]
    assert checkup.groups[0].todo == (
        '255 is the second class here, and ignored as things stand: set "data.label_map={0: 0, 255: 1}".'
    )


def test_three_classes_spread_over_the_greys(tmp_path, examine):
    [group, *_] = found(examine, draw(tmp_path, [0, 127, 254], classes=3)).groups
    assert (group.kind, group.todo) == (
        "stretched",
        'Saved as 0, 127 and 254: set "data.label_map={0: 0, 127: 1, 254: 2}".',
    )


def test_classes_counted_from_one(tmp_path, examine):
    [group, *_] = found(examine, draw(tmp_path, [1, 2, 3], classes=3)).groups
    assert (group.kind, group.count) == ("shifted", 4)
    assert group.todo == 'They run from 1 to 3: set "data.label_map={1: 0, 2: 1, 3: 2}".'


def test_classes_counted_from_one_with_a_little_that_nobody_labelled(tmp_path, examine):
    root = draw(tmp_path, [1, 2, 3], classes=3)
    label = np.asarray(Image.open(root / "labels" / "0.png")).copy()
    label[:4, :8] = 0
    Image.fromarray(label).save(root / "labels" / "0.png")
    [group, *_] = found(examine, root).groups
    assert group.kind == "shifted"
    assert group.todo.endswith('set "data.label_map={0: null, 1: 0, 2: 1, 3: 2}".')


def test_an_ignored_value_behind_the_classes_moves_with_them(tmp_path, examine):
    """As CamVid plus one: 2 is what is ignored, so that the last class would be lost without a word."""
    root = draw(tmp_path, [1, 2, 3], classes=2, description={"ignore_index": 2})
    [group, *_] = found(examine, root).groups
    assert (group.kind, group.count) == ("shifted", 4)
    assert group.todo.endswith('set "data.label_map={1: 0, 2: 1, 3: null}".')


def test_an_extra_value_above_the_classes_is_no_shift(tmp_path, examine):
    """CamVid without its ignore_index: 0 is the sky, and 3 would be what is unknown."""
    [group, *_] = found(examine, draw(tmp_path, [0, 3, 1], classes=3)).groups
    assert group.kind == "values"
    assert '"ignore_index": 3' in group.todo
    assert 'set "data.label_map={0: null, 1: 0, 2: 1, 3: 2}"' in group.todo


def test_colours_of_the_palette(tmp_path, examine):
    palette = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    checkup = found(examine, draw(tmp_path, None, classes=3, colors=palette, description={"palette": palette}))
    [group] = checkup.groups
    assert (group.kind, group.count) == ("colors", 4)
    assert group.findings[0].what.startswith("(0, 0, 0) (1,024 pixels)")
    assert "They are the palette's ((0, 0, 0) class 0, (128, 0, 0) class 1, (0, 128, 0) class 2, …)" in group.todo
    assert checkup.cure.colors[128, 0, 0] == 1


def test_colours_that_nobody_described(tmp_path, examine):
    checkup = found(examine, draw(tmp_path, None, classes=3, colors=[[9, 0, 0], [0, 9, 0], [0, 0, 9]]))
    assert checkup.groups[0].kind == "colors"
    assert 'Write the colours into dataset.json, as in "palette"' in checkup.groups[0].todo
    assert checkup.cure.colors == {}


def test_colours_blurred_by_jpeg(tmp_path, examine):
    random = np.random.default_rng(0)
    colors = random.integers(0, 255, (3, 3))
    root = draw(tmp_path, None, classes=3, colors=colors, suffix="jpg")
    for path in (root / "labels").iterdir():
        noisy = np.asarray(Image.open(path)).astype(int) + random.integers(-20, 20, (48, 64, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=60)
    assert "So many colours come from JPEG or smoothing" in found(examine, root).groups[0].todo


@pytest.mark.parametrize("values", [[0, 1, 2], [0, 2, 0], [0, 1, 255], [2, 2, 2]])
def test_labels_within_the_classes_are_not_accused(tmp_path, examine, values):
    """A class may be absent, and pixels ignored."""
    checkup = found(examine, draw(tmp_path, values, classes=3, description={"ignore_index": 255}))
    assert all(group.kind == "absent-class" for group in checkup.groups)


def test_a_map_that_was_given_is_followed(tmp_path, examine):
    root = draw(tmp_path, [0, 255, 0], classes=2)
    checkup = examine(root, val_split=None, test_split=None, label_map={0: 0, 255: 1})
    assert checkup.groups == []
    assert checkup.holds["train"].pixels.tolist() == [8192, 4096]


def test_the_doctor_means_what_the_reader_means():
    from segladder.data.doctor.label_look import Meaning

    values = np.arange(65536, dtype=np.uint16)
    for options in (
        {},
        {"label_map": {0: 0, 255: 1}},
        {"label_map": {"others": 0, 7: 1}},
        {"label_map": {3: None}},
        {"ignore": (9,), "ignore_index": 65535},
    ):
        reader = LabelReader(["a", "b", "c"], **options)
        assert np.array_equal(Meaning(reader)(values), reader._tables[np.dtype(np.uint16)][values])
