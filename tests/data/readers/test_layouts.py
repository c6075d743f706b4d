"""A root that points elsewhere: what was looked for, what is there, and where the data are."""

import pytest

from drawn_faults import draw_clean
from drawn_sets import draw_ade20k, draw_cityscapes, draw_voc
from segladder.data.errors import DataError
from segladder.data.readers.ade20k import Ade20k
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.folder import Folder
from segladder.data.readers.layouts import held, layout_of
from segladder.data.readers.voc import Voc


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A tiny set of each layout, side by side with nothing else."""
    root = tmp_path_factory.mktemp("sets")
    draw_cityscapes(root / "a/city", per_city=1)
    draw_voc(root / "b/voc", train=1, val=1, test=1)
    draw_ade20k(root / "c/ade")
    draw_clean(root / "d/own", counts={"train": 1, "val": 1, "test": 1})
    return root


def test_layouts_are_told_apart(sets):
    found = [layout_of(sets / name) for name in ("a/city", "b/voc", "c/ade", "d/own", "a/city/gtFine")]
    assert found == ["cityscapes", "voc", "ade20k", "folder", None]


@pytest.mark.parametrize(
    ("reader", "part", "found", "where"),
    [
        (Cityscapes, "a/city/leftImg8bit", "it holds test/, train/ and val/", "a/city"),
        (Cityscapes, "a/city/leftImg8bit/train", "it holds aachen/ and ulm/", "a/city"),
        (Cityscapes, "a", "it holds city/", "a/city"),
        (Voc, "b/voc/JPEGImages", "it holds 2008_000000.jpg, 2008_000001.jpg", "b/voc"),
        (Ade20k, "c/ade/images/training", "it holds ADE_train_00000001.jpg", "c/ade"),
        (Folder, "d/own/images", "it holds 000.png, 001.png and 002.png", "d/own"),
    ],
)
def test_the_right_folder_is_named_where_it_is_near(sets, reader, part, found, where):
    with pytest.raises(DataError) as error:
        reader(root=sets / part)
    assert f"data.root '{sets / part}' " in str(error.value) and found in str(error.value)
    assert str(error.value).endswith(f"Set data.root={sets / where}, which has it.")


@pytest.mark.parametrize(
    ("reader", "part", "told"),
    [
        (Cityscapes, "b/voc", "has no folder 'leftImg8bit': it holds ImageSets/, JPEGImages/, Segm"),
        (Voc, "a/city", "is no VOC2012: 'JPEGImages' is neither in it"),
        (Ade20k, "d/own", "has no folder 'annotations': it holds images/, labels/, splits/ and dataset.json"),
        (Folder, "a/city", "has no folder 'images': it holds gtFine/ and leftImg8bit/"),
        (Folder, "c/ade", "has no dataset.json (nor dataset.yaml) that names the classes: it holds annotations/ and i"),
    ],
)
def test_the_layout_of_another_data_set_is_named(sets, reader, part, told):
    with pytest.raises(DataError) as error:
        reader(root=sets / part)
    assert told in str(error.value)
    choice = {"a/city": "cityscapes", "b/voc": "voc", "c/ade": "ade20k", "d/own": "folder"}[part]
    assert f", which data={choice} reads. Choose that, or" in str(error.value)


def test_what_a_folder_holds_is_short(tmp_path):
    assert held(tmp_path) == "is empty"
    for number in range(9):
        (tmp_path / f"{number}.png").touch()
    (tmp_path / "z").mkdir()
    (tmp_path / ".hidden").touch()
    assert held(tmp_path) == "holds z/, 0.png, 1.png, 2.png, 3.png and 5 more"
