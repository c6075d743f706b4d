"""A report that keeps up with a sweep."""

from __future__ import annotations

import functools
import signal
import threading
import time

import pytest

from drawn_runs import draw_run
from segladder.report import follow as following
from segladder.report.records.reading import read_runs
from segladder.report.report import make_report
from segladder.types import UserError
from tiny_runs import PIXELS


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(following, "PAUSE", 0.05)
    monkeypatch.setattr(following, "PATIENCE", 3.0)
    monkeypatch.setattr(following, "FIRST", 60.0)


def made(root, **settings):
    return functools.partial(make_report, root, base=root / "report", resamples=0, **settings)


def follow(root, **settings):
    following.follow(made(root, **settings), root, root / "report", pictures=False)


@pytest.mark.usefixtures("quick")
def test_it_is_made_anew_when_a_run_has_finished_and_ends_when_none_is_at_work(tmp_path, capsys):
    draw_run(tmp_path, seed=1)
    later = threading.Thread(target=lambda: (time.sleep(1), draw_run(tmp_path, loss="dice", seed=1)))
    later.start()
    follow(tmp_path)
    later.join()
    first, one, two = capsys.readouterr().out.splitlines()
    assert first.startswith(f"Following {tmp_path}")
    assert "1 finished; " in one and "2 finished; " in two and two.endswith("report.html is up to date")
    assert "dice" in (tmp_path / "report/report.md").read_text()


@pytest.mark.usefixtures("quick")
def test_before_the_first_has_finished_it_waits(tmp_path, capsys):
    draw_run(tmp_path, status="failed")
    follow(tmp_path)
    assert capsys.readouterr().out.splitlines()[1].endswith("  1 failed")
    assert not (tmp_path / "report").exists()


def test_a_folder_in_which_no_run_ever_begins_is_told(tmp_path, capsys, quick, monkeypatch):
    monkeypatch.setattr(following, "FIRST", 0.3)
    with pytest.raises(UserError, match="nowhere is not there"):
        follow(tmp_path / "nowhere")
    assert capsys.readouterr().out.count("no runs yet; waiting for the first") == 1


@pytest.mark.usefixtures("quick")
def test_what_cannot_be_made_of_the_first_runs_is_told_and_made_of_the_later_ones(tmp_path, capsys):
    draw_run(tmp_path, loss="ce", seed=1)
    later = threading.Thread(target=lambda: (time.sleep(1), draw_run(tmp_path, loss="dice", seed=1)))
    later.start()
    follow(tmp_path, rows="loss", baseline="dice")
    later.join()
    _, one, two = capsys.readouterr().out.splitlines()
    assert (
        "1 finished; no report yet: rows=loss: it does not vary" in one
        and "2 finished; " in two
        and "up to date" in two
    )


@pytest.mark.usefixtures("quick")
def test_a_record_that_is_half_there_is_left_out_until_it_is_whole(tmp_path, capsys):
    draw_run(tmp_path, loss="ce", seed=1)
    record = draw_run(tmp_path, loss="dice", seed=1) / "result.json"
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2])
    later = threading.Thread(target=lambda: (time.sleep(1), record.write_bytes(whole)))
    later.start()
    follow(tmp_path)
    later.join()
    _, one, two = capsys.readouterr().out.splitlines()
    assert "  1 finished; " in one and "  2 finished; " in two
    assert "left out" not in (tmp_path / "report/report.md").read_text()


def test_a_sweep_is_followed_from_before_its_first_run_to_after_its_last(start, tmp_path, capsys, quick, monkeypatch):
    monkeypatch.setattr(following, "PATIENCE", 8.0)  # a job takes a moment to begin
    root = tmp_path / "outputs"
    page = root / "report" / "report.html"
    ended = threading.Event()
    seen: list[str] = []

    def look():
        while not ended.is_set():
            if page.exists() and (not seen or seen[-1] != (text := page.read_text())):
                seen.append(page.read_text() if not seen else text)
            time.sleep(0.01)

    looking = threading.Thread(target=look)
    looking.start()
    sweep = start((PIXELS[0], "-m", *PIXELS[1:], "trainer.max_epochs=1", "loss=ce,dice"))
    try:
        follow(root)
    finally:
        ended.set()
        looking.join()
    assert sweep.done().code == 0
    told = capsys.readouterr().out
    assert "no runs yet" in told and "1 running" in told and "2 finished; " in told
    assert {run.status for run in read_runs(root).runs} == {"finished"}
    assert all(text.endswith("</html>\n") for text in seen), "the page was never seen half written"
    assert len(seen) > 1 and all('http-equiv="refresh"' in text for text in seen[:-1])
    assert (
        'http-equiv="refresh"' not in page.read_text()
        and "segladder-refresh" not in page.read_text().split("<style>")[0]
    )


def test_ctrl_c_ends_it_with_130_and_leaves_a_page_that_stays(start, tmp_path):
    root = tmp_path / "outputs"
    for seed in (1, 2):
        draw_run(root, seed=seed)
    page = root / "report" / "report.html"
    followed = start(("report", f"runs={root}", "follow=true", "pictures=false", "resamples=0"))
    followed.wait_for(lambda: "up to date" in followed.out)
    assert 'http-equiv="refresh"' in page.read_text()
    followed.send(signal.SIGINT)
    ran = followed.done(timeout=30)
    assert ran.code == 130 and ran.err.strip() == "Stopped.", ran.text
    assert 'http-equiv="refresh"' not in page.read_text() and page.read_text().endswith("</html>\n")
    assert not list(page.parent.glob(".*.partial"))
