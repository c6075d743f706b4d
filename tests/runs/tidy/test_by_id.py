"""The digits at the end of a folder's name find the run."""

from __future__ import annotations

import pytest

from left_runs import leave, run_id
from segladder.runs.folder import RunFolder
from segladder.runs.tidy.by_id import attempts_beside, find_run_by_id
from segladder.types import UserError


def test_a_prefix_an_id_and_an_attempt_find_their_folders(tmp_path):
    first = leave(tmp_path, "abcd1234", "finished")
    second = leave(tmp_path, "abcd1234", "failed")
    other = leave(tmp_path, "ab000000", study=None)
    for wanted in ("abcd", "ABCD1234", run_id("abcd1234")):
        assert find_run_by_id(tmp_path, wanted) == first
    assert find_run_by_id(tmp_path, "abcd1234-2") == second
    assert find_run_by_id(tmp_path, "ab0") == other


def test_without_a_finished_attempt_the_newest_is_meant(tmp_path):
    leave(tmp_path, "abcd1234", "failed")
    newest = leave(tmp_path, "abcd1234", "interrupted")
    assert find_run_by_id(tmp_path, "abcd1234") == newest
    assert [line.status for line in attempts_beside(newest)] == ["failed", "interrupted"]


def test_a_renamed_folder_and_one_without_a_record_are_found(tmp_path):
    folder = leave(tmp_path, "abcd1234")
    folder.path.rename(tmp_path / "study" / "my-best-run")
    assert find_run_by_id(tmp_path, "abcd12").path.name == "my-best-run"
    bare = RunFolder(tmp_path / "study" / "a-00ff00ff").create()
    assert find_run_by_id(tmp_path, "00ff") == bare


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [("ab", "means 2 runs"), ("ffff", "no run below"), ("unet", "is no id"), ("abcd1234-x", "is no id")],
)
def test_none_and_several_are_sentences(tmp_path, wanted, sentence):
    leave(tmp_path, "abcd1234")
    leave(tmp_path, "ab000000")
    with pytest.raises(UserError, match=sentence):
        find_run_by_id(tmp_path, wanted)
