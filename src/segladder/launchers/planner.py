"""All jobs of a sweep before the first one starts: composed, checked, told apart, and what is to be done about each.

Composing is spread over the cores, in processes forked from the launcher while it is still small; the checks
that need torch run in one process forked from the server that the jobs will come from. Facts that an earlier start of
the same sweep has found out are taken from its index.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hydra.core.utils import filter_overrides
from omegaconf import DictConfig, open_dict

from segladder.config.explain import explain
from segladder.launchers.composer import Composer
from segladder.launchers.index import Index
from segladder.launchers.inspection import Inspection
from segladder.launchers.plan import Plan
from segladder.launchers.server import start_early
from segladder.runs.environment import usable_cores
from segladder.runs.facts import Facts
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction

SHOWN = 8
"""Faulty jobs that are told one by one."""

_FEW = 6
"""Jobs that are composed sooner than processes for it are started."""

_FOR_ONE = 25
"""Jobs that one process checks sooner than a second one has looked at the data."""


class Planner:
    """Plans the jobs of one sweep."""

    def __init__(self, context: HydraContext, task: TaskFunction, config: DictConfig, *, first: int) -> None:
        """
        Args:
            context: Hydra's, for composing.
            task: the command's function; `run_app` gives it `facts` and `composition`.
            config: the sweep's own configuration.
            first: number that Hydra gives the first job.
        """
        self._context, self._task, self._config, self._first = context, task, config, first
        self._facts: Callable[[DictConfig], Facts] | None = getattr(task, "facts", None)
        self._composer = Composer(context, config)
        self._total = 0
        self._index: Index | None = None
        self._found_out: dict[tuple[str, ...], Facts] = {}

    def plan(self, job_words: Sequence[Sequence[str]]) -> list[Plan]:
        """All jobs, composed as far as needed; identical ones point at the first of them.

        Raises:
            UserError: jobs that cannot be done, each with its reason.
        """
        plans = [
            Plan(number=number, words=tuple(words), settings=settings)
            for number, (words, settings) in enumerate(zip(job_words, _settings(job_words), strict=True))
        ]
        self._total = len(plans)
        if self._facts is None:
            self.compose(plans)
            return plans
        self._index = Index.of(self._config, self._context)
        for plan in plans:
            plan.facts = self._index.facts(plan.words)
        unknown = [plan for plan in plans if plan.facts is None]
        if unknown:
            start_early()
        self.compose(unknown)
        self._inspect(unknown)
        self._found_out = {plan.words: plan.facts for plan in unknown if plan.facts is not None}
        first: dict[str, int] = {}
        faults: dict[int, str] = {}
        for plan in plans:
            assert plan.facts is not None
            if plan.facts.id in first:
                plan.same_as = first[plan.facts.id]
                continue
            first[plan.facts.id] = plan.number
            try:
                plan.decide()
            except UserError as error:
                faults[plan.number] = str(error)
        _refuse(faults, plans, total=self._total or len(plans))
        return plans

    def remember(self) -> None:
        """Keeps what was found out for the next start, if the folder of outputs is there by now."""
        if self._index is not None:
            self._index.add(self._found_out)

    def compose(self, plans: Sequence[Plan]) -> None:
        """Composes the jobs that have not been.

        Raises:
            UserError: words that do not compose.
        """
        todo = [plan for plan in plans if plan.config is None]
        composed = _in_parallel(self._compose, todo)
        faults = {}
        for plan, found in zip(todo, composed, strict=True):
            if isinstance(found, str):
                faults[plan.number] = found
            else:
                plan.config = found
        _refuse(faults, plans, total=self._total or len(plans))

    def _compose(self, plan: Plan) -> DictConfig | str:
        try:
            job = self._composer.compose(plan.words)
        except Exception as error:
            composition = getattr(self._task, "composition", None)
            if composition is None:
                return f"{type(error).__name__}: {error}"
            return explain(error, replace(composition, overrides=plan.words)) or "".join(
                traceback.format_exception(error)
            )
        with open_dict(job):
            job.hydra.job.id = f"{os.getpid()}_{self._first + plan.number}"
            job.hydra.job.num = self._first + plan.number
            if "sweep" in job:
                job.sweep.varying = [*plan.settings, *(key for key in job.sweep.varying if key not in plan.settings)]
        return job

    def _inspect(self, plans: Sequence[Plan]) -> None:
        """Finds out the facts of jobs, in a process that has the heavy imports done."""
        if not plans:
            return
        faults: dict[int, str] = {}
        count = min(_cores(), -(-len(plans) // _FOR_ONE))
        inspections = [Inspection(self._facts, plans[start::count]) for start in range(count)]
        for inspection in inspections:
            inspection.read(faults)
        _refuse(faults, plans, total=self._total or len(plans))


def _settings(job_words: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Of each job, the words in which the jobs differ; what a search notes for itself is left out."""
    jobs = []
    for words in job_words:
        pairs = (word.partition("=") for word in filter_overrides(list(words)) if "=" in word)
        jobs.append({key.lstrip("+"): value for key, _, value in pairs if not key.lstrip("+").startswith("sweep.")})
    keys = dict.fromkeys(key for job in jobs for key in job)
    noted = {word for words in job_words for word in words if word.startswith("sweep.varying=")}
    # a search hands over few of its jobs at a time, but names all by the same keys
    also = {key for word in noted for key in word.partition("=")[2].strip("[]").split(",")}
    varying = [key for key in keys if key in also or len({job.get(key) for job in jobs}) > 1]
    return [{key: job.get(key, "") for key in varying} for job in jobs]


def _refuse(faults: dict[int, str], plans: Sequence[Plan], *, total: int) -> None:
    """
    Raises:
        UserError: there are faults.
    """
    if not faults:
        return
    titles = {plan.number: plan.title for plan in plans}
    jobs: dict[str, list[int]] = {}
    for number, sentence in faults.items():
        jobs.setdefault(sentence, []).append(number)
    if len(faults) == total and len(jobs) == 1:
        raise UserError(next(iter(jobs)))
    lines = []
    for sentence, numbers in list(jobs.items())[:SHOWN]:
        more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
        lines.append(f"  job {numbers[0] + 1} ({titles[numbers[0]]}){more}: {sentence}")
    if len(jobs) > SHOWN:
        lines.append(f"  … and {len(jobs) - SHOWN} other reasons")
    raise UserError(f"{len(faults)} of {total} jobs cannot be run, so none was started:\n" + "\n".join(lines))


_shared: Callable[[Any], Any] | None = None
"""What the composing processes do: they are forked, so it reaches them without being packed."""


def _in_parallel(work: Callable[[Plan], Any], plans: Sequence[Plan]) -> list[Any]:
    cores = _cores()
    if len(plans) <= _FEW or cores == 1 or sys.platform != "linux":
        return [work(plan) for plan in plans]
    global _shared
    _shared = work
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(cores, mp_context=context, initializer=_leave_signals) as pool:
            return list(pool.map(_call, plans, chunksize=8))
    finally:
        _shared = None


def _leave_signals() -> None:
    """Ctrl-C at the terminal is for the launcher to answer; its end ends these processes, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    return min(usable_cores(), 8)


def _call(plan: Plan) -> Any:
    assert _shared is not None
    return _shared(plan)
