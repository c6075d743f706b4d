"""A report overwrites and removes its own files alone."""

from __future__ import annotations

import json
import shutil

import pytest

from drawn_runs import draw_sweep
from segladder.report.report import make_report
from segladder.report.written import whole
from segladder.report.written.manifest import MANIFEST
from segladder.report.written.whole import write_report
from segladder.types import UserError


@pytest.fixture
def written(tmp_path):
    draw_sweep(tmp_path / "runs", methods={"ce": 0.1, "dice": 0.2}, seeds=(1, 2))
    out = tmp_path / "out"

    def made(**words):
        settings = {"pictures": False} | words
        return write_report(make_report(tmp_path / "runs", base=out, resamples=0), out, **settings)

    return made


@pytest.mark.parametrize(
    "name", ["report.md", "report.html", "leaderboard-disks-test-miou.csv", "pictures/disks-test-miou-curves.png"]
)
def test_a_file_that_no_report_has_written_is_refused_before_anything_is_written(tmp_path, written, name):
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UserError, match=rf"{name}' would be overwritten, and no report has written it. .* output=DIR"):
        written(pictures=True)
    assert mine.read_text() == "mine"
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [mine]


def test_a_report_overwrites_its_own_files_and_leaves_others_alone(tmp_path, written):
    first = written()
    (tmp_path / "out/notes.md").write_text("mine")
    assert written() == first
    assert (tmp_path / "out/notes.md").read_text() == "mine"
    assert list(json.loads((tmp_path / "out" / MANIFEST).read_text())) == sorted(path.name for path in first)


@pytest.mark.parametrize("name", ["report.md", "leaderboard-disks-test-miou.tex"])
def test_a_file_that_was_edited_since_is_not_overwritten(tmp_path, written, name):
    written()
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(UserError, match=rf"{name}' would be overwritten, and it was edited since"):
        written()
    assert (tmp_path / "out" / name).read_text() == "mine"
    (tmp_path / "out" / name).unlink()
    assert written()


def test_a_table_that_was_edited_stays_when_it_is_no_more_of_the_report(tmp_path, written):
    written()
    (tmp_path / "out/ablation-disks-test-miou-loss.tex").write_text("mine")
    for path in (tmp_path / "runs").rglob("*dice*"):
        shutil.rmtree(path)
    written()
    assert (tmp_path / "out/ablation-disks-test-miou-loss.tex").read_text() == "mine"
    assert not (tmp_path / "out/ablation-disks-test-miou-loss.csv").exists()


def test_the_list_of_an_older_report_is_understood(tmp_path, written):
    first = written()
    (tmp_path / "out" / MANIFEST).write_text(json.dumps([path.name for path in first]))
    assert written() == first


def test_after_a_report_that_was_cut_off_the_next_one_overwrites_what_it_left(tmp_path, written, monkeypatch):
    def cut(*_, **__):
        (tmp_path / "out/pictures/disks-test-miou-old.png").write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(whole, "draw_pictures", cut)
        with pytest.raises(KeyboardInterrupt):
            written(pictures=True)
    assert list((tmp_path / "out").glob("*.csv")) and not (tmp_path / "out/report.md").exists()
    assert (tmp_path / "out/report.md") in written()
    # and what is no more of it goes
    assert not (tmp_path / "out/pictures/disks-test-miou-old.png").exists()


@pytest.mark.parametrize("content", ["{}", '[1, null, ""]', "[", '["../mine", "/etc/none"]'])
def test_a_manifest_that_was_edited_removes_nothing_outside(tmp_path, written, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out" / MANIFEST).write_text(content)
    written()
    assert (tmp_path / "mine").read_text() == "mine"
