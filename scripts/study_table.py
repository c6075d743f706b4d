"""What the study scripts share: a study through the command line, then a table of means over seeds from its records."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from segladder.runs.folder import RunFolder, find_runs
from segladder.runs.identity import NEUTRAL, identity
from segladder.runs.record import Record, read
from segladder.types import UserError

ROOT = Path(__file__).parent.parent
SHOWN = ("data", "model", "backbone", "loss", "augment", "optimizer", "scheduler", "inference")
"""Config groups whose choices can tell one line of the table from another."""
FOLLOWS = ("seed", "metric", "task", "trainer.accelerator", "trainer.devices")
"""Keys that never do: a line is the mean over seeds, and metric and task follow from the model."""

Cell = Callable[[Sequence[Record]], str]
"""What a column says of the runs of a line, one per seed."""


def run_study(study: str, words: Sequence[str], *, about: str, group: str, columns: Mapping[str, Cell]) -> int:
    """Runs `train.py -m study=<study> <words>` and prints the table of all finished runs in its folder, best first.

    Args:
        study: a file of conf/study.
        words: further words for the command line.
        about: what `--help` prints.
        group: the config group that the study is about; it has a column in any case.
        columns: title -> cell, right of the settings, the number of seeds and the score.

    Returns:
        The exit code of the sweep, as some jobs may have failed while others are worth a table.
    """
    if {"-h", "--help"} & set(words):
        print(about.strip())
        return 0
    code = subprocess.run([sys.executable, ROOT / "train.py", "-m", f"study={study}", *words], check=False).returncode
    typed = dict(word.lstrip("+").split("=", 1) for word in words if "=" in word)
    name = typed.get("study_name") or ("debug" if typed.get("debug", "null") != "null" else study)
    folder = Path(typed.get("paths.outputs", "outputs")) / name
    lines = gathered(folder)
    if lines:
        print(f"\n{table(lines, group=group, columns=columns)}\n\nMeans ± standard deviations over seeds, of {folder}")
    else:
        print(f"\nNo run has finished in {folder}.")
    return code


def gathered(folder: Path) -> list[tuple[dict[str, Any], list[Record]]]:
    """Per setting, its config as dotted keys and its finished records, one per seed (the newest)."""
    lines: dict[str, tuple[dict[str, Any], dict[int | None, Record]]] = {}
    for run in find_runs(folder):
        record = _finished(run)
        if record is None:
            continue
        config = yaml.safe_load(run.config.read_text(encoding="utf-8"))
        config.pop("seed")
        decisive = {k: v for k, v in _dotted(config) if not _below(k, NEUTRAL + FOLLOWS)}
        seeds = lines.setdefault(identity(config), (decisive, {}))[1]
        if record.seed not in seeds or seeds[record.seed].created < record.created:
            seeds[record.seed] = record
    return [(config, list(seeds.values())) for config, seeds in lines.values()]


def table(lines: list[tuple[dict[str, Any], list[Record]]], *, group: str, columns: Mapping[str, Cell]) -> str:
    """A line per setting, the best score first; whatever the settings differ in has a column."""
    choices = [records[0].choices for _, records in lines]
    groups = [g for g in SHOWN if g == group or len({c.get(g) for c in choices}) > 1]
    keys = [
        key
        for key in dict.fromkeys(key for config, _ in lines for key in config)
        # a chosen backbone stands below `model`, too
        if not set(key.split(".")) & set(groups) and len({str(config.get(key)) for config, _ in lines}) > 1
    ]
    monitors = {records[0].monitor["name"] for _, records in lines}
    metric = monitors.pop() if len(monitors) == 1 else "miou"  # the one that every rung has
    split = "test" if all("test" in record.scores for _, records in lines for record in records) else "val"
    lowest_first = all(records[0].monitor.get("mode") == "min" for _, records in lines)
    rows = []
    for (config, records), chosen in zip(lines, choices, strict=True):
        row = {g: chosen.get(g) or "" for g in groups} | {key: config.get(key, "") for key in keys}
        row |= {"seeds": len(records), f"{split} {metric}": score(metric, split)(records)}
        row |= {title: cell(records) for title, cell in columns.items()}
        mean = statistics.fmean(record.score(metric, split=split) for record in records)
        rows.append((mean if lowest_first else -mean, row))
    rows.sort(key=lambda pair: pair[0])
    return _aligned([list(rows[0][1]), *([str(cell) for cell in row.values()] for _, row in rows)])


def score(metric: str, split: str = "test") -> Cell:
    """Mean and standard deviation of a score."""
    return lambda records: _spread([record.score(metric, split=split) for record in records], "{:.4f}")


def value(section: str, key: str, form: str = "{:,.0f}", *, unit: float = 1.0) -> Cell:
    """The mean of a number of the record's `model` or `time`, in units of so much."""

    def cell(records: Sequence[Record]) -> str:
        found = [getattr(record, section).get(key) for record in records]
        known = [number / unit for number in found if number is not None]
        return form.format(statistics.fmean(known)) if known else ""

    return cell


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _spread(values: Sequence[float], form: str) -> str:
    mean = form.format(statistics.fmean(values))
    return mean if len(values) < 2 else f"{mean} ± {form.format(statistics.stdev(values))}"


def _finished(run: RunFolder) -> Record | None:
    try:
        record = read(run.result)
    except UserError as error:
        print(f"Left out: {error}", file=sys.stderr)
        return None
    return record if record.status == "finished" and record.parent is None else None


def _below(key: str, above: Sequence[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in above)


def _dotted(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, below in node.items():
        if isinstance(below, Mapping):
            yield from _dotted(below, f"{path}{key}.")
        else:
            yield f"{path}{key}", below
