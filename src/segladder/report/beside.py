"""What lies beside a record and cannot be read: curves and configurations are not left out in silence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from segladder.report.reading import Run

MOST_RUNS = 300
"""Of a report that reads these files of each run, for its page; of more it shows neither."""
_MOST_BYTES = 50_000_000
"""Of a file that is read at all; the page leaves out the curves of larger ones."""


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
            told.append(f"'{run.folder.config}' {why}.")
        if run.status != "running" and (why := _curves_fault(run.folder.metrics)):
            told.append(f"'{run.folder.metrics}' {why}.")
    return told


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
    odd = sum(line.count(b",") != head.count(b",") for line in lines[1:-1])
    which = "1 line" if odd == 1 else f"{odd:,} lines"
    return f"has {which} of another length than its head: its learning curves lack these steps" if odd else ""
