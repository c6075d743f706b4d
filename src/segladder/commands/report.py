"""`segladder report runs=DIR`: from run records to the tables, pictures and sentences of a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segladder.commands.ending import exit_code
from segladder.commands.words import settings_of, switch
from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.report.report import Report

_HELP = """\
segladder report runs=DIR [output=DIR] [study=NAME] [metric=NAME]
                 [rows=KEY] [cols=KEY] [baseline=VALUE[,VALUE]] [power=true] [resamples=2000] [pictures=false]
                 [follow=true] [wandb=true]
    reads the records of runs and writes a leaderboard of each data set, split and task, all comparisons of its methods,
    and an ablation table of what varies: as one HTML page with pictures, as Markdown, LaTeX and CSV; prints them with
    what they say

    runs       the folder that runs lie in; outputs where it is left out
    output     where the files go; DIR/report where it is left out
    study      only the runs of one study
    metric     what is ranked by; what was monitored where it is left out
    rows, cols the keys of the ablation table, such as rows=model cols=loss
    baseline   what its differences are to: a value of the rows, of the columns, or both, such as baseline=unet,ce
    power      true: how many seeds would settle each comparison
    resamples  how often the test images are drawn again; 0 leaves them out
    pictures   false: none
    follow     true: makes it anew as runs finish, from before the first until half a minute after the last of them; the
               open page loads itself again meanwhile
    wandb      true: also puts tables, page and files into Weights & Biases

docs/results.md says how to read each number.
"""

_KEYS = (
    "runs",
    "output",
    "study",
    "metric",
    "rows",
    "cols",
    "baseline",
    "power",
    "resamples",
    "pictures",
    "follow",
    "wandb",
)
_MOST_RESAMPLES = 100_000
_ROWS = 30
"""Of a table in the terminal; its files have all."""


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    words = list(argv)
    if any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    return exit_code(lambda: _report(settings_of(words, _KEYS, command="segladder report", example="runs=outputs")))


def _report(given: Mapping[str, str]) -> None:
    from segladder.launchers.show.columns import encodable, look, one_line
    from segladder.report.follow import follow
    from segladder.report.report import make_report
    from segladder.report.written.terminal import terminal
    from segladder.report.written.whole import claim_files, write_report

    root = Path(given.get("runs", "outputs")).expanduser()
    output = Path(given["output"]).expanduser() if "output" in given else root / "report"
    power, pictures, wandb = (switch(given, key, otherwise=key == "pictures") for key in ("power", "pictures", "wandb"))
    resamples = _resamples(given)

    def made() -> Report:
        return make_report(
            root,
            base=output,
            study=given.get("study"),
            metric=given.get("metric"),
            rows=given.get("rows"),
            cols=given.get("cols"),
            baseline=given.get("baseline"),
            power=power,
            resamples=resamples,
        )

    if switch(given, "follow"):
        follow(made, root, output, pictures=pictures)
    report = made()
    claim_files(report, output, pictures=pictures)
    for line in report.warnings:
        print(encodable(f"Warning: {one_line(line)}"))
    for part in report.parts:
        print()
        for sheet in part.sheets:
            print(terminal(sheet.first(_ROWS), **look()), end="\n\n")
        for sentence in part.findings:
            print(encodable(one_line(sentence)))
    files = write_report(report, output, pictures=pictures)
    print(f"\n{len(files)} files are in {output}; open {output / 'report.html'} for all of it.", flush=True)
    if wandb:
        from segladder.report.upload import upload

        print(upload(report, files, output), flush=True)


def _resamples(given: Mapping[str, str]) -> int:
    text = given.get("resamples", "2000")
    if not text.isdecimal() or not (int(text) == 0 or 100 <= int(text) <= _MOST_RESAMPLES):
        raise UserError(f"resamples={text}: give a whole number from 100 to {_MOST_RESAMPLES:,}, or 0 for none.")
    return int(text)
