"""What the page of a single run shows beyond the table: configuration, learning curves, scores of each class."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from segladder.data.progress import with_progress
from segladder.report.page.embedded import clean
from segladder.report.page.tables import Data, rounded
from segladder.report.records.run import Run

MOST_RUNS = 300
"""Of a report that holds the details of each; of more, the page would grow beyond what can be mailed."""

POINTS = 120
"""Of a curve. Of more, the lowest and the highest of each stretch are kept."""

_MOST_BYTES = {"config": 1_000_000, "metrics": 50_000_000}


def details(runs: Sequence[Run]) -> Data | None:
    """The details of each run; None where there are too many runs."""
    if len(runs) > MOST_RUNS:
        return None
    lines: dict[str, int] = {}
    found = []
    for run in with_progress(runs, len(runs), "reading curves"):
        # configurations differ in few lines, so that each line is kept once
        config = _text(run.folder.config, most=_MOST_BYTES["config"]).rstrip().split("\n")
        found.append(
            {
                "config": [lines.setdefault(clean(line), len(lines)) for line in config],
                "curves": curves(run.folder.metrics),
                "scores": {clean(split): _scores(scores) for split, scores in run.scores.items()},
                "classes": _classes(run),
                "metric": clean(run.metric),
            }
        )
    return {"lines": list(lines), "runs": found}


def _scores(scores: dict[str, float | None]) -> dict[str, float | None]:
    return {clean(metric): rounded(value) for metric, value in scores.items()}


def _classes(run: Run) -> Data | None:
    measures = run.per_class.get(run.scored) or {}
    names = list(dict.fromkeys(name for values in measures.values() for name in values))
    if not names:
        return None
    return {
        "split": clean(run.scored),
        "names": list(map(clean, names)),
        "measures": {clean(key): [rounded(values.get(name)) for name in names] for key, values in measures.items()},
    }


def curves(path: Path) -> list[Data]:
    """The curves of `metrics.csv`, thinned: `name`, steps `x` and values `y` of each.

    Test scores are no curves, and those of single classes are too many.
    """
    rows = csv.reader(io.StringIO(_text(path, most=_MOST_BYTES["metrics"]), newline=""))
    try:
        head = next(rows, [])
        if "step" not in head:
            return []
        step = head.index("step")
        points: dict[str, list[tuple[float, float]]] = {name: [] for name in head if _is_curve(name)}
        kept = [(index, name) for index, name in enumerate(head) if name in points]
        for row in rows:
            x = _number(row[step]) if len(row) == len(head) else None
            if x is None:
                continue  # the last line of a run that was killed may be half a line
            for index, name in kept:
                y = _number(row[index])
                if y is not None:
                    points[name].append((x, y))
    except csv.Error:
        return []
    told = []
    for name, found in points.items():
        if found:
            thin = thinned(found)
            told.append({"name": clean(name), "x": [rounded(x) for x, _ in thin], "y": [_five(y) for _, y in thin]})
    return told


def _is_curve(name: str) -> bool:
    words = name.split("/")
    if name in ("", "step", "epoch") or words[0] == "test":
        return False
    return len(words) < 3 or words[1] == "loss"


def thinned(points: Sequence[tuple[float, float]], *, most: int = POINTS) -> list[tuple[float, float]]:
    """At most so many points of a curve: the first, the last, and of each stretch the lowest and the highest.

    Args:
        points: step and value, in the order of logging.
        most: even, at least 4.
    """
    if len(points) <= most:
        return list(points)
    stretches = most // 2 - 1
    inner = len(points) - 2
    kept = [0]
    for number in range(stretches):
        stretch = range(1 + number * inner // stretches, 1 + (number + 1) * inner // stretches)
        low = min(stretch, key=lambda index: points[index][1])
        high = max(stretch, key=lambda index: points[index][1])
        kept += sorted({low, high})
    return [points[index] for index in [*kept, len(points) - 1]]


def _text(path: Path, *, most: int) -> str:
    try:
        if path.stat().st_size > most:
            return ""
        return path.read_bytes().decode("utf-8", "replace").replace("\0", "")
    except OSError:
        return ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _five(value: float) -> float:
    return float(f"{value:.5g}")
