"""What a search tells: where it stands, which trials came out best, and the command that repeats the best."""

from __future__ import annotations

import shlex
import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segladder.config.words import unquoted
from segladder.launchers.search.objectives import Objective
from segladder.launchers.search.settings import optuna_or_sentence
from segladder.launchers.search.space import Space
from segladder.launchers.show.columns import Column, encodable, laid_out
from segladder.launchers.show.table import STYLES, setting_columns
from segladder.runs.record import read
from segladder.types import UserError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from segladder.launchers.search.study import SearchStudy

_ENOUGH = 8
"""Complete trials below which nothing is said of the importance of settings: chance alone would speak."""

_MOST_OF_FRONT = 5
"""Trials of a Pareto front whose command is told."""

_STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "cut off", "WAITING": "cut off"}


def progress_line(study: SearchStudy, objectives: Sequence[Objective], space: Space, total: int) -> str:
    """How many trials are done, and the best so far."""
    states = [trial.state.name for trial in study.current()]
    done = study.count() - len(study.unfinished())
    more = [f"{states.count(s)} {_STATES[s]}" for s in ("PRUNED", "FAIL", "RUNNING") if states.count(s)]
    line = f"{done} of {total} trials done" + (f" ({', '.join(more)})" if more else "")
    best = best_trials(study)
    if not best:
        return f"{line}."
    if len(objectives) > 1:
        return f"{line}; {len(best)} on the Pareto front."
    [value] = best[0].values
    return f"{line}; best {objectives[0].title} {_number(value)}: {command_line(space, best[0].params, alone=True)}"


def summary(study: SearchStudy, objectives: Sequence[Objective], space: Space) -> str:
    """The table of all trials, best first, the command of the best, and which settings mattered."""
    best = best_trials(study)
    parts = [_table(study, objectives, space, best)]
    if not best:
        return encodable("\n".join([*parts, "", "No trial has finished yet."]))
    if len(objectives) == 1:
        parts += ["", "The best again:", f"  {command_line(space, best[0].params)}"]
    else:
        parts += ["", "The Pareto front (nothing is better in one objective without being worse in another):"]
        parts += [f"  {command_line(space, trial.params)}" for trial in best[:_MOST_OF_FRONT]]
        if len(best) > _MOST_OF_FRONT:
            parts.append(f"  … and {len(best) - _MOST_OF_FRONT} more, marked * above")
    if weights := _importances(study, objectives):
        said = ", ".join(f"{key} {weight:.0%}" for key, weight in weights.items())
        parts += ["", f"What the best trials owe their place to (PED-ANOVA): {said}."]
    return encodable("\n".join(parts))


def dry_summary(name: str, space: Space, n_trials: int, study: SearchStudy | None) -> str:
    """What a search would do."""
    lines = [f"Search '{name}' over:"]
    lines += [f"  {dimension.key}={dimension.typed}" for dimension in space.dimensions]
    if study is None:
        return "\n".join([*lines, f"0 of {n_trials} trials are done."])
    unfinished = study.unfinished()
    done = study.count() - len(unfinished)
    lines.append(f"{done} of {max(n_trials, study.count())} trials are done, {len(unfinished)} were cut off.")
    upcoming = [trial.params for trial in unfinished[:1]]
    if not upcoming and done < n_trials:
        upcoming = [study.next_parameters()[0]]
    lines += [f"Next: {command_line(space, params, alone=True)}" for params in upcoming]
    return "\n".join(lines)


def command_line(space: Space, params: Mapping[str, Any], *, alone: bool = False) -> str:
    """The words of a trial as one would type them for a single run; `alone`: only what was searched."""
    words = space.words(params)
    return shlex.join(words[len(space.fixed) :]) if alone else f"segladder train {shlex.join(map(unquoted, words))}"


def best_trials(study: SearchStudy) -> list[FrozenTrial]:
    """The best trial, or with several objectives the Pareto front by the first; empty while none has finished."""
    trials = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if not trials:
        return []
    found: list[FrozenTrial] = study.study.best_trials
    return sorted(found, key=lambda trial: _order(trial, study))[: None if len(study.study.directions) > 1 else 1]


def _order(trial: FrozenTrial, study: SearchStudy) -> tuple[int, float, int]:
    """Finished ones best first, then pruned ones by their last value, then the rest."""
    name = trial.state.name
    sign = -1 if study.study.directions[0].name == "MAXIMIZE" else 1
    group = {"COMPLETE": 0, "PRUNED": 1}.get(name, 2)
    return group, sign * trial.values[0] if trial.values else float("inf"), trial.number


def _table(study: SearchStudy, objectives: Sequence[Objective], space: Space, best: Sequence[FrozenTrial]) -> str:
    trials = sorted(study.current(), key=lambda trial: _order(trial, study))
    front = {trial.number for trial in best}
    several = len(objectives) > 1
    if several:
        trials.sort(key=lambda trial: trial.number not in front)
    ranks = [
        ("*" if trial.number in front else "") if several else str(place) if trial.state.name == "COMPLETE" else ""
        for place, trial in enumerate(trials, start=1)
    ]
    columns = [
        Column(title="front" if several else "rank", cells=ranks, right=not several),
        Column(title="trial", cells=[str(trial.number) for trial in trials], right=True),
    ]
    for index, objective in enumerate(objectives):
        values = [trial.values[index] if trial.values and len(trial.values) > index else None for trial in trials]
        columns.append(
            Column(title=objective.title, cells=["" if v is None else _number(v) for v in values], right=True)
        )
    tests = [_test_scores(study, trial) for trial in trials]
    for objective in objectives:
        if objective.is_metric and any(scores.get(objective.name) is not None for scores in tests):
            cells = ["" if (v := scores.get(objective.name)) is None else _number(v) for scores in tests]
            columns.append(Column(title=f"test {objective.name}", cells=cells, right=True, gives=6, vanishes=True))
    columns += setting_columns([space.shown(trial.params) for trial in trials])
    status = [_STATES[trial.state.name] for trial in trials]
    columns.append(Column(title="status", cells=status, styles=[STYLES.get(word, "") for word in status]))
    folders = [str(trial.user_attrs.get("folder", "")) for trial in trials]
    columns.append(Column(title="folder", cells=folders, gives=1, least=16, vanishes=True, keeps_end=True))
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    lines = laid_out(columns, width=width, color=terminal)
    plain = laid_out(columns, width=width)
    return "\n".join([lines[0], "-" * max(map(len, plain)), *lines[1:]])


def _test_scores(study: SearchStudy, trial: FrozenTrial) -> Mapping[str, float | None]:
    """Of the record, for the eye alone: a search never chooses by them."""
    folder = study.folder(trial)
    if folder is None:
        return {}
    try:
        return read(folder).scores.get("test", {})
    except UserError:
        return {}  # the run was moved away; its place in the search stays


def _importances(study: SearchStudy, objectives: Sequence[Objective]) -> dict[str, float]:
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if len(objectives) > 1 or len(complete) < _ENOUGH or len(complete[0].params) < 2:
        return {}
    optuna = optuna_or_sentence()
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, float] = get_param_importances(study.study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError, optuna.exceptions.OptunaError):
        return {}  # such as trials that all came out the same
    return found if sum(found.values()) > 0 else {}


def _number(value: float) -> str:
    """Scores with four digits behind the point, times with three digits in all, counts whole."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) <= 1 else f"{value:.3g}"
