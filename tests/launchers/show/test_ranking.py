"""Which score the jobs of a sweep are compared by."""

from __future__ import annotations

from pathlib import Path

from segladder.launchers.show.ranking import ranking_of, score_of
from segladder.launchers.work import JobEnd
from segladder.runs.outcome import Outcome


def end(metric: str, *, mode: str = "max", **val: float | None) -> JobEnd:
    outcome = Outcome(
        status="finished", folder=Path("o"), metric=metric, val=val, test={}, parameters=1, fit_seconds=1.0, mode=mode
    )
    return JobEnd(status="finished", value=outcome)


def test_the_metric_that_all_monitor_ranks_in_its_own_direction():
    low, high = end("error", mode="min", error=0.1), end("error", mode="min", error=0.9)
    ranking = ranking_of([None, JobEnd(status="failed"), high, low])
    assert (ranking.split, ranking.metric, ranking.more) == ("val", "error", ())
    assert sorted([high, low, JobEnd(status="failed")], key=ranking.key)[:2] == [low, high]


def test_different_metrics_are_ranked_by_miou():
    ranking = ranking_of([end("mask_ap", mask_ap=0.1), end("miou", miou=0.1), end("pq", pq=0.1)])
    assert (ranking.metric, ranking.mode, ranking.more) == ("miou", "max", ("mask_ap", "pq"))


def test_what_has_no_score_has_none():
    assert score_of(None, "val", "miou") is None
    assert score_of(JobEnd(status="finished", value=3.0), "val", "miou") is None
    assert score_of(end("miou", miou=float("nan")), "val", "miou") is None
    assert ranking_of([]).metric == "score"
