"""The table at the end of a sweep."""

from __future__ import annotations

from pathlib import Path

from segladder.launchers.process import JobResult
from segladder.launchers.table import sweep_table
from segladder.runs.outcome import Outcome


def finished(score: float, test: float, metric: str = "miou", **more: float) -> JobResult:
    outcome = Outcome(
        status="finished",
        folder=Path("o"),
        metric=metric,
        val={"miou": score, **more},
        test={"miou": test, **more},
        parameters=1234,
        fit_seconds=2.0,
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


def test_rungs_that_monitor_different_metrics_are_ranked_by_the_one_they_share():
    text = sweep_table(
        [["model=maskrcnn"], ["model=unet"]],
        [finished(0.5, 0.4, "mask_ap", mask_ap=0.9), finished(0.75, 0.7)],
    )
    head, _, first, second = text.splitlines()
    assert "val miou  test miou  test mask_ap" in head
    assert first.startswith("unet") and "0.9000" not in first
    assert second.startswith("maskrcnn") and "0.5000" in second and "0.4000" in second and "0.9000" in second
