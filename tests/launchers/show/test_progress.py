"""What a sweep has come to so far: counts, best score, time left."""

from __future__ import annotations

from pathlib import Path

from segladder.launchers.show.progress import Progress
from segladder.launchers.show.table import Row
from segladder.launchers.work import JobEnd
from segladder.runs.outcome import Outcome


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def end(score: float | None, status: str = "finished", mode: str = "max") -> JobEnd:
    outcome = Outcome(
        status=status,
        folder=Path("o"),
        metric="miou",
        val={"miou": score},
        test={},
        parameters=1,
        fit_seconds=2.0,
        mode=mode,
    )
    return JobEnd(status=status, value=outcome)


def progress(jobs: int, *, slots: int = 2, estimate: float | None = None) -> tuple[Progress, Clock]:
    clock = Clock()
    rows = [Row(number=number, settings={"seed": str(number)}) for number in range(jobs)]
    return Progress(rows, slots=slots, estimate=estimate, now=clock), clock


def test_the_headline_counts_every_job_once():
    sweep, clock = progress(12)
    for number in range(9):
        sweep.start(number)
    clock.now = 100.0
    for number, status in enumerate(("finished", "pruned", "failed", "killed", "timeout", "interrupted", "busy")):
        sweep.end(number, end(0.5 + number / 100) if status == "finished" else JobEnd(status=status))
    sweep.end(9, end(0.9, "skipped"))
    jobs, times, best = sweep.headline()
    assert jobs == "12 jobs: 2 done, 2 running, 3 failed, 1 skipped, 1 interrupted, 1 busy, 2 to go"
    assert times.startswith("01:40 elapsed, about ")
    assert best == "best so far: val miou 0.9000 (seed=9)"


def test_the_estimate_holds_until_a_job_has_ended():
    sweep, clock = progress(4, estimate=100.0)
    assert sweep.left() == 100.0
    sweep.start(0)
    sweep.end(3, end(0.5, "skipped"))
    clock.now = 30.0
    assert sweep.left() == 70.0, "a skipped job tells nothing"
    sweep.start(1)
    clock.now = 40.0
    sweep.end(0, end(0.5))
    # 40 s a job: one has run for 10 s, the last one starts now
    assert sweep.left() == 40.0
    sweep.start(2)
    clock.now = 60.0
    assert sweep.left() == 20.0
    sweep.end(1, end(0.5))
    sweep.end(2, end(0.5))
    assert sweep.left() is None


def test_without_estimate_and_ended_jobs_no_time_is_told():
    sweep, _ = progress(4)
    sweep.start(0)
    assert sweep.left() is None
    assert sweep.headline()[1] == "00:00 elapsed"


def test_the_best_follows_the_mode_and_passes_over_what_is_undefined():
    sweep, _ = progress(4)
    for number, score in enumerate((0.5, 0.2, None, float("nan"))):
        sweep.end(number, end(score, mode="min"))
    assert sweep.best() == [1, 0]


def test_a_job_in_other_hands_may_be_started_or_skipped_later():
    sweep, _ = progress(1)
    sweep.end(0, JobEnd(status="busy"))
    sweep.start(0)
    assert list(sweep.running) == [0] and not sweep.ends
    sweep.end(0, end(0.5))
    assert sweep.ends[0].status == "finished"
