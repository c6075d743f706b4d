"""The run folder's layout, names and attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.runs.folder import (
    RunFolder,
    attempts,
    check_name,
    find_runs,
    next_folder,
    run_name,
    study_folder,
)
from segladder.types import UserError

ID = "0123abcd" + "e" * 56


def test_a_name_reads_like_the_choices():
    choices = {"data": "disks", "model": "unet", "backbone": None, "loss": "ce+dice", "optimizer": "adam"}
    assert run_name(choices, seed=1) == "disks-unet-ce+dice-s1"
    assert run_name(choices, seed=1, varying={"optimizer.lr": 0.1}) == "disks-unet-ce+dice-lr_0.1-s1"


@given(
    st.dictionaries(st.sampled_from(["data", "model", "loss"]), st.text(max_size=80)),
    st.integers(0, 2**32),
    st.dictionaries(st.text(max_size=5), st.text(max_size=80), max_size=4),
)
def test_every_made_name_may_name_a_folder(choices, seed, varying):
    name = run_name(choices, seed=seed, varying=varying)
    assert check_name(name) == name and name.endswith(f"-s{seed}")


@pytest.mark.parametrize("name", ["a/b", "a b", "é", "a::b", "", "..", ".hidden", "x" * 101])
def test_a_name_that_cannot_be_a_folder_is_refused(name):
    with pytest.raises(UserError, match=f"^name='{name}'"):
        check_name(name)


def test_a_refused_name_comes_with_a_better_one():
    with pytest.raises(UserError, match=r"name='my run' holds ' '\. Use .* for example name='my_run'"):
        check_name("my run")


def test_runs_land_in_their_study_or_in_single(tmp_path):
    assert next_folder(tmp_path, None, "a", ID).path == tmp_path / "single" / "a-0123abcd"
    assert next_folder(tmp_path, "ablation", "a", ID).path == tmp_path / "ablation" / "a-0123abcd"
    with pytest.raises(UserError, match="study_name='a/b'"):
        study_folder(tmp_path, "a/b")


def test_repeats_are_numbered_and_found_under_any_name(tmp_path):
    for expected in ("a-0123abcd", "a-0123abcd-2", "a-0123abcd-3"):
        folder = next_folder(tmp_path, None, "a", ID).create()
        assert folder.path.name == expected
    next_folder(tmp_path, None, "b-0123abcd-7-ffffffff", "f" * 64).create()
    next_folder(tmp_path, None, "other", ID).create()
    names = [folder.path.name for folder in attempts(tmp_path, None, ID)]
    assert names == ["a-0123abcd", "other-0123abcd", "a-0123abcd-2", "a-0123abcd-3"]


def test_the_tenth_attempt_comes_after_the_ninth(tmp_path):
    for _ in range(11):
        next_folder(tmp_path, None, "a", ID).create()
    assert [folder.path.name for folder in attempts(tmp_path, None, ID)][-2:] == [
        "a-0123abcd-10",
        "a-0123abcd-11",
    ]


def test_the_layout_is_the_documented_one(tmp_path):
    folder = RunFolder(tmp_path)
    files = (folder.config, folder.overrides, folder.result, folder.metrics, folder.per_image, folder.best)
    files += (folder.last, folder.pictures, folder.wandb, folder.log, folder.lock)
    assert " ".join(str(file.relative_to(tmp_path)) for file in files) == (
        "config.yaml overrides.yaml result.json metrics.csv per_image.npz checkpoints/best.ckpt"
        " checkpoints/last.ckpt pictures wandb run.log lock"
    )


def test_a_file_in_the_way_is_a_sentence(tmp_path):
    (tmp_path / "outputs").write_text("")
    with pytest.raises(UserError, match="a file stands where a folder is needed"):
        RunFolder(tmp_path / "outputs" / "single" / "a").create()


def test_a_folder_is_bare_until_something_came_out(tmp_path):
    folder = RunFolder(tmp_path / "a").create()
    folder.result.write_text("{}")
    folder.log.write_text("hello")
    folder.metrics.write_text("")
    assert folder.is_bare()
    folder.last.write_bytes(b"x")
    assert not folder.is_bare()


def test_a_record_cannot_point_out_of_its_folder(tmp_path):
    folder = RunFolder(tmp_path / "run").create()
    assert folder.inside("checkpoints/best.ckpt") == folder.best.resolve()
    for outside in ("../other/best.ckpt", "/etc/passwd"):
        with pytest.raises(UserError, match="outside its folder"):
            folder.inside(outside)


def test_runs_are_found_at_any_depth_but_not_within_runs(tmp_path):
    for name in ("study/b", "study/a", "single/c", "study/a/wandb/x"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "result.json").write_text("{}")
    (tmp_path / ".hidden").mkdir()
    found = [str(run.path.relative_to(tmp_path)) for run in find_runs(tmp_path)]
    assert found == ["single/c", "study/a", "study/b"]
    assert [run.path for run in find_runs(tmp_path / "study/a")] == [tmp_path / "study/a"]
    assert list(find_runs(tmp_path / "nowhere")) == []
