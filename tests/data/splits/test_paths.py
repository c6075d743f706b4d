import warnings
from pathlib import Path

import pytest

from segladder.data.errors import DataError
from segladder.data.splits.paths import SplitPaths


def paths(root, annotations="annotations/{split}.json", images="{split}"):
    return SplitPaths(root, annotations=annotations, images=images, hint="Fetch it.")


def test_a_pattern_lies_below_the_root_and_one_file_anywhere(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    (tmp_path / "all.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert paths(tmp_path / "set").annotations("val") == tmp_path / "set" / "annotations" / "val.json"
    one = paths(tmp_path / "set", annotations="all.json")
    assert one.annotations("val") == Path("all.json")
    (tmp_path / "set" / "all.json").write_text("{}")
    assert one.annotations("val") == Path("all.json"), "what the shell sees comes first"
    (tmp_path / "all.json").unlink()
    assert one.annotations("val") == tmp_path / "set" / "all.json"


def test_without_a_root_images_are_a_folder_that_is_there_or_none(tmp_path):
    assert paths(None, images=str(tmp_path / "{split}")).images("val") is None
    (tmp_path / "val").mkdir()
    assert paths(None, images=str(tmp_path / "{split}")).images("val") == tmp_path / "val"
    assert paths(tmp_path).images("test") == tmp_path / "test"
    assert paths(tmp_path).own_images and not paths(tmp_path, images="pictures").own_images


def test_the_smallest_file_that_is_there_is_chosen(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "train.json").write_text("{" + " " * 100 + "}")
    (tmp_path / "annotations" / "val.json").write_text("{}")
    assert paths(tmp_path).smallest(["train", "val", None, "test"]) == "val"
    with pytest.raises(DataError, match="are all null"):
        paths(tmp_path).smallest([None])
    with pytest.raises(DataError, match=r"Split 'mini' has no annotations: .*JSON files there: train.json, val.json\."):
        paths(tmp_path).smallest(["mini"])
    with pytest.raises(DataError, match=r"data\.root '.*nowhere' is not there\. Fetch it\."):
        paths(tmp_path / "nowhere").smallest(["val"])


def test_a_folder_in_place_of_a_file_and_a_root_that_is_another_are_told(tmp_path):
    (tmp_path / "set/annotations").mkdir(parents=True)
    (tmp_path / "set/annotations" / "val.json").write_text("{}")
    with pytest.raises(
        DataError, match=r"means '.*annotations', which is a folder: it holds val\.json\. Name the file"
    ):
        paths(tmp_path / "set", annotations="annotations").smallest(["val"])
    with pytest.raises(DataError, match=r"is not there; '.*' holds val\.json\. Set data\.root=.*/set, which has it\."):
        paths(tmp_path / "set/annotations").smallest(["val"])


def test_one_file_for_training_and_scores_is_warned_of(tmp_path):
    splits = {"train": "a", "val": "b", "test": None}
    with pytest.warns(UserWarning, match=r"^Training and val read the same '.*all\.json'"):
        paths(tmp_path, annotations="all.json").warn_of_same(splits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths(tmp_path).warn_of_same(splits)
        paths(tmp_path, annotations="all.json").warn_of_same(splits | {"train": None})
