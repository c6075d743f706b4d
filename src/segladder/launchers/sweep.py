"""A sweep from its jobs' words to their table: plan all, run what is missing, go on past failures, say how it went."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf

from segladder.launchers.aftermath import earlier_end, record_end
from segladder.launchers.job_process import pack
from segladder.launchers.plan import Plan
from segladder.launchers.planner import Planner
from segladder.launchers.server import start_early, stop_early
from segladder.launchers.show.columns import look
from segladder.launchers.show.estimate import estimate, sweep_seconds
from segladder.launchers.show.live import Board
from segladder.launchers.show.planned import dry_row, warnings_of
from segladder.launchers.show.table import Row, dry_table, sweep_table
from segladder.launchers.signals import Signals
from segladder.launchers.work import DONE, Executor, JobEnd, SweepFailedError, SweepInterrupted, Work
from segladder.runs.folder import find_runs, study_folder
from segladder.runs.record import Record, read
from segladder.runs.resume import make_place
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction

JOBS = ".jobs"
"""Folder beside the runs: what the jobs' processes write to stdout and stderr."""

_TICK = 0.5
_LOOK_AGAIN = 3.0
"""Seconds between two looks at a job that another sweep is at."""


@dataclass
class Returned(JobReturn):
    """What Hydra's sweepers take a job's end as, and how it ended in our own words."""

    end: JobEnd | None = None
    title: str = ""


def run_sweep(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    job_overrides: Sequence[Sequence[str]],
    *,
    first: int,
    make_executor: Callable[[], Executor],
    slots: object = None,
    forks: bool = True,
) -> list[JobReturn]:
    """Runs the jobs, each once and none that is done already, and returns how each ended, in their order.

    Args:
        context: Hydra's, for composing.
        task: the command's function, called with each job's configuration.
        config: the sweep's configuration.
        job_overrides: the words of each job.
        first: number of the first job.
        make_executor: asked for once, when there is something to run.
        slots: jobs at once, as the user typed it; for the estimate of a dry run.
        forks: whether jobs are forked on this machine, so that the server which they come from can import meanwhile.

    Raises:
        UserError: a job that cannot be done, before any job is started.
        SweepInterrupted: after Ctrl-C, when the jobs at work have saved their states.
    """
    if len(job_overrides) > 1:
        print(f"Sweep of {len(job_overrides)} jobs: composing and checking them …", flush=True)
    planner = Planner(context, task, config, first=first)
    try:
        plans = planner.plan(job_overrides)
    except KeyboardInterrupt:
        stop_early()
        raise
    for warning in warnings_of(plans):
        print(f"Warning: {warning}", flush=True)
    sweep = _Sweep(plans, planner, task)
    sweep.make_places()
    planner.remember()
    if OmegaConf.select(config, "sweep.dry"):
        at_once = slots if isinstance(slots, int) and slots > 0 else 1
        print(dry_table([dry_row(plan) for plan in plans], seconds=sweep.seconds(at_once), **look()), flush=True)
        return [_returned(plan, JobEnd(status="skipped")) for plan in plans]
    sweep.run(make_executor, fail_fast=bool(OmegaConf.select(config, "sweep.fail_fast")), forks=forks)
    return [_returned(plan, sweep.ends.get(plan.number)) for plan in plans]


def conclude(returned: Sequence[JobReturn]) -> None:
    """The last word of a sweep.

    Raises:
        SweepFailedError: any job did not finish.
    """
    failed = []
    for job in returned:
        if not isinstance(job, Returned):
            _ = job.return_value  # another launcher's: raises what the job raised
        elif job.end is None or job.end.status not in DONE:
            why = f"{job.end.status}: {job.end.error}" if job.end else "not started"
            failed.append(f"  {job.title}: {why}")
    if failed:
        raise SweepFailedError(f"{len(failed)} of {len(returned)} jobs did not finish:\n" + "\n".join(failed))


class _Sweep:
    """The jobs of one sweep while they are worked off."""

    def __init__(self, plans: Sequence[Plan], planner: Planner, task: TaskFunction) -> None:
        self._plans = plans
        self._planner = planner
        self._task = task
        self.ends: dict[int, JobEnd] = {}
        self._todo: deque[Plan] = deque()
        self._elsewhere: dict[int, float] = {}
        """Jobs that other processes are at -> when to look again."""
        for plan in plans:
            if plan.same_as is not None:
                continue
            end = earlier_end(plan)
            if end is not None:
                self._set(plan, end)
            elif plan.decision is not None and plan.decision.kind == "busy":
                self._elsewhere[plan.number] = 0.0
            else:
                self._todo.append(plan)

    def make_places(self) -> None:
        """Makes the folders that runs will lie in.

        Raises:
            UserError: one cannot be made or written.
        """
        for outputs, study in {(plan.facts.outputs, plan.facts.study) for plan in self._todo if plan.facts is not None}:
            make_place(outputs, study)

    def seconds(self, slots: int) -> float | None:
        """How long what is left may take, by earlier runs like it."""
        wanted = [(plan.facts.choices, plan.facts.overrides) for plan in self._todo if plan.facts is not None]
        return sweep_seconds(estimate(wanted, self._records()), slots=slots) if wanted else None

    def run(self, make_executor: Callable[[], Executor], *, fail_fast: bool, forks: bool = True) -> None:
        if not self._todo and not self._elsewhere:
            self._print_table()
            return
        if forks:
            start_early()
        self._planner.compose([plan for plan in self._plans if plan in self._todo or plan.number in self._elsewhere])
        executor = make_executor()
        try:
            for plan in self._todo:
                executor.check(self._work(plan, payload=b""))
            rows = [self._row(plan) for plan in self._plans]
            board = Board(rows, slots=executor.slots, estimate=self.seconds(executor.slots))
            with Signals() as signals, board:
                self._work_off(executor, board, signals, fail_fast=fail_fast)
        finally:
            executor.close()
        self._print_table(before="\n")
        if signals.count:
            raise SweepInterrupted

    def _work_off(self, executor: Executor, board: Board, signals: Signals, *, fail_fast: bool) -> None:
        running: dict[int, Plan] = {}
        told = 0
        stopping = False
        while True:
            if signals.count > told:
                told = signals.count
                stopping = True
                executor.stop(now=told > 1)
                board.stopping()
            if not stopping:
                self._start_some(executor, board, running)
            if not running and (stopping or not (self._todo or self._elsewhere)):
                return
            for number, end in executor.ended(_TICK):
                plan = running.pop(number)
                if end.status == "busy":
                    self._elsewhere[number] = time.monotonic() + _LOOK_AGAIN
                    board.ended(number, replace(end, error="another launcher was faster; it is waited for"))
                    continue
                end = record_end(plan, end, self._log(plan))
                for ended in self._set(plan, end):
                    board.ended(ended, self.ends[ended])
                if fail_fast and end.status not in (*DONE, "interrupted") and not stopping:
                    board.note("sweep.fail_fast=true: no further job is started, and those at work save their state.")
                    stopping = True
                    executor.stop(now=False)
            if not running and self._elsewhere and not self._todo:
                # nothing of ours is at work: the executor has nothing to wait for
                time.sleep(_TICK)
            board.tick()

    def _start_some(self, executor: Executor, board: Board, running: dict[int, Plan]) -> None:
        """Starts jobs while there are slots, and looks again at those that others have had at work."""
        for number in [n for n, when in self._elsewhere.items() if time.monotonic() >= when]:
            plan = self._plans[number]
            plan.decide()
            assert plan.decision is not None
            end = earlier_end(plan)
            if plan.decision.kind == "busy":
                if self._elsewhere[number] == 0.0:
                    board.note(f"{plan.title}: {plan.decision.why} It is waited for.")
                self._elsewhere[number] = time.monotonic() + _LOOK_AGAIN
                continue
            del self._elsewhere[number]
            if end is None:
                self._todo.append(plan)
            else:
                for ended in self._set(plan, end):
                    board.ended(ended, self.ends[ended])
        while self._todo and len(running) < executor.slots:
            plan = self._todo.popleft()
            assert plan.config is not None
            work = self._work(plan, payload=pack(self._task, plan.config))
            executor.start(work)
            running[plan.number] = plan
            board.started(plan.number)

    def _set(self, plan: Plan, end: JobEnd) -> list[int]:
        """Notes how a job ended, and so those that are identical to it; returns their numbers."""
        self.ends[plan.number] = end
        numbers = [plan.number]
        for twin in self._plans:
            if twin.same_as == plan.number:
                self.ends[twin.number] = replace(end, status="skipped") if end.status == "finished" else end
                numbers.append(twin.number)
        return numbers

    def _work(self, plan: Plan, *, payload: bytes) -> Work:
        assert plan.config is not None
        facts = plan.facts
        limit = OmegaConf.select(plan.config, "sweep.time_limit")
        return Work(
            number=plan.number,
            title=plan.title,
            payload=payload,
            log=self._log(plan),
            devices=facts.devices if facts else 1,
            nodes=facts.nodes if facts else 1,
            accelerator=facts.accelerator if facts else "auto",
            workers=facts.workers if facts else 0,
            time_limit=None if limit is None else float(limit) * 60,
        )

    def _log(self, plan: Plan) -> Path:
        if plan.facts is None:
            assert plan.config is not None
            outputs = Path(str(OmegaConf.select(plan.config, "paths.outputs") or "outputs"))
            return (outputs / JOBS / f"job-{plan.number}.log").absolute()
        return (study_folder(plan.facts.outputs, plan.facts.study) / JOBS / f"{plan.facts.id[:8]}.log").absolute()

    def _records(self) -> Iterator[Record]:
        """The records beside which the sweep's own come to lie."""
        folders = {study_folder(p.facts.outputs, p.facts.study) for p in self._plans if p.facts is not None}
        for folder in sorted(folders):
            for run in find_runs(folder):
                try:
                    yield read(run.result)
                except UserError:
                    continue  # a damaged record tells no time; `segladder runs list` shows it

    def _row(self, plan: Plan) -> Row:
        return Row(number=plan.number, settings=plan.settings, end=self.ends.get(plan.number))

    def _print_table(self, *, before: str = "") -> None:
        # a search hands over few jobs at a time, and has a table of its own at its end
        if not any(word.startswith("sweep.search=") for plan in self._plans for word in plan.words):
            print(before + self._table(), flush=True)

    def _table(self) -> str:
        return sweep_table([self._row(plan) for plan in self._plans], **look())


def _returned(plan: Plan, end: JobEnd | None) -> Returned:
    done = end is not None and end.status in DONE
    answer = Returned(overrides=plan.words, cfg=plan.config, end=end, title=plan.title)
    answer.status = JobStatus.COMPLETED if done else JobStatus.FAILED
    answer.return_value = end.value if end is not None and done else UserError(end.error if end else "not started")
    return answer
