"""What a report has resampled is not resampled again."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_runs import draw_object_run
from segladder.report.records import kept as keeping
from segladder.report.records import samples
from segladder.report.records.kept import FOLDER, Kept
from segladder.report.report import make_report


@pytest.fixture
def reported(tmp_path, monkeypatch):
    """Makes a report, and says how often average precision was resampled for it."""
    done = []
    resampled_ap = samples.resampled_ap
    monkeypatch.setattr(samples, "resampled_ap", lambda *args: (done.append(1), resampled_ap(*args))[1])

    def made(**words):
        done.clear()
        report = make_report(tmp_path, base=tmp_path, **({"resamples": 100} | words))
        return report.parts[0].board, len(done)

    return made


def interval(board):
    return [place.estimate.interval() for place in board.places]


def test_the_second_report_resamples_the_new_run_alone(tmp_path, reported):
    for seed in (1, 2):
        draw_object_run(tmp_path, seed=seed)
    board, times = reported()
    assert (board.metric, times) == ("mask_ap", 2)
    again, times = reported()
    assert times == 0 and interval(again) == interval(board)
    draw_object_run(tmp_path, seed=3)
    assert reported()[1] == 1
    # what was kept says the same as what is computed
    for path in (tmp_path / FOLDER).iterdir():
        path.unlink()
    known = interval(reported()[0])
    assert interval(reported()[0]) == known


def test_other_images_and_other_resamples_are_computed(tmp_path, reported):
    draw_object_run(tmp_path, loss="ce")
    path = draw_object_run(tmp_path, loss="dice")
    assert reported()[1] == 2
    assert reported(resamples=200)[1] == 2
    changed = draw_object_run(tmp_path / "elsewhere", loss="dice", good=0.5)
    for name in ("per_image.npz", "result.json"):
        (path / name).write_bytes((changed / name).read_bytes())
    (changed / "result.json").unlink()
    assert reported()[1] == 1


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01\x00", b"hello"])
def test_what_is_damaged_is_computed_again(tmp_path, reported, damage):
    draw_object_run(tmp_path)
    board, _ = reported()
    (path,) = (tmp_path / FOLDER).iterdir()
    path.write_bytes(damage)
    again, times = reported()
    assert times == 1 and interval(again) == interval(board)
    assert reported()[1] == 0


def test_of_another_shape_it_is_computed_again(tmp_path):
    source = tmp_path / "per_image.npz"
    source.write_bytes(b"content")
    kept = Kept(tmp_path)
    kept.array(source, "x", (2,), lambda: np.zeros(2))
    assert kept.array(source, "x", (3,), lambda: np.ones(3)).tolist() == [1, 1, 1]
    assert kept.array(source, "x", (3,), lambda: np.zeros(3)).tolist() == [1, 1, 1]


def test_what_was_not_used_for_longest_goes_when_there_is_too_much(tmp_path, monkeypatch):
    source = tmp_path / "per_image.npz"
    kept = Kept(tmp_path)
    for number in range(4):
        source.write_bytes(bytes([number]))
        kept.array(source, "x", (100,), lambda: np.zeros(100))
    first = sorted((tmp_path / FOLDER).iterdir(), key=lambda path: path.stat().st_mtime_ns)
    monkeypatch.setattr(keeping, "MOST_BYTES", 2 * first[0].stat().st_size)
    source.write_bytes(b"\0")
    kept.array(source, "x", (100,), lambda: np.zeros(100))
    kept.tidy()
    assert set((tmp_path / FOLDER).iterdir()) == {first[0], first[3]}


def test_a_folder_that_cannot_be_written_is_reported_on_all_the_same(tmp_path, reported):
    draw_object_run(tmp_path)
    (tmp_path / FOLDER).write_text("a file in the way")
    assert reported()[1] == 1
