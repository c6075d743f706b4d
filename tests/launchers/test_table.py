"""The table at the end of a sweep."""

from __future__ import annotations

from pathlib import Path

from segladder.launchers.process import JobResult
from segladder.launchers.table import sweep_table
from segladder.runs.outcome import Outcome


def finished(score: float, test: float) -> JobResult:
    outcome = Outcome(
        status="finished", folder=Path("o"), metric="miou", score=score, test=test, parameters=1234, fit_seconds=2.0
    )
    return JobResult(status="finished", value=outcome)


def test_only_what_varies_is_shown_best_first_and_failures_last():
    jobs = [
        ["model=unet", "loss=ce", "seed=1"],
        ["model=unet", "loss=dice", "seed=1"],
        ["model=unet", "loss=x", "seed=1"],
    ]
    text = sweep_table(jobs, [finished(0.25, 0.2), finished(0.75, 0.7), JobResult(status="failed", error="no")])
    head, _, first, second, third = text.splitlines()
    assert head.split()[:4] == ["loss", "status", "val", "miou"]
    assert "model" not in head and "seed" not in head
    assert [line.split()[0] for line in (first, second, third)] == ["dice", "ce", "x"]
    assert "0.7500" in first and "1,234" in first and "failed" in third


def test_a_sweep_that_was_stopped_shows_what_ran():
    text = sweep_table([["seed=1"], ["seed=2"]], [finished(0.5, 0.5)])
    assert len(text.splitlines()) == 3
