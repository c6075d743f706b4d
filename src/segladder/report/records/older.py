"""Which method a run is of whose record holds none, as older ones do: by its configuration, else by what was chosen.

A configuration that is missing or was cut short says nothing of the method. The other runs of the same choices and the
same words then do, and where there are none, choices and words alone: a lost file must neither make one method of two
losses nor two of the seeds of one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from segladder.runs.comparable import method_id
from segladder.runs.identity import NEUTRAL, identity
from segladder.runs.record import Record

if TYPE_CHECKING:
    from segladder.report.records.run import Run

WHOLE, DOUBTFUL, LOST = "whole", "doubtful", "lost"
"""Of a configuration: its hash is the run's id; it can be read; it cannot."""
BY_OTHERS, BY_CHOICES = "by others", "by choices"
"""How the method of a run became known whose own configuration does not tell it."""
_NOT_CHOSEN = ("study", "logger")
"""Groups that decide no result."""


def method_of_config(record: Record, config: Mapping[str, Any]) -> tuple[str, str]:
    """The method that a configuration describes, "" where it says nothing; and what the configuration is."""
    if not config:
        return "", LOST
    found = record.data.get("hashes")
    hashes = found if isinstance(found, dict) else None
    try:
        whole = identity(config, data_hashes=hashes) == record.id
        return method_id(config, data_hashes=hashes), WHOLE if whole else DOUBTFUL
    except (TypeError, ValueError, AttributeError):
        return "", LOST  # an edited file may hold anything


def chosen(record: Record) -> str:
    """A hash of what was chosen and typed but for the seed, and of the data: all runs of one method share it."""
    choices = {group: choice for group, choice in record.choices.items() if group not in _NOT_CHOSEN}
    typed: dict[str, str] = {}
    for word in record.overrides:
        key, _, value = str(word).partition("=")
        plain = key.lstrip("+~").partition("@")[0]
        if plain not in record.choices and plain != "seed" and not _neutral(plain):
            typed[key] = value
    content = [record.task, choices, typed, record.data.get("hashes")]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def with_methods(runs: Sequence[Run]) -> list[Run]:
    """The runs, each with its method."""
    alike: dict[str, list[Run]] = {}
    for run in runs:
        if run.chosen:
            alike.setdefault(run.chosen, []).append(run)
    found: dict[str, Run] = {}
    for members in alike.values():
        found |= {run.path: run for run in _settled(members)}
    return [found.get(run.path, run) for run in runs]


def _settled(members: Sequence[Run]) -> list[Run]:
    """Runs of the same choices with their methods."""
    surest = [run for state in (WHOLE, DOUBTFUL) for run in members if run.config == state]
    by_id = {run.id: run.method for run in reversed(surest)}
    known = {run.method for run in surest if run.config == surest[0].config}
    ids: dict[int | None, set[str]] = {}
    for run in members:
        ids.setdefault(run.seed, set()).add(run.id)
    # one seed of one method has one id: where it has two, choices and words are not all that differs
    one = all(len(of_seed) == 1 for of_seed in ids.values())
    settled = []
    for run in members:
        method = next(iter(known)) if one and len(known) == 1 else by_id.get(run.id, "")
        if method and run.config != WHOLE and run.method != method:
            other = next(one for one in surest if one.method == method)
            settled.append(
                replace(
                    run,
                    method=method,
                    method_known=BY_OTHERS,
                    protocol=run.protocol or other.protocol,
                    pretrained=other.pretrained if run.pretrained is None else run.pretrained,
                )
            )
        elif run.method:
            settled.append(run)
        else:
            key = f"chosen {run.chosen[:16]}" + ("" if one else f" {run.id}")
            settled.append(replace(run, method=key, method_known=BY_CHOICES))
    return settled


def told_of_methods(runs: Sequence[Run]) -> list[str]:
    """That some runs are told apart by their choices alone."""
    count = sum(run.method_known == BY_CHOICES for run in runs)
    if not count:
        return []
    which, are, their = ("1 run", "is", "its") if count == 1 else (f"{count:,} runs", "are", "their")
    return [
        f"{which} {are} told apart by what was chosen and typed alone, as neither {their} records nor readable"
        f" configurations tell the method: {their} settings are unknown beyond {their} choices."
    ]


def _neutral(key: str) -> bool:
    return any(key == start or key.startswith(f"{start}.") for start in NEUTRAL)
