"""Which runs may stand in one table: what sets them apart altogether, and what is marked where it differs."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from segladder.metrics.useless import useless
from segladder.report.records.methods import Method
from segladder.report.records.run import Run

OBJECTS = ("mask_ap", "box_ap")
"""Metrics of objects, in this order; the first that a run has is what it is ranked by there."""


@dataclass(frozen=True, order=True, kw_only=True)
class Ground:
    """What runs must share for their scores to mean the same."""

    data: str
    split: str
    """The published name of the split: on Cityscapes `val` where the test set is meant."""
    content: str
    """The hash of the images and labels that were scored."""
    metrics: int
    """The version of the metrics."""
    size: str
    """Of the images when they were scored; "" for their own."""

    @property
    def title(self) -> str:
        size = f", scored at {self.size}" if self.size else ""
        return f"{self.data} {self.split}{size}"


def ground_of(run: Run) -> Ground | None:
    """The ground that a run's scores stand on; None where it has none."""
    split = run.scored
    if split not in run.scores:
        return None
    inference = run.protocol.get("inference") or {}
    size = inference.get("size")
    return Ground(
        data=run.data,
        split=run.splits.get(split, split),
        content=run.hashes.get(split, ""),
        metrics=int(run.protocol.get("metrics") or 1),
        size="" if size is None else json.dumps(size),
    )


def with_images_known(runs: Sequence[Run]) -> list[Run]:
    """The runs, with what was scored without images on the ground of whoever was scored on the same labels with them.

    Predictions may be scored where the images are not: their hash is then that of the labels alone.
    """
    pairs = [(run.labels[split], run.hashes.get(split, "")) for run in runs for split in run.labels]
    whole: dict[str, str] = {}
    for (labels, content), _ in Counter(pair for pair in pairs if pair[0] != pair[1]).most_common():
        whole.setdefault(labels, content)

    def known(run: Run) -> dict[str, str]:
        alone = {split for split, labels in run.labels.items() if run.hashes.get(split) == labels}
        return {
            split: whole.get(content, content) if split in alone else content for split, content in run.hashes.items()
        }

    return [replace(run, hashes=known(run)) for run in runs]


def apart(grounds: Sequence[Ground]) -> list[str]:
    """Why runs of the same data set stand in different tables: a sentence each."""
    told = []
    names = Counter((ground.data, ground.split) for ground in grounds)
    for (data, split), count in names.items():
        if count < 2:
            continue
        mine = [ground for ground in grounds if (ground.data, ground.split) == (data, split)]
        reasons = []
        if len({ground.content for ground in mine}) > 1:
            reasons.append("the images or labels scored are not the same (their hashes differ)")
        if len({ground.size for ground in mine}) > 1:
            reasons.append("images were scored at different sizes")
        if len({ground.metrics for ground in mine}) > 1:
            reasons.append("the metrics are of different versions")
        told.append(f"Runs on {data} {split} stand in {count} tables, as {' and '.join(reasons)}.")
    return told


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something in which a method differs from most of its table."""

    letter: str
    text: str


def marks_of(methods: Sequence[Method]) -> tuple[dict[str, list[str]], list[Mark]]:
    """What differs where it should not.

    Returns:
        Key of a method -> letters of its marks; and what each letter means.
    """
    letters: dict[str, list[str]] = {method.key: [] for method in methods}
    marks: list[Mark] = []
    told: dict[str, str] = {}

    def mark(method: Method, text: str) -> None:
        if text not in told:
            told[text] = _letter(len(told))
            marks.append(Mark(letter=told[text], text=text))
        if told[text] not in letters[method.key]:
            letters[method.key].append(told[text])

    for read, say in _MUST_AGREE:
        values = {method.key: {read(run) for run in method.runs} - {None} for method in methods}
        counts = Counter(value for found in values.values() for value in found - {_UNKNOWN})
        if not counts:
            continue
        for method in methods:
            if _UNKNOWN in values[method.key]:
                values[method.key] -= {_UNKNOWN}
                mark(method, _NOT_KNOWN[read] + _share(sum(read(run) == _UNKNOWN for run in method.runs), method))
        if len(counts) < 2:
            continue
        usual, times = counts.most_common(1)[0]
        most = usual if 2 * times > len(methods) else None
        for method in methods:
            if others := sorted(values[method.key] - {most}, key=lambda value: (isinstance(value, str), value)):
                mark(method, say(others, most) + _share(sum(read(run) in others for run in method.runs), method))
    for method in methods:
        for told_of in _by_itself(method):
            mark(method, told_of)
    return letters, marks


def _of(method: Method, holds: Callable[[Run], bool]) -> str:
    return _share(sum(holds(run) for run in method.runs), method)


def _share(count: int, method: Method) -> str:
    """` (1 of 3 seeds)` where something holds for some of a method's runs; "" where for all."""
    return "" if count == len(method.runs) else f" ({count} of {len(method.runs)} seeds)"


def _letter(index: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return alphabet[index % 26] * (index // 26 + 1)


_Fact = str | int | None
_LIMIT = "trainer.max_time"
_UNLIMITED = "without a limit of time"
_UNKNOWN = "unknown"


def _protocol(run: Run) -> _Fact:
    inference = {key: value for key, value in (run.protocol.get("inference") or {}).items() if key != "size"}
    return ", ".join(f"{key}={json.dumps(value)}" for key, value in sorted(inference.items())) or "whole images"


def _tolerance(run: Run) -> _Fact:
    tolerance = run.protocol.get("boundary_tolerance")
    return None if tolerance is None else str(tolerance)


def _training_data(run: Run) -> _Fact:
    return run.hashes.get("train") if run.seed is not None and run.parent is None else None


def _validation_data(run: Run) -> _Fact:
    return run.hashes.get("val") if run.seed is not None and run.parent is None else None


def _weights(run: Run) -> _Fact:
    if run.seed is None or run.parent is not None:
        return None
    if run.pretrained is None:
        return _UNKNOWN
    return f"pretrained weights ({', '.join(run.pretrained)})" if run.pretrained else "random weights"


def _limit(run: Run) -> _Fact:
    """How long training might take at most, where that and not a number of steps is its budget."""
    if run.seed is None or run.parent is not None:
        return None
    limit = run.settings.get(_LIMIT, "null")
    return _UNLIMITED if limit in ("null", "") else f"for {limit} at most ({_LIMIT})"


def _steps(run: Run) -> _Fact:
    # a budget of time is marked as one: that it came to a few steps more or less is its nature
    if _limit(run) not in (None, _UNLIMITED):
        return None
    trained = run.seed is not None and run.parent is None
    return _UNKNOWN if trained and run.steps is None else run.steps


def _code(run: Run) -> _Fact:
    return run.fingerprint[:8] or None if run.seed is not None else None


def _told(values: Sequence[_Fact]) -> str:
    """`300, 600 and 1,200`."""
    words = [f"{value:,}" if isinstance(value, int) else str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _says(beginning: str, preposition: str, end: str = "") -> Callable[[Sequence[_Fact], _Fact], str]:
    """Writes what a method has, and what most have; where no value is that of most, the others have others."""

    def say(mine: Sequence[_Fact], most: _Fact) -> str:
        others = "others differ" if most is None else " ".join(filter(None, ("most", preposition, _told([most]))))
        return f"{beginning} {_told(mine)}{end}; {others}"

    return say


_MUST_AGREE: tuple[tuple[Callable[[Run], _Fact], Callable[[Sequence[_Fact], _Fact], str]], ...] = (
    (_protocol, _says("scored with", "with")),
    (_tolerance, _says("boundary F1 with a tolerance of", "with", " pixels")),
    (_training_data, lambda mine, most: f"trained on other images or labels than {'most' if most else 'others'}"),
    (
        _validation_data,
        lambda mine, most: f"best weights chosen on other validation images than {'most' if most else 'others'}",
    ),
    (_steps, _says("trained for", "for", " steps")),
    (_limit, _says("trained", "")),
    (_weights, _says("began with", "with")),
    (_code, _says("run with code", "with")),
)
"""What is read of a run, None where it does not apply, and what is said of values that are not those of most."""
_NOT_KNOWN: dict[Callable[[Run], _Fact], str] = {
    _steps: "trained for a number of steps that its record does not tell",
    _weights: "whether it began with pretrained weights is not known",
}
"""What is said of a method of which it is not known, where it is of others."""


def _by_itself(method: Method) -> list[str]:
    """What is to be said of a method, whatever the others are."""
    told = []

    def dirty(run: Run) -> bool:
        return run.dirty and run.seed is not None

    if any(map(dirty, method.runs)):
        told.append(f"run from a working copy with changes that were not committed{_of(method, dirty)}")
    if any(map(same_split, method.runs)):
        told.append(f"its best weights were chosen on the images that it is scored on{_of(method, same_split)}")
    if left_out := [count for run in method.runs if (count := run.skipped.get(run.scored))]:
        without = f"{'up to ' if len({*left_out}) > 1 else ''}{max(left_out):,}"
        told.append(f"scored without {without} of the images, which could not be read{_share(len(left_out), method)}")
    flags = {flag for run in method.runs if (flag := _flag(run))}
    if flags:
        told.append(f"high pixel accuracy, useless masks{_of(method, misleading)}: {_worst_flag(flags)}")
    undefined = [run for run in method.runs if _undefined(run)]
    if undefined:
        told.append(f"{len(undefined)} of {len(method.runs)} runs have an undefined score and are left out of its mean")
    return told


def misleading(run: Run) -> bool:
    """Whether a run's pixel accuracy hides useless masks."""
    return _flag(run) is not None


def _flag(run: Run) -> str | None:
    return useless(run.scores[run.scored], run.per_class.get(run.scored, {}))


def _worst_flag(flags: set[str]) -> str:
    return sorted(flags)[0].rstrip(".")


def same_split(run: Run) -> bool:
    """Whether a run's best weights were chosen on the images that it is scored on."""
    val, scored = run.hashes.get("val"), run.hashes.get(run.scored)
    return run.seed is not None and run.parent is None and val is not None and val == scored


def _undefined(run: Run) -> bool:
    value = run.scores[run.scored].get(run.metric)
    return run.metric in run.scores[run.scored] and (value is None or math.isnan(value))
