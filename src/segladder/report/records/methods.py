"""Runs into methods: those that differ in their seed alone, repeats counted once, what is missing counted, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from segladder.report.records.run import Run
from segladder.runs.identity import NEUTRAL

LEADING = ("model", "backbone", "loss")
"""What a method is first known by."""
_MOST_DIFFERING = 12
"""Settings in which saved configurations differ that are shown; more differ where one of them was cut short."""


@dataclass(kw_only=True)
class Method:
    """One way of doing it, with its runs on one test set."""

    key: str
    runs: list[Run]
    """One per seed, by seed; the newest finished where there are several."""
    settings: dict[str, str]
    """What tells it from the others of its board, `LEADING` first."""
    notes: list[str] = field(default_factory=list)
    """What is missing of it: failed, pruned and unfinished runs, repeats."""
    named_by: tuple[str, ...] | None = None
    """The keys of `settings` that make its label; None: all."""

    @property
    def label(self) -> str:
        """`unet resnet18 dice+ce optimizer.lr=0.01`."""
        return " ".join(self.words.values())

    @property
    def words(self) -> dict[str, str]:
        """The words of the label by their keys."""
        shown = {k: v for k, v in self.settings.items() if v and (self.named_by is None or k in self.named_by)}
        words = {k: v if k in LEADING else f"{k}={v}" for k, v in shown.items()}
        if not words and self.named_by:
            key = self.named_by[0]
            return {key: f"no {key}" if key in LEADING else f"{key} by default"}
        return words or {"": self.runs[0].name if self.runs else self.key[:8]}

    @property
    def seeds(self) -> list[int | None]:
        return [run.seed for run in self.runs]

    def scores(self, metric: str, split: str) -> list[float]:
        """Of each run; those in which it is undefined are left out."""
        values = [run.scores.get(split, {}).get(metric) for run in self.runs]
        return [value for value in values if value is not None]


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Runs by method; what has nothing to show stands beside them."""

    methods: list[Method]
    without_result: list[str]
    """A sentence for each method of which no run finished."""


def group(runs: Iterable[Run]) -> Grouped:
    """Groups runs into methods.

    Args:
        runs: of one test set and protocol, beside those that did not get that far.
    """
    by_key: dict[str, list[Run]] = {}
    for run in runs:
        by_key.setdefault(key_of(run), []).append(run)
    every: list[Method] = []
    stands_for: dict[str, Run] = {}
    for key, members in by_key.items():
        kept, notes = _one_per_seed(members)
        stands_for[key] = kept[0] if kept else members[-1]
        every.append(Method(key=key, runs=kept, settings=_shown(stands_for[key]), notes=notes))
    # those without a result are named like the others, so that one method has one name all over a report
    _name(every, stands_for)
    methods = [method for method in every if method.runs]
    _missing_seeds(methods)
    without = [f"{method.label}: no finished run; {'; '.join(method.notes)}." for method in every if not method.runs]
    return Grouped(methods=methods, without_result=without)


def key_of(run: Run) -> str:
    """What all seeds of a run's method share."""
    if run.method:
        return run.method
    if run.seed is None:
        return f"predictions {run.name}"  # another tool's: its name is all that there is to go by
    return f"id {run.id}"


def _one_per_seed(members: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """The newest finished run of each seed, and what is to be said about the others."""
    done = sorted((run for run in members if run.status in ("finished", "evaluated")), key=lambda run: run.created)
    newest: dict[Any, Run] = {}
    for run in done:
        # another tool's results have no seed: other files are another run
        newest[run.id if run.seed is None else run.seed] = run
    notes = []
    if repeats := len(done) - len(newest):
        notes.append(
            f"{repeats} {'repeat' if repeats == 1 else 'repeats'} left out: of each seed the newest run counts"
        )
    finished = {run.seed for run in newest.values()}
    for status in ("failed", "timeout", "pruned", "interrupted", "running", "bare"):
        lost = sorted({run.seed for run in members if run.status == status} - finished, key=_by_seed)
        if lost:
            which = f"{'seed' if len(lost) == 1 else 'seeds'} {', '.join(map(str, lost))}"
            if lost == [None]:
                which = "a run without a seed"
            reasons = {run.reason.splitlines()[0] for run in members if run.status == status and run.reason}
            why = f" ({reasons.pop()})" if len(reasons) == 1 else ""
            notes.append(f"{which} {'did not finish: ' if status != 'running' else 'still '}{status}{why}")
    return sorted(newest.values(), key=lambda run: (_by_seed(run.seed), run.created)), notes


def _by_seed(seed: int | None) -> int:
    return -1 if seed is None else seed


def _shown(run: Run) -> dict[str, str]:
    if run.seed is None and not run.method:
        return {"model": run.name}
    return dict(run.settings)


def _name(methods: Sequence[Method], stands_for: Mapping[str, Run]) -> None:
    """Leaves of each method's settings what differs among them, and of `LEADING` what there is."""
    trained = [method for method in methods if not method.key.startswith("predictions ")]
    if len({_frozen(method.settings) for method in trained}) < len(trained):
        _look_into_configs(trained, stands_for)
    keys = dict.fromkeys(key for method in trained for key in method.settings)
    telling = [key for key in keys if len({method.settings.get(key, "") for method in trained}) > 1]
    for method in methods:
        shown = [*LEADING, *(key for key in telling if key not in LEADING)]
        method.settings = {key: method.settings.get(key, "") for key in shown}
    if len(trained) > 1:
        named_by = _enough(trained, telling)
        for method in trained:
            method.named_by = named_by


def _enough(methods: Sequence[Method], telling: Sequence[str]) -> tuple[str, ...]:
    """The first of the keys that differ, as many as it takes for no two methods to have one label."""
    keys = sorted(telling, key=lambda key: key not in LEADING)
    leading = sum(key in LEADING for key in keys)
    for count in range(max(leading, 1), len(keys)):
        labels = {tuple(method.settings.get(key, "") for key in keys[:count]) for method in methods}
        if len(labels) == len(methods):
            return tuple(keys[:count])
    return tuple(keys)


def _frozen(settings: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(settings.items())


def _look_into_configs(methods: Sequence[Method], stands_for: Mapping[str, Run]) -> None:
    """Adds what differs in the saved configurations of methods for which the same was typed."""
    alike: dict[frozenset[tuple[str, str]], list[Method]] = {}
    for method in methods:
        alike.setdefault(_frozen(method.settings), []).append(method)
    for twins in alike.values():
        if len(twins) < 2:
            continue
        flat = [_flat(_config(stands_for[twin.key])) for twin in twins]
        keys = sorted(set().union(*flat))
        differing = [key for key in keys if len({config.get(key, "") for config in flat}) > 1]
        if all(flat) and 0 < len(differing) <= _MOST_DIFFERING:
            for twin, config in zip(twins, flat, strict=True):
                twin.settings |= {key: config.get(key, "") for key in differing}
        else:
            # the same configuration, and the data or weights that it read were others; or one that cannot be read
            for twin in twins:
                twin.settings["method"] = _short(twin.key)


def _short(key: str) -> str:
    """The first digits of what makes a method's key."""
    return key.removeprefix("id ").removeprefix("chosen ").rpartition(" ")[2][:8]


def _config(run: Run) -> Any:
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(run.folder.config.read_bytes(), Loader=loader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return None


def _flat(node: Any, path: str = "") -> dict[str, str]:
    if path == "seed" or path in NEUTRAL or path.rpartition(".")[2] == "_target_":
        return {}
    if not isinstance(node, dict):
        return {path: str(node)} if path and node is not None else {}
    found: dict[str, str] = {}
    for key, value in node.items():
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found


def _missing_seeds(methods: Sequence[Method]) -> None:
    """Notes which seeds others of the same study have and a method lacks."""
    by_study: dict[str, Counter[int | None]] = {}
    for method in methods:
        for run in method.runs:
            by_study.setdefault(run.study, Counter())[run.seed] += 1
    for method in methods:
        studies = {run.study for run in method.runs}
        if len(studies) != 1 or None in method.seeds:
            continue
        counts = by_study[studies.pop()]
        told = " ".join(method.notes)
        usual = {seed for seed, count in counts.items() if seed is not None and 2 * count > len(methods)}
        lacking = sorted(seed for seed in usual - set(method.seeds) if seed is not None)
        if lacking and "did not finish" not in told:
            which = f"{'seed' if len(lacking) == 1 else 'seeds'} {', '.join(map(str, lacking))}"
            method.notes.append(f"{which} missing, which most others of the study have")
