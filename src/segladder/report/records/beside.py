"""What lies beside a record and cannot be read: curves and configurations are not left out in silence."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from segladder.report.records.older import BY_OTHERS
from segladder.report.records.run import Run

MOST_RUNS = 300
"""Of a report that reads these files of each run, for its page; of more it shows neither."""
_OTHER = re.compile(rb"[^-+0-9.,eE\s]")
"""What no finite number has."""
_MOST_BYTES = 50_000_000
"""Of a file that is read at all; the page leaves out the curves of larger ones."""
_WITH_OTHERS = "; it stands with the runs of the same choices"
"""What is said of a run whose method neither record nor configuration tells."""


def unreadable(runs: Sequence[Run]) -> list[str]:
    """A sentence for each file that is there, or should be, and does not hold what it should.

    Args:
        runs: all of a report; of more than `MOST_RUNS` none is looked at.
    """
    if len(runs) > MOST_RUNS:
        return []
    told = []
    for run in runs:
        trained = run.seed is not None and run.parent is None and run.status == "finished"
        if why := _config_fault(run.folder.config, needed=trained):
            told.append(f"'{run.folder.config}' {why}{_WITH_OTHERS if run.method_known == BY_OTHERS else ''}.")
        elif run.method_known == BY_OTHERS:
            told.append(
                f"'{run.folder.config}' is not the one that the run was made with: it was cut short or edited"
                f"{_WITH_OTHERS}."
            )
        if run.status != "running" and (why := _curves_fault(run.folder.metrics)):
            told.append(f"'{run.folder.metrics}' {why}.")
    return told


def _without_numbers(head: bytes, lines: Sequence[bytes]) -> int:
    """How many lines hold what no curve can show; the score of a class that does not occur may be undefined."""
    names = head.decode("utf-8", "replace").split(",")
    of_class = [name.count("/") > 1 and not name.startswith("train/") for name in names]
    return sum(
        any(not _is_shown(cell, undefined=may) for cell, may in zip(line.split(b","), of_class, strict=False))
        for line in lines
        if _OTHER.search(line)
    )


def _is_shown(cell: bytes, *, undefined: bool) -> bool:
    if not cell.strip():
        return True
    try:
        number = float(cell)
    except ValueError:
        return False
    return math.isfinite(number) or (undefined and math.isnan(number))


def _config_fault(path: Path, *, needed: bool) -> str:
    try:
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        return "is missing: the run is shown without its configuration" if needed else ""
    except OSError as error:
        return f"cannot be read ({error.strerror}): the run is shown without its configuration"
    except (yaml.YAMLError, ValueError, RecursionError):
        return "is no valid YAML: it was cut short or edited, and the run's page shows what is left of it"
    if isinstance(content, dict):
        return ""
    return "holds no configuration: it was cut short or edited, and the run's page shows what is left of it"


def _curves_fault(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return f"has more than {_MOST_BYTES // 10**6} MB: its learning curves are left out of the run's page"
        content = path.read_bytes()
    except FileNotFoundError:
        return ""  # a run may have been told to log nothing
    except OSError as error:
        return f"cannot be read ({error.strerror}): the run is shown without learning curves"
    lines = content.splitlines()
    if not lines or b"step" not in (head := lines[0]).split(b","):
        return "has no column 'step': it was cut short or edited, and the run is shown without learning curves"
    if b"\0" in content:
        return "holds zero bytes, as after a crash of the machine: its learning curves may lack steps"
    if b'"' in content:
        return ""
    # of a run that was cut off, the last line may be half a line
    whole = [line for line in lines[1:] if line is not lines[-1] or line.count(b",") == head.count(b",")]
    if _OTHER.search(content, len(head)) and (count := _without_numbers(head, whole)):
        told = "1 line" if count == 1 else f"{count:,} lines"
        return f"has {told} with values that are no finite numbers: its learning curves lack these points"
    odd = sum(line.count(b",") != head.count(b",") for line in whole)
    which = "1 line" if odd == 1 else f"{odd:,} lines"
    return f"has {which} of another length than its head: its learning curves lack these steps" if odd else ""
