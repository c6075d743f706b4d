"""One cause behind many odd labels: their names, their turn, JPEG, train ids, ids cut to 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from drawn_faults import draw_clean
from drawn_sets import draw_cityscapes, draw_voc
from segladder.data.doctor.label_names import common_affix
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.cityscapes_table import LABEL_IDS
from segladder.data.readers.voc import Voc


def edit(path, change):
    Image.fromarray(change(np.asarray(Image.open(path)))).save(path)


def only(checkup):
    return [group for group in checkup.groups if group.kind not in ("copy", "alike", "absent-class", "same-split")]


@pytest.mark.parametrize("names", [None, ["003"]], ids=["all", "one"])
def test_labels_called_as_their_images_with_a_word_more_have_one_finding_without_consequences(tmp_path, examine, names):
    root = draw_clean(tmp_path)
    paths = sorted((root / "labels").glob("*.png"))
    for path in paths:
        if names is None or path.stem in names:
            path.rename(path.with_name(f"{path.stem}_mask.png"))

    checkup = examine(root)

    [group] = only(checkup)
    assert (group.kind, group.severity, group.count) == ("label-names", "error", 1)
    assert "'_mask'" in group.todo and "'_mask' in the name" in group.findings[0].what
    assert ("20 labels have" in group.findings[0].what) == (names is None)
    assert all(held.labelled == held.images for held in checkup.holds.values())


def test_names_that_only_look_alike_are_not_one_cause():
    assert common_affix({"t/a1"}, {"t/a10"}) is None
    assert common_affix({"t/a", "t/b"}, {"t/a_x", "t/b_y"}) is None
    assert common_affix({"t/a"}, {"u/a_x"}) is None
    found = common_affix({"t/a", "t/b", "t/c"}, {"t/gt-a", "t/gt-b"})
    assert found is not None and found.label("t/c") == "t/gt-c"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (np.rot90, "turned by 90 degrees"),
        (lambda label: label[:-4], "shows another part"),
        (lambda label: label[::2, ::2], "Store the label at the image's size, by nearest neighbour."),
    ],
    ids=["turned", "cropped", "smaller"],
)
def test_a_label_of_another_size_is_to_be_resized_only_where_it_shows_the_same(tmp_path, examine, change, words):
    root = draw_clean(tmp_path)
    # images that are no squares
    for number in range(20):
        for folder in ("images", "labels"):
            edit(root / folder / f"{number:03d}.png", lambda picture: picture[: picture.shape[0] * 3 // 4])
    edit(root / "labels" / "003.png", change)

    [group] = only(examine(root))

    assert group.kind == "size" and words in group.todo


def test_masks_stored_as_jpeg_are_told_of_jpeg(tmp_path, examine):
    root = draw_clean(tmp_path)
    for path in sorted((root / "labels").glob("*.png")):
        mask = (np.asarray(Image.open(path)) > 0).astype(np.uint8) * 255
        Image.fromarray(np.roll(mask, 3, axis=(0, 1))).save(path.with_suffix(".jpg"), quality=70)
        path.unlink()

    [group] = only(examine(root))

    assert (group.kind, group.count) == ("values", 20)
    assert group.todo.startswith("JPEG is lossy")


def test_train_ids_without_255_are_known_by_the_objects_that_contradict(tmp_path, examine):
    table = np.zeros(256, dtype=np.uint8)
    table[list(LABEL_IDS)] = range(len(LABEL_IDS))
    root = draw_cityscapes(tmp_path)
    for path in root.glob("gtFine/*/*/*_labelIds.png"):
        edit(path, lambda ids: table[ids])

    [group] = [one for one in examine(root, Cityscapes).groups if one.kind in ("values", "disagree", "object-class")]

    assert group.kind == "values" and "_labelTrainIds.png" in group.todo
    assert [
        one for one in examine(draw_cityscapes(tmp_path / "sound"), Cityscapes).groups if one.kind == "values"
    ] == []


def test_instance_ids_cut_to_8_bits_are_told_so_with_one_remedy(tmp_path, examine):
    root = draw_cityscapes(tmp_path)
    path = next(
        path for path in sorted(root.glob("gtFine/train/*/*_instanceIds.png")) if Image.open(path).getextrema()[1] > 999
    )
    edit(path, lambda ids: (ids & 255).astype(np.uint8))

    [group] = [one for one in examine(root, Cityscapes).groups if one.kind in ("disagree", "object-class")]

    assert group.todo == "Take the 16-bit original from gtFine_trainvaltest.zip."
    assert group.findings[0].what == "stored with 8 bits, which cut its ids (26001 becomes 145)"


def test_a_voc_label_without_image_in_no_list_is_a_warning(tmp_path, examine):
    root = draw_voc(tmp_path)
    folder = next(tmp_path.rglob("SegmentationClass"))
    label = sorted(folder.glob("*.png"))[0]
    before = only(examine(root, Voc))
    (folder / "2007_999999.png").write_bytes(label.read_bytes())

    [group] = [one for one in only(examine(root, Voc)) if one.kind not in {old.kind for old in before}]

    assert (group.kind, group.severity) == ("orphan-label", "warning")
    assert group.findings[0].file == "SegmentationClass/2007_999999.png"


def test_a_link_to_nowhere_is_called_that(tmp_path, examine):
    root = draw_clean(tmp_path)
    (root / "images" / "003.png").unlink()
    (root / "images" / "003.png").symlink_to("/nowhere/x.png")

    [group] = only(examine(root))

    assert group.findings[0].what == "is a link to '/nowhere/x.png', which is not there"
