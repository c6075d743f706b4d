"""The leaderboard of one test set: methods by rank, what chance may have done, what differs and what is missing."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from segladder.config.suggest import did_you_mean
from segladder.report.boards.comparable import OBJECTS, Ground, Mark, ground_of, marks_of, misleading, with_images_known
from segladder.report.records.kept import Kept
from segladder.report.records.methods import Method, group
from segladder.report.records.run import Run
from segladder.report.records.samples import RESAMPLES, is_share, sample_methods
from segladder.report.statistics.pairs import Pairs, pairs_of
from segladder.report.statistics.uncertainty import MIN_SEEDS, Estimate, Sample, difference_of, estimate_of
from segladder.types import UserError

_DEFAULT = "miou"


@dataclass(kw_only=True)
class Place:
    """A method's line."""

    method: Method
    rank: int | None
    """One more than there are methods that the data call better; None of too few seeds for any verdict."""
    sample: Sample
    estimate: Estimate
    letters: list[str]
    """Of the marks that it bears."""
    val: float | None
    """Mean on the validation set, by which a choice may be made."""

    @property
    def useless(self) -> bool:
        """Whether a run of it is flagged: high pixel accuracy, useless masks."""
        return any(map(misleading, self.method.runs))

    @property
    def named(self) -> str:
        """Its label, with the flag that no sentence may leave out."""
        flagged, count = sum(map(misleading, self.method.runs)), len(self.method.runs)
        of = "" if flagged == count else f" of {flagged} of {count} seeds"
        return f"{self.method.label} (useless masks{of})" if flagged else self.method.label

    def mean(self, read: Callable[[Run], float | None]) -> float | None:
        """Of a fact of its runs."""
        return _mean(read(run) for run in self.method.runs)


def share_interval(mean: Estimate, metric: str) -> tuple[float, float]:
    """The 95 % interval of a mean, cut where a share ends; NaN twice where there is none."""
    low, high = mean.interval()
    return (max(low, 0.0), min(high, 1.0)) if is_share(metric) and not math.isnan(low) else (low, high)


def difference_interval(difference: Estimate, metric: str) -> tuple[float, float]:
    """The 95 % interval of a difference, cut where that of two shares ends; NaN twice where there is none."""
    low, high = difference.interval()
    return (max(low, -1.0), min(high, 1.0)) if is_share(metric) and not math.isnan(low) else (low, high)


@dataclass(kw_only=True)
class Board:
    """A table of methods that may be compared."""

    ground: Ground
    task: str
    """semantic: classes of pixels; objects: masks or boxes of objects."""
    metric: str
    minimised: bool
    places: list[Place]
    """By rank, then by score."""
    pairs: Pairs
    """In the order of `places`."""
    images: int
    """Test images that were drawn from; 0 where single images are not known."""
    marks: list[Mark]
    notes: list[str]
    """What is missing or left out."""
    resamples: int = RESAMPLES
    """How often these were drawn again."""
    kept: Kept = field(default_factory=Kept)
    """What earlier reports have computed of single images."""
    which: str = ""
    """What tells it from another board of the same title."""
    suffix: str = ""
    """What tells its files from those of another board, see `slugs`."""

    def difference(self, method: Place, baseline: Place) -> Estimate:
        """How much higher a method scores."""
        return difference_of(method.sample, baseline.sample)

    @property
    def title(self) -> str:
        return f"{self.ground.title}{self.which}: {self.metric}"


def boards(
    runs: Sequence[Run], *, metric: str | None = None, resamples: int = RESAMPLES, kept: Kept | None = None
) -> list[Board]:
    """A board for each test set and task.

    Args:
        runs: all there are, unfinished ones among them.
        metric: what is ranked by; None: what most runs of a board monitored.
        resamples: how often the test images are drawn again.
        kept: what earlier reports have computed of single images.

    Raises:
        UserError: no run has a score, or none has the metric.
    """
    placed = _on_grounds(with_images_known(runs))
    found: list[Board] = []
    for ground, members in sorted(placed.items()):
        for task, name in _metrics(members, metric):
            board = _board(ground, task, name, members, resamples=resamples, kept=kept or Kept())
            if board is not None:
                found.append(board)
    titles = Counter(board.title for board in found)
    for board in found:
        if titles[board.title] > 1:
            version = f", metrics {board.ground.metrics}" if len({one.ground.metrics for one in found}) > 1 else ""
            board.which = f" (images {board.ground.content[:8] or 'unknown'}{version})"
    if not found:
        known = sorted({name for run in runs for scores in run.scores.values() for name in scores})
        if metric is not None and known:
            raise UserError(
                f"metric={metric}: no run has it{did_you_mean(metric, known)} There are {', '.join(known)}."
            )
        counts = Counter(run.status for run in runs)
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        raise UserError(f"No run has a score to report ({told}). Wait for one, or see segladder runs list.")
    return found


def _on_grounds(runs: Sequence[Run]) -> dict[Ground, list[Run]]:
    """Runs by what their scores stand on; evaluations of a run as runs of its method."""
    by_id: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        if run.parent is None and (run.id not in by_id or run.status == "finished"):
            by_id[run.id] = run
    placed: dict[Ground, list[Run]] = {}
    homeless: list[Run] = []
    for run in runs:
        if run.parent is not None:
            adopted = _of_parent(run, by_id.get(run.parent))
            if adopted is None:
                continue
            run = adopted
        ground = ground_of(run) or _ground_meant(run)
        if ground is None:
            homeless.append(run)
        else:
            placed.setdefault(ground, []).append(run)
    # what failed before it read its data stands where the others of its study do
    for run in homeless:
        of_study = Counter(g for g, members in placed.items() for other in members if other.study == run.study)
        if of_study:
            placed[of_study.most_common(1)[0][0]].append(run)
    return {ground: members for ground, members in placed.items() if any(run.scores for run in members)}


def _ground_meant(run: Run) -> Ground | None:
    if "test" not in run.hashes:
        return None
    return ground_of(replace(run, scores={"test": {}}))


def _of_parent(run: Run, parent: Run | None) -> Run | None:
    """An evaluation as a run of the method that it evaluates; None where the run itself has the same score."""
    if run.status != "evaluated":
        return None
    method = parent.method if parent is not None else ""
    if parent is not None:
        # of a run that has lost its configuration the protocol is not known: most likely it is the plain one
        known = parent.protocol or {**run.protocol, "inference": {}}
        if ground_of(run) == ground_of(parent) and run.protocol == known:
            return None
        settings = dict(parent.settings)
    else:
        settings = dict(run.settings)
    inference = (run.protocol.get("inference") or {}) if run.protocol != getattr(parent, "protocol", None) else {}
    for key, value in inference.items():
        settings[f"inference.{key}"] = json.dumps(value)
    return replace(run, method=f"{method or run.parent} {json.dumps(inference, sort_keys=True)}", settings=settings)


def _metrics(runs: Sequence[Run], wanted: str | None) -> list[tuple[str, str]]:
    """Task and metric of the boards to be made of runs on one ground."""
    scored = [run for run in runs if run.scored in run.scores and run.status in ("finished", "evaluated")]
    names = {name for run in scored for name in run.scores[run.scored]}
    if wanted is not None:
        return (
            [("objects" if wanted.startswith(("mask_", "box_", "cityscapes_ap")) else "semantic", wanted)]
            if wanted in names
            else []
        )
    found = []
    if any(run.task != "instance" for run in scored):
        monitored = Counter(run.metric for run in scored if run.task != "instance" and run.metric in names)
        found.append(("semantic", monitored.most_common(1)[0][0] if monitored else _DEFAULT))
    of_objects = Counter(run.metric for run in scored if run.task == "instance" and run.metric in names)
    if of_objects:
        found.append(("objects", of_objects.most_common(1)[0][0]))
    elif objects := [name for name in OBJECTS if name in names]:
        found.append(("objects", objects[0]))
    return [(task, name) for task, name in found if name in names]


def _board(ground: Ground, task: str, metric: str, runs: Sequence[Run], *, resamples: int, kept: Kept) -> Board | None:
    have = [run for run in runs if run.status not in ("finished", "evaluated") or metric in run.scores[run.scored]]
    grouped = group(have)
    sampled = sample_methods(grouped.methods, metric, resamples=resamples, kept=kept)
    methods = [method for method in grouped.methods if method.key in sampled.samples]
    if not methods:
        return None
    for method in methods:
        method.runs = [run for run in method.runs if run.path not in sampled.left_out]
    minimised = _minimised(methods, metric)
    notes = list(grouped.without_result)
    for method in grouped.methods:
        said = [*method.notes, *sampled.notes[method.key]]
        if method.key not in sampled.samples:
            left = any(run.path in sampled.left_out for run in method.runs)
            said.append(
                f"no run with a {'believable' if left else 'defined'} {metric} is left, so that it has no place"
            )
        if said:
            notes.append(f"{method.label}: {'; '.join(one.rstrip('.') for one in said)}.")
    letters, marks = marks_of(methods)
    methods.sort(key=lambda method: (sampled.samples[method.key].mean * (1 if minimised else -1), method.label))
    pairs = pairs_of([sampled.samples[method.key] for method in methods])
    places = [
        Place(
            method=method,
            rank=rank if sampled.samples[method.key].seeds >= MIN_SEEDS else None,
            sample=sampled.samples[method.key],
            estimate=estimate_of(sampled.samples[method.key]),
            letters=letters[method.key],
            val=_mean(run.scores.get("val", {}).get(metric) for run in method.runs),
        )
        for method, rank in zip(methods, pairs.ranks(lower_is_better=minimised), strict=True)
    ]
    return Board(
        ground=ground,
        task=task,
        metric=metric,
        minimised=minimised,
        places=places,
        pairs=pairs,
        images=sampled.images,
        marks=marks,
        notes=notes,
        resamples=resamples,
        kept=kept,
    )


def _minimised(methods: Sequence[Method], metric: str) -> bool:
    return any(run.minimised for method in methods for run in method.runs if run.metric == metric)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else None
