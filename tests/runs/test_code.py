"""The fingerprint follows the source, wherever it lies; the commit needs git and a checkout of our own."""

import subprocess
import time

import pytest

from segladder.runs import code as code_module
from segladder.runs.code import code, fingerprint, git_state
from segladder.types import UserError


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    package = tmp_path / "here" / "mypkg_of_mine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(package.parent))
    return package


def test_a_change_in_a_plug_in_changes_the_fingerprint(plugin):
    before = fingerprint(["mypkg_of_mine"])
    assert before != fingerprint()
    (plugin / "notes.txt").write_text("not source")
    assert fingerprint(["mypkg_of_mine"]) == before
    (plugin / "__init__.py").write_text("a = 2\n")
    assert fingerprint(["mypkg_of_mine"]) != before


def test_renaming_a_file_changes_the_fingerprint(plugin):
    (plugin / "one.py").write_text("")
    before = fingerprint(["mypkg_of_mine"])
    (plugin / "one.py").rename(plugin / "two.py")
    assert fingerprint(["mypkg_of_mine"]) != before


def test_the_fingerprint_does_not_depend_on_where_a_package_lies(plugin, tmp_path, monkeypatch):
    before = fingerprint(["mypkg_of_mine"])
    plugin.parent.rename(tmp_path / "there")
    monkeypatch.syspath_prepend(str(tmp_path / "there"))
    assert fingerprint(["mypkg_of_mine"]) == before


def test_a_missing_plug_in_is_a_sentence():
    with pytest.raises(UserError, match="plugins names 'no_such_plugin', which cannot be imported"):
        fingerprint(["no_such_plugin"])


def test_the_fingerprint_is_quick():
    fingerprint()
    start = time.perf_counter()
    fingerprint()
    assert time.perf_counter() - start < 0.25  # 5 ms; the rest is for a busy machine


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_commit_and_dirty_are_those_of_the_checkout(tmp_path):
    package = tmp_path / "src" / "segladder"
    package.mkdir(parents=True)
    (package / "types.py").write_text("a = 1\n")
    assert git_state(package) == (None, None)
    git(tmp_path, "init", "-q")
    assert git_state(package) == (None, None)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert git_state(package) == (commit, False)
    (package / "types.py").write_text("a = 2\n")
    assert git_state(package) == (commit, True)


def test_an_environment_within_a_foreign_checkout_has_no_commit(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "theirs.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "theirs")
    installed = tmp_path / ".venv" / "segladder"
    installed.mkdir(parents=True)
    (installed / "types.py").write_text("")
    assert git_state(installed) == (None, None)


def test_without_git_there_is_a_fingerprint_all_the_same(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = code_module.code()
    assert found["commit"] is None and found["dirty"] is None and len(found["fingerprint"]) == 64
    assert code().keys() == {"commit", "dirty", "fingerprint"}
