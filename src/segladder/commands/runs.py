"""`segladder runs list|show|prune runs=DIR`: look at what lies in an outputs folder, and tidy it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segladder.commands.ending import exit_code
from segladder.commands.words import one_of, settings_of, several_of, switch
from segladder.config.suggest import did_you_mean
from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.runs.folder import RunFolder

_HELP = """\
segladder runs list runs=DIR [study=NAME] [status=failed,interrupted] [sort=created|score|name|time]
                    [format=table|csv|json]
    a line per run, then how many there are of each status; csv and json have everything, unrounded

segladder runs show runs=DIR/RUN          or: segladder runs show run=1a2b3c4d runs=DIR
    one run in full: status, the command to start it again, scores, data, times, files, errors, other attempts

segladder runs prune runs=DIR what=failed,interrupted,… [study=NAME] [older_than=7d] [keep=best|none] [yes=true]
    what would be removed and what that frees; yes=true removes it. what is one or more of
      failed interrupted timeout pruned   the folders of runs with that status
      repeats       attempts that a newer finished one of the same run has replaced
      bare          folders of runs that ended before anything came out
      checkpoints   last.ckpt of finished runs; with keep=none best.ckpt, too
      locks         locks and partial files of processes that are gone, logs of jobs that are over
    Runs at work and the newest finished attempt at a run are never removed.

runs=outputs where it is left out. Statuses: running finished interrupted failed pruned timeout, evaluated (a finished
evaluation of a run), bare (killed before it wrote a record), damaged and newer (the record cannot be read).
"""

_ACTIONS = {
    "list": ("runs", "study", "status", "sort", "format"),
    "show": ("runs", "run"),
    "prune": ("runs", "what", "study", "older_than", "keep", "yes"),
}
_OUTPUTS = "outputs"
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def run(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code: 0, 1 after an error told in a sentence, 130 after Ctrl-C."""
    words = list(argv)
    if not words or any(word in ("-h", "--help") for word in words):
        print(_HELP, end="")
        return 0
    return exit_code(lambda: _action(words.pop(0), words))


def _action(name: str, words: Sequence[str]) -> int:
    if name not in _ACTIONS:
        raise UserError(
            f"segladder runs knows {', '.join(_ACTIONS)}, not '{name}'{did_you_mean(name, _ACTIONS)}"
            " See segladder runs --help."
        )
    actions: dict[str, Callable[[dict[str, str]], int]] = {"list": _list, "show": _show, "prune": _prune}
    return actions[name](_settings(name, words))


def _list(given: dict[str, str]) -> int:
    from segladder.commands.run_table import FORMATS, csv_of, json_of, table_of
    from segladder.runs.tidy.listing import ORDERS, STATUSES, arranged, list_runs, of_statuses, of_study

    statuses = several_of(given, "status", STATUSES)
    order, form = one_of(given, "sort", ORDERS), one_of(given, "format", FORMATS)
    root = Path(given["runs"]).expanduser()
    lines = list_runs(root)
    chosen = arranged(of_statuses(of_study(lines, given.get("study")), statuses), order)
    if form != "table":
        print({"csv": csv_of, "json": json_of}[form](chosen))
    elif not lines:
        print(f"There are no runs in '{root}'.")
    elif not chosen:
        print(f"None of the {len(lines):,} runs in '{root}' is {' or '.join(statuses)}.")
    else:
        print(table_of(chosen, width=_width(), color=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    return 0


def _show(given: dict[str, str]) -> int:
    from segladder.commands.run_page import page_of

    print(page_of(_meant(given), width=_width()))
    return 0


def _meant(given: Mapping[str, str]) -> RunFolder:
    """The run that is to be shown: a path, the first digits of an id, or the only one there is.

    Raises:
        UserError: it is none of them.
    """
    from segladder.runs.tidy.by_id import find_run_by_id
    from segladder.runs.tidy.listing import run_folders

    root = Path(given["runs"]).expanduser()
    wanted = given.get("run")
    path = root if wanted is None else Path(wanted).expanduser()
    if wanted is not None and not path.exists():
        if len(path.parts) > 1:
            raise UserError(f"run={wanted} is not there. Give a run folder, or the first digits of its id.")
        return find_run_by_id(root, wanted)
    if path.is_file() and (path.parent / "result.json").is_file():
        path = path.parent
    folders = run_folders(path)
    if not folders:
        raise UserError(f"There are no runs in '{path}'. Give the folder of a run, which holds a result.json.")
    if len(folders) > 1:
        shown = ", ".join(f"'{folder.path}'" for folder in folders[:3]) + (", …" if len(folders) > 3 else "")
        raise UserError(f"'{path}' holds {len(folders)} runs: {shown}. Name one, or give run=ID beside runs={root}.")
    return folders[0]


def _prune(given: dict[str, str]) -> int:
    from segladder.commands.prune_report import planned, removed
    from segladder.data.progress import with_progress
    from segladder.runs.tidy.listing import list_runs, of_study
    from segladder.runs.tidy.pruning import KEEP, WHAT, removals
    from segladder.runs.tidy.removal import remove

    if not given.get("what"):
        raise UserError(f"what= says what may go. Give one or more of {', '.join(WHAT)}.")
    what = several_of(given, "what", WHAT)
    if "keep" in given and "checkpoints" not in what:
        raise UserError(f"keep={given['keep']} has no effect: it belongs to what=checkpoints.")
    keep, age = one_of(given, "keep", KEEP), _age(given.get("older_than"))
    yes = switch(given, "yes")
    root = Path(given["runs"]).expanduser()
    lines = list_runs(root)
    plan = removals(of_study(lines, given.get("study")), root, what, keep=keep, older_than=age)
    if not yes or not plan:
        print(planned(plan, root, width=_width()))
        return 0
    done = []
    try:
        for entry in with_progress(remove(plan), len(plan), "removing"):
            done.append(entry)
    finally:
        # also after Ctrl-C: what is gone is gone
        print(removed(done, root, width=_width()))
    return 1 if any(why for _, why in done) else 0


def _settings(name: str, words: Sequence[str]) -> dict[str, str]:
    given = settings_of(words, _ACTIONS[name], command=f"segladder runs {name}", example="runs=outputs")
    return {"runs": _OUTPUTS, **given}


def _age(text: str | None) -> float | None:
    """`older_than` in seconds."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text)
    if found is None:
        raise UserError(f"older_than={text} is no time. Give minutes, hours, days or weeks: 30m, 12h, 7d, 2w.")
    return float(found[1]) * _UNITS[found[2]]


def _width() -> int | None:
    """Of the terminal; None where nobody looks at one and COLUMNS says nothing."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None
