"""The table at the end of a sweep, and that of a dry run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest
from rich.cells import cell_len
from rich.text import Text

from segladder.launchers.show.table import DryRow, Row, dry_table, sweep_table
from segladder.launchers.work import JobEnd
from segladder.runs.outcome import Outcome


def finished(score: float | None, test: float | None, metric: str = "miou", *, mode: str = "max", **more) -> JobEnd:
    outcome = Outcome(
        status="finished",
        folder=more.pop("folder", Path("o")),
        metric=metric,
        val={metric: score, "miou": score, **more},
        test={metric: test, "miou": test, **more},
        parameters=1234,
        fit_seconds=250.0,
        mode=mode,
    )
    return JobEnd(status="finished", value=outcome)


def rows(*jobs: tuple[dict[str, str], JobEnd | None]) -> list[Row]:
    return [Row(number=number, settings=settings, end=end) for number, (settings, end) in enumerate(jobs)]


def test_best_first_and_failures_last_with_their_reason_below():
    text = sweep_table(
        rows(
            ({"loss": "ce"}, finished(0.25, 0.2)),
            (
                {"loss": "x"},
                JobEnd(status="killed", error="its process was ended\nby SIGKILL. Free memory.", folder=Path("o/x")),
            ),
            ({"loss": "dice"}, finished(0.75, 0.7)),
            ({"loss": "y"}, JobEnd(status="pruned", value=finished(0.9, None).value)),
        )
    )
    head, _, first, second, third, fourth, _, reason = text.splitlines()
    assert head.split() == ["loss", "status", "val", "miou", "test", "miou", "parameters", "fit", "folder"]
    assert [line.split()[0] for line in (first, second, third, fourth)] == ["dice", "ce", "y", "x"]
    assert first.split() == ["dice", "finished", "0.7500", "0.7000", "1,234", "4", "min", "10", "s", "o"]
    assert fourth.split() == ["x", "killed", "o/x"]
    assert reason == "killed  loss=x: its process was ended by SIGKILL."


def test_the_lowest_is_best_where_the_metric_is_minimised():
    jobs = [({"loss": name}, finished(score, score, "error", mode="min")) for name, score in (("a", 0.5), ("b", 0.1))]
    lines = sweep_table(rows(*jobs, ({"loss": "c"}, finished(None, None, "error", mode="min")))).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["b", "a", "c"]


def test_what_was_only_tested_is_ranked_by_the_test():
    def evaluated(score: float) -> JobEnd:
        tested = replace(finished(None, score).value, val={}, fit_seconds=None)
        return JobEnd(status="finished", value=tested)

    text = sweep_table(rows(({"run": "a"}, evaluated(0.1)), ({"run": "b"}, evaluated(0.2))))
    head, _, first, second = text.splitlines()
    assert "val" not in head and "fit" not in head
    assert first.startswith("b") and second.startswith("a")


def test_a_sweep_that_was_stopped_says_what_was_not_started():
    text = sweep_table(rows(({"seed": "1"}, finished(0.5, 0.5)), ({"seed": "2"}, None)))
    assert text.splitlines()[-1] == "1 of 2 jobs was not started."


def test_rungs_that_monitor_different_metrics_are_ranked_by_the_one_they_share():
    found = finished(0.9, 0.8, "mask_ap", miou=0.5)
    head, _, first, second = sweep_table(
        rows(({"model": "maskrcnn"}, found), ({"model": "unet"}, finished(0.75, 0.7)))
    ).splitlines()
    assert "val miou  test miou  test mask_ap" in head
    assert first.startswith("unet") and "0.8000" not in first
    assert second.startswith("maskrcnn") and "0.5000" in second and "0.8000" in second


def test_means_over_seeds_say_how_many_there_are():
    ce, dice = [0.9, 0.8, 0.7], [0.95]
    jobs = [({"loss": "ce", "seed": str(seed)}, finished(score, score)) for seed, score in enumerate(ce)]
    jobs += [({"loss": "dice", "seed": "0"}, finished(dice[0], None))]
    jobs += [({"loss": "dice", "seed": "1"}, JobEnd(status="failed", error="no"))]
    jobs += [({"loss": "x", "seed": seed}, JobEnd(status="failed", error="no")) for seed in "01"]
    text = sweep_table(rows(*jobs))
    means = text[text.index("Mean ±") :].splitlines()
    assert means[1].split() == ["loss", "seeds", "val", "miou", "test", "miou"]
    assert means[3].split() == ["dice", "1", "of", "2", "0.9500"]
    assert means[4].split() == ["ce", "3", *2 * [f"{mean(ce):.4f}", "±", f"{stdev(ce):.4f}"]]
    assert means[5].split() == ["x", "0", "of", "2"]
    assert "failed  3 jobs, the first with loss=dice seed=1: no" in text


def test_there_are_no_means_without_two_seeds_of_one_thing():
    apart = rows(({"loss": "ce", "seed": "1"}, finished(0.5, 0.5)), ({"loss": "dice", "seed": "2"}, finished(0.6, 0.5)))
    assert "Mean" not in sweep_table(apart)
    assert "Mean" not in sweep_table(rows(({"loss": "ce"}, finished(0.5, 0.5)), ({"loss": "x"}, finished(0.5, 0.5))))


def test_folders_are_shown_as_they_would_be_typed_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    inside, outside = tmp_path / "outputs/s/a", Path("/elsewhere/b")
    text = sweep_table(
        rows(({"seed": "1"}, finished(0.5, 0.5, folder=inside)), ({"seed": "2"}, finished(0.4, 0.4, folder=outside)))
    )
    assert str(tmp_path) not in text
    assert text.splitlines()[2].endswith(" outputs/s/a") and text.splitlines()[3].endswith(" /elsewhere/b")


@pytest.mark.parametrize("width", [200, 100, 70, 50, 30, 10])
def test_no_line_is_wider_than_the_terminal_and_scores_go_last(width):
    settings = {"model": "深度网络" * 3, "loss.terms.dice.smooth": "[bold]x", "seed": "1"}
    jobs = [(settings | {"seed": str(seed)}, finished(0.5, 0.4, folder=Path("/a" * 60))) for seed in range(2)]
    jobs.append((settings, JobEnd(status="failed", error="\x1b[31mred " + "long words " * 40)))
    text = sweep_table(rows(*jobs), width=width, color=True)
    lines = [Text.from_ansi(line) for line in text.splitlines()]
    table = [line for line in lines if "finished" in line.plain or "status" in line.plain]
    assert all(line.cell_len <= width for line in table)
    # reasons are broken between words
    assert all(line.cell_len <= width or " " not in line.plain.strip() for line in lines[-8:])
    assert width < 70 or "0.5000" in text
    assert (width >= 200) == ("/a/a/a/a/a/a/a/a/a/a/a/a" in text)
    assert width <= 30 or "\\x1b[31mred" in text


def test_a_long_table_tells_the_best_once_more_at_its_end():
    jobs = [({"optimizer.lr": str(number)}, finished(number / 100, 0.1)) for number in range(30)]
    assert sweep_table(rows(*jobs)).splitlines()[-1] == "Best: val miou 0.2900 (optimizer.lr=29), o"


def test_what_the_terminal_cannot_encode_is_shown_in_ascii(monkeypatch, tmp_path):
    jobs = [({"seed": seed, "x": "ä\udcff"}, finished(0.5, 0.5)) for seed in "12"]
    with open(tmp_path / "out", "w", encoding="ascii") as out:
        monkeypatch.setattr("sys.stdout", out)
        text = sweep_table(rows(*jobs))
        print(text)
    assert "0.5000 +- 0.0000" in text


def test_a_dry_run_lists_what_would_be_done_and_sums_it_up():
    plans = [
        DryRow(number=0, settings={"loss": "ce"}, what="new", folder=Path("outputs/a")),
        DryRow(number=1, settings={"loss": "dice"}, what="skip", why="It finished in 'b'.", folder=Path("b")),
        DryRow(number=2, settings={"loss": "1*ce"}, what="same as 1"),
        DryRow(number=3, settings={"loss": "x"}, what="new"),
    ]
    head, _, first, second, third, _, _, total = dry_table(plans, seconds=754).splitlines()
    assert head.split() == ["job", "loss", "what", "folder", "why"]
    assert first.split() == ["1", "ce", "new", "outputs/a"]
    assert second.split() == ["2", "dice", "skip", "b", "It", "finished."]
    assert third.split() == ["3", "1*ce", "same", "as", "1"]
    assert total == "4 jobs: 2 new, 1 skip, 1 the same as another; about 12 min 34 s, going by earlier runs."
    assert all(cell_len(line) <= 60 for line in dry_table(plans, width=60).splitlines()[:-1])
