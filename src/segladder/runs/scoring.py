"""What every scoring does around its numbers: a folder of its own while it runs, and a record when it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from segladder.config.secrets import scrub
from segladder.runs.atomic import write_atomic
from segladder.runs.ending import recorded
from segladder.runs.folder import RunFolder
from segladder.runs.lock import RunLock
from segladder.runs.log import LogTee
from segladder.runs.outcome import Outcome, outcome_of, peak_memory, print_report
from segladder.runs.record import Record, read, write
from segladder.runs.resume import claim
from segladder.types import UserError


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What something scores on a split."""

    scores: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]]
    images: Any
    """Statistics of each image, with `save(path)`."""


@contextmanager
def scoring(
    outputs: Path, study_name: str | None, draft: Record, *, config: Mapping[str, Any]
) -> Iterator[tuple[RunFolder, RunLock]]:
    """A folder for one scoring, held while the block runs; its end, good or bad, is in the record.

    Args:
        outputs: where run folders lie.
        study_name: the folder below it; None for single runs.
        draft: the record as far as it is known.
        config: written beside it, without secrets.

    Raises:
        UserError: another process is at it.
    """
    fingerprint = draft.code["fingerprint"]
    claimed = claim(outputs, study_name, draft.name, draft.id, fingerprint, sweep=False, draft=draft)
    if claimed.lock is None:
        raise UserError(f"{claimed.decision.why} Wait for it.")
    folder = claimed.decision.folder
    with claimed.lock as lock, LogTee(folder.log, scrub=scrub), recorded(folder):
        if claimed.decision.why:
            print(claimed.decision.why)
        write_atomic(folder.config, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
        write_atomic(folder.overrides, yaml.safe_dump(draft.overrides, allow_unicode=True))
        yield folder, lock


def conclude(
    folder: RunFolder,
    scored: Scored,
    *,
    split: str,
    began: float,
    started: float,
    prepare: float = 0.0,
    skipped: Mapping[str, Any] | None = None,
) -> Outcome:
    """Writes scores and each image's statistics, and prints the report.

    Args:
        folder: of the scoring.
        scored: what came of it.
        split: train, val or test.
        began: when scoring began, in seconds of `time.time()`.
        started: when the process began, likewise.
        prepare: seconds since `began` in which data were prepared.
        skipped: images that could not be read, as from `BadSamples`.
    """
    scored.images.save(folder.per_image)
    record = read(folder.result)
    record.scores[split] = dict(scored.scores)
    record.per_class[split] = {measure: dict(values) for measure, values in scored.per_class.items()}
    if skipped is not None:
        record.data["skipped"] = dict(skipped)
    record.memory = peak_memory()
    now = time.time()
    record.time |= {
        "startup": began - started,
        "prepare": prepare,
        "evaluate": now - began - prepare,
        "total": now - started,
    }
    record.status = "finished"
    write(record, folder.result)
    print_report(record, folder)
    return outcome_of(record, folder, status="finished")
