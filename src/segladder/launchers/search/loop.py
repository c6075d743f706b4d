"""A search from its words to its table: as many trials at a time as there are slots, until there are enough."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from segladder.config.words import quote
from segladder.launchers.plan import Plan
from segladder.launchers.planner import Planner
from segladder.launchers.search.objectives import Objective, check_pruning, objectives_of
from segladder.launchers.search.settings import PRUNERS, Settings, typed
from segladder.launchers.search.space import Space, space_of
from segladder.launchers.search.study import SearchStudy, alone, definition_of
from segladder.launchers.search.summary import command_line, dry_summary, progress_line, summary
from segladder.launchers.work import DONE, JobEnd, SweepFailedError, SweepInterrupted
from segladder.runs.folder import study_folder
from segladder.runs.record import read
from segladder.types import UserError

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from optuna.trial import FrozenTrial


def search(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    launcher: Launcher,
    *,
    settings: Mapping[str, Any],
    arguments: Sequence[str],
) -> list[Any]:
    """Runs the trials that are missing and tells what came out best.

    Args:
        context: Hydra's, for composing.
        task: the command's function.
        config: the sweep's configuration.
        launcher: runs the jobs.
        settings: everything below `hydra.sweeper`.
        arguments: what was typed.

    Returns:
        What the launcher returned of each trial that it ran.

    Raises:
        UserError: something that makes no sense, before anything runs.
        SweepFailedError: after all trials, when any failed.
        SweepInterrupted: after Ctrl-C.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        wanted = Settings.of(settings)
    space = space_of(arguments, wanted.params, context.config_loader)
    if getattr(task, "facts", None) is None:
        raise UserError("hydra/sweeper=optuna searches the settings of a training: python train.py -m … alone.")
    plans = Planner(context, task, config, first=0).plan([space.words(values) for values in space.probes()])
    first: DictConfig = context.config_loader.load_sweep_config(config, list(plans[0].words))
    monitors = sorted({(str(p.facts.monitor["name"]), str(p.facts.monitor["mode"])) for p in plans if p.facts})
    objectives = objectives_of(
        wanted.objectives,
        monitors,
        objects=all(p.facts.task == "instance" for p in plans if p.facts),
        max_detections=OmegaConf.select(first, "task.max_detections"),
    )
    check_pruning(objectives, monitors, wanted.pruner)
    slots = _slots(config)
    for sentence in (*(str(w.message) for w in caught), *space.idle, *_idle(objectives, slots)):
        print(f"Warning: {sentence}", flush=True)
    folder, name = _place(plans, space, objectives)
    dry = bool(OmegaConf.select(first, "sweep.dry"))
    if dry and not (folder / "search.db").exists():
        print(dry_summary(name, space, wanted.n_trials, None), flush=True)
        return []
    with alone(folder, name):
        study = SearchStudy(folder, name, space, objectives, wanted)
        if dry:
            print(dry_summary(name, space, wanted.n_trials, study), flush=True)
            return []
        return _Search(launcher, study, space, objectives, wanted, slots=slots, base=first).run()


@dataclass
class _Search:
    launcher: Launcher
    study: SearchStudy
    space: Space
    objectives: Sequence[Objective]
    settings: Settings
    slots: int = field(kw_only=True)
    base: DictConfig = field(kw_only=True)
    """A trial's configuration."""

    def __post_init__(self) -> None:
        self._left: dict[int, str] = {}
        """Trials that were ended from outside, and how: the next start goes on with them."""
        self._stopped = False

    def run(self) -> list[Any]:
        waiting = self.study.unfinished()
        if OmegaConf.select(self.base, "sweep.retry"):
            waiting += [self.study.again(trial) for trial in self.study.failed()]
        total, returned = max(self.settings.n_trials, self.study.count()), []
        done = self.study.count() - len(waiting)
        beginning = f"{done} of {total} trials are done." if done else f"{total} trials."
        back = f" {len(waiting)} that were cut off or are tried again come first." if waiting else ""
        print(f"Search '{self.study.name}' over {', '.join(d.key for d in self.space.dimensions)}: {beginning}{back}")
        while True:
            batch, waiting = waiting[: self.slots], waiting[self.slots :]
            if not batch:
                missing = self.settings.n_trials - self.study.count()
                batch = [self.study.ask() for _ in range(min(self.slots, missing))]
            if not batch:
                break
            returned += self._run(batch)
            print(progress_line(self.study, self.objectives, self.space, total), flush=True)
            if OmegaConf.select(self.base, "sweep.fail_fast") and (self._left or self.study.failed()):
                break
        print(f"\n{summary(self.study, self.objectives, self.space)}", flush=True)
        self._conclude()
        return returned

    def _run(self, batch: Sequence[FrozenTrial]) -> list[Any]:
        for trial in batch:
            shown = " ".join(f"{key}={text}" for key, text in self.space.shown(trial.params).items())
            print(f"\nTrial {trial.number}: {shown}", flush=True)
        jobs = [self._words(trial) for trial in batch]
        returned = list(self.launcher.launch(jobs, initial_job_idx=batch[0].number))
        for trial, job in zip(batch, returned, strict=True):
            self._tell(trial, _end_of(job))
        if self._stopped:
            raise SweepInterrupted
        return returned

    def _words(self, trial: FrozenTrial) -> list[str]:
        about: list[str] = [f"study:{quote(self.study.name)}", f"trial:{trial.number}"]
        if self.settings.pruner is not None:
            settings = ",".join(f"{key}:{typed(value)}" for key, value in self.settings.pruner_settings.items())
            about += [
                f"storage:{quote(self.study.url)}",
                f"pruner:{PRUNERS[self.settings.pruner]}",
                f"pruner_settings:{{{settings}}}",
            ]
        if any(objective.name == "latency" for objective in self.objectives):
            about.append("latency:true")
        varying = ",".join(dimension.key for dimension in self.space.dimensions)
        return [
            *self.space.words(trial.params),
            f"study_name={self.study.path.parent.name}",
            f"sweep.varying=[{varying}]",
            f"sweep.search={{{','.join(about)}}}",
        ]

    def _tell(self, trial: FrozenTrial, end: JobEnd) -> None:
        """Tells the study of a trial's end, from what its record says."""
        place = end.folder or getattr(end.value, "folder", None)
        if end.status in ("interrupted", "killed", "timeout", "busy"):
            self._left[trial.number] = f"{end.status}: {end.error}" if end.error else end.status
            self._stopped |= end.status == "interrupted"
            return
        if place is None or end.status not in DONE:
            self.study.tell(trial.number, "FAIL", folder=place, error=end.error or end.status)
            return
        record = read(place)
        if record.status == "pruned":
            self.study.tell(trial.number, "PRUNED", folder=place)
            return
        values = [objective.value(record) for objective in self.objectives]
        undefined = [o.name for o, value in zip(self.objectives, values, strict=True) if value is None]
        if undefined:
            why = f"its {', '.join(undefined)} is undefined"
            self.study.tell(trial.number, "FAIL", folder=place, error=why)
            return
        self.study.tell(trial.number, "COMPLETE", values=[v for v in values if v is not None], folder=place)

    def _conclude(self) -> None:
        failed = {trial.number: str(trial.user_attrs.get("error", "failed")) for trial in self.study.failed()}
        lines = [
            f"  trial {number} ({command_line(self.space, self.study.trials[number].params, alone=True)}): {why}"
            for number, why in sorted((failed | self._left).items())
        ]
        if lines:
            advice = "sweep.retry=true tries failed ones again." if failed else "The same command goes on with them."
            raise SweepFailedError(
                f"{len(lines)} of {len(self.study.trials)} trials did not finish:\n" + "\n".join(lines) + f"\n{advice}"
            )


def _end_of(job: Any) -> JobEnd:
    """How a job ended, as our launchers say; of another launcher what its task returned or raised."""
    end = getattr(job, "end", None)
    if isinstance(end, JobEnd):
        return end
    if hasattr(job, "end"):
        return JobEnd(status="interrupted", error="not started")
    try:
        value = job.return_value
    except Exception as error:
        return JobEnd(status="failed", error=f"{type(error).__name__}: {error}")
    return JobEnd(status=getattr(value, "status", "finished"), value=value)


def _slots(config: DictConfig) -> int:
    slots = OmegaConf.select(config, "hydra.launcher.slots")
    # what is no number is for the launcher to refuse
    return slots if isinstance(slots, int) and slots > 0 else 1


def _idle(objectives: Sequence[Objective], slots: int) -> list[str]:
    if slots > 1 and any(objective.name == "latency" for objective in objectives):
        return ["latency is measured beside the other slots' jobs, which disturb it: hydra.launcher.slots=1 does not."]
    return []


def _place(plans: Sequence[Plan], space: Space, objectives: Sequence[Objective]) -> tuple[Path, str]:
    """The study's folder and name; without `study_name` it is called after what is searched.

    Raises:
        UserError: the trials would lie in different folders.
    """
    places = {(plan.facts.outputs, plan.facts.study) for plan in plans if plan.facts}
    if len(places) > 1:
        raise UserError("The trials of a search belong into one folder: search neither study_name nor paths.outputs.")
    [(outputs, study)] = places
    digest = hashlib.sha256(json.dumps(definition_of(space, objectives), sort_keys=True).encode()).hexdigest()
    name = study or f"search-{digest[:8]}"
    return study_folder(outputs, name), name
