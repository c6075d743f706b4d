import sys
import sysconfig

from segladder.launchers.ray_nodes.passed_on import own_path, passed_on


def test_jobs_get_the_launchers_variables_but_not_those_of_its_own_run_or_that_were_chosen(monkeypatch):
    for name in ("WANDB_MODE", "HF_HOME", "SEGLADDER_DATA", "SEGLADDER_THREADS", "SEGLADDER_RUN_FOLDER", "EDITOR"):
        monkeypatch.setenv(name, "here")
    given = passed_on({"HF_HOME": "/elsewhere"})
    assert given["WANDB_MODE"] == given["SEGLADDER_DATA"] == "here"
    assert not {"HF_HOME", "SEGLADDER_THREADS", "SEGLADDER_RUN_FOLDER", "EDITOR"} & set(given)


def test_folders_of_the_users_own_modules_are_found_on_other_nodes_and_installed_ones_are_not(monkeypatch, tmp_path):
    (tmp_path / "own").mkdir()
    own = str(tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", own, own, str(tmp_path / "gone"), sysconfig.get_path("purelib")])
    assert own_path() == [str(tmp_path), own]
