"""`segladder report runs=DIR`: from run records to the tables, pictures and sentences of a paper."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

_HELP = """\
segladder report runs=DIR [output=DIR] [study=NAME] [metric=NAME]
                 [rows=KEY] [cols=KEY] [baseline=VALUE[,VALUE]] [power=true] [resamples=2000]
    reads the records of runs and writes a leaderboard of each data set, split and task, all comparisons of its methods,
    and an ablation table of what varies, each as Markdown, LaTeX and CSV; prints them with what they say

    runs       the folder that runs lie in; outputs where it is left out
    output     where the files go; DIR/report where it is left out
    study      only the runs of one study
    metric     what is ranked by; what was monitored where it is left out
    rows, cols the keys of the ablation table, such as rows=model cols=loss
    baseline   what its differences are to: a value of the rows, of the columns, or both, such as baseline=unet,ce
    power      true: how many seeds would settle each comparison
    resamples  how often the test images are drawn again; 0 leaves them out

docs/results.md says how to read each number.
"""

_KEYS = ("runs", "output", "study", "metric", "rows", "cols", "baseline", "power", "resamples")
_MOST_RESAMPLES = 100_000


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    words = list(argv)
    if any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    try:
        _report(_settings(words))
    except UserError as error:
        print(f"segladder: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _report(given: Mapping[str, str]) -> None:
    from segladder.launchers.show.columns import look
    from segladder.report.report import make_report, write_report
    from segladder.report.written.terminal import terminal

    root = Path(given.get("runs", "outputs")).expanduser()
    output = Path(given["output"]).expanduser() if "output" in given else root / "report"
    report = make_report(
        root,
        base=output,
        study=given.get("study"),
        metric=given.get("metric"),
        rows=given.get("rows"),
        cols=given.get("cols"),
        baseline=given.get("baseline"),
        power=_switch(given, "power"),
        resamples=_resamples(given),
    )
    for line in report.warnings:
        print(f"Warning: {line}")
    for part in report.parts:
        print()
        for sheet in part.sheets:
            print(terminal(sheet, **look()), end="\n\n")
        for sentence in part.findings:
            print(sentence)
    files = write_report(report, output)
    print(f"\n{len(files)} files are in {output}, report.md with all of it.", flush=True)


def _settings(words: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"'{word}' is no setting. Write key=value, as in segladder report runs=outputs.")
        if key not in _KEYS:
            raise UserError(f"segladder report has no '{key}'{did_you_mean(key, _KEYS)} It takes {', '.join(_KEYS)}.")
        if not value:
            raise UserError(f"{key}= has no value. Give one, or leave it out.")
        if key in given:
            raise UserError(f"{key} is given twice. Leave one out.")
        given[key] = value
    return given


def _switch(given: Mapping[str, str], key: str) -> bool:
    value = given.get(key, "false")
    if value not in ("true", "false"):
        raise UserError(f"{key}={value} is neither true nor false. Give one of them.")
    return value == "true"


def _resamples(given: Mapping[str, str]) -> int:
    text = given.get("resamples", "2000")
    if not text.isdecimal() or not (int(text) == 0 or 100 <= int(text) <= _MOST_RESAMPLES):
        raise UserError(f"resamples={text}: give a whole number from 100 to {_MOST_RESAMPLES:,}, or 0 for none.")
    return int(text)
