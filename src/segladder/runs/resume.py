"""Whether a run starts, goes on, is skipped or runs again, given what earlier attempts left behind."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segladder.runs.atomic import remove_partials
from segladder.runs.folder import RunFolder, attempts, next_folder, study_folder
from segladder.runs.identity import short
from segladder.runs.lock import BusyError, RunLock, lock_state
from segladder.runs.process import Owner
from segladder.runs.record import NewerRecordError, Record, Status, now, read, write
from segladder.runs.storage import storing
from segladder.types import UserError

Kind = Literal["new", "resume", "skip", "repeat", "busy"]
Rerun = Literal["no", "changed", "all"]

_PATIENCE = 300.0
"""Seconds to wait for others that decide about the same run; a decision takes milliseconds."""


class BusyRunError(UserError):
    """Another process is at the very run that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to be done about one run.

    - `new`: it starts in `folder`.
    - `resume`: it goes on in `folder` from `checkpoint`.
    - `repeat`: it runs again from the start, in `folder` beside the earlier attempt.
    - `skip`: it is done, by the attempt in `folder`.
    - `busy`: `owner` is at it in `folder`.
    """

    kind: Kind
    folder: RunFolder
    why: str
    """One sentence for the user; empty for a plain first run."""
    checkpoint: Path | None = None
    owner: Owner | None = None
    code_changed: bool = False
    """Whether the attempt in question ran other code than today's."""


@dataclass(frozen=True)
class Claim:
    """A decision, and the lock of its folder where there is something to do; the caller releases it."""

    decision: Decision
    lock: RunLock | None = None


@dataclass(frozen=True)
class _Attempt:
    folder: RunFolder
    record: Record
    status: Status
    alive: bool
    owner: Owner | None

    def ran(self, fingerprint: str) -> bool:
        return self.record.code.get("fingerprint") == fingerprint


def decide(
    root: Path,
    study: str | None,
    name: str,
    run_id: str,
    fingerprint: str,
    *,
    sweep: bool,
    retry: bool = False,
    rerun: Rerun = "no",
) -> Decision:
    """Say what is to be done, from what lies in the folders now; touches nothing. `claim` also acts on it.

    In a sweep, what finished is kept (if code changed since, that is said, and with `rerun="changed"` it
    runs again), what was cut off goes on, and what failed waits for `retry`. A single run that finished or
    failed runs again. Nothing that an earlier attempt brought out is ever overwritten: what cannot go on
    starts over in a folder of its own.

    Args:
        root: `paths.outputs`.
        study: the study's name; None for a single run.
        name: the run's name, the first part of a new folder's.
        run_id: from `identity`.
        fingerprint: of today's code, see `code.py`.
        sweep: whether the run is a job of a multirun.
        retry: in a sweep, run again what failed.
        rerun: `changed` redoes what other code brought out, `all` redoes everything.

    Raises:
        NewerRecordError: a newer segladder wrote an earlier attempt.
        UserError: the root, study or name cannot be used.
    """
    found, bare = _earlier(root, study, run_id)
    fresh = bare or next_folder(root, study, name, run_id)
    if not found:
        why = "An earlier attempt left no readable record." if attempts(root, study, run_id) else ""
        return Decision(kind="new", folder=fresh, why=why)

    def result(kind: Kind, about: _Attempt, why: str) -> Decision:
        changed = not about.ran(fingerprint)
        if kind in ("new", "repeat"):
            return Decision(kind=kind, folder=fresh, why=why, code_changed=changed)
        checkpoint = about.folder.last if kind == "resume" else None
        owner = about.owner if kind == "busy" else None
        return Decision(
            kind=kind, folder=about.folder, why=why, checkpoint=checkpoint, owner=owner, code_changed=changed
        )

    finished = [attempt for attempt in found if attempt.status == "finished"]
    if sweep and finished and rerun != "all":
        kept = next((attempt for attempt in finished if attempt.ran(fingerprint)), None)
        if kept is not None:
            return result("skip", kept, f"It finished in '{kept.folder.path}'.")
        if rerun == "no":
            kept = finished[0]
            why = f"It finished in '{kept.folder.path}', with other code (sweep.rerun=changed redoes it)."
            return result("skip", kept, why)

    for attempt in found:
        if attempt.alive and attempt.status != "finished":
            return result("busy", attempt, f"{attempt.owner or 'Another process'} is at it in '{attempt.folder.path}'.")

    latest = found[0]
    where = f"'{latest.folder.path}'"
    changed = not latest.ran(fingerprint)
    if latest.status in ("running", "interrupted", "timeout"):
        if latest.folder.is_bare():
            return Decision(
                kind="new",
                folder=latest.folder,
                why=f"It was cut off in {where} before anything came out.",
                code_changed=changed,
            )
        if rerun == "all":
            return result("repeat", latest, f"It was cut off in {where}, and everything is to be redone.")
        if changed:
            return result(
                "repeat",
                latest,
                f"It was cut off in {where}, but the code has changed since: it starts over.",
            )
        if not latest.folder.last.is_file():
            return result("repeat", latest, f"It was cut off in {where} without a checkpoint: it starts over.")
        return result("resume", latest, f"It was cut off in {where} and goes on from its last checkpoint.")
    if latest.status == "failed" and latest.folder.is_bare() and (retry or not sweep):
        why = f"It failed in {where} before a checkpoint or a score came out: it is tried again there."
        return Decision(kind="new", folder=latest.folder, why=why, code_changed=changed)
    if not sweep or rerun == "all" or (rerun == "changed" and changed):
        return result("repeat", latest, f"An earlier attempt in {where} {_ended(latest.status)}.")
    if latest.status == "failed" and retry:
        return result("repeat", latest, f"It failed in {where} and is tried again.")
    advice = "; sweep.retry=true tries again" if latest.status == "failed" else ""
    return result("skip", latest, f"It {_ended(latest.status)} in {where}{advice}.")


def claim(
    root: Path,
    study: str | None,
    name: str,
    run_id: str,
    fingerprint: str,
    *,
    sweep: bool,
    retry: bool = False,
    rerun: Rerun = "no",
    draft: Record | None = None,
) -> Claim:
    """Decide, and where there is something to do make the folder, lock it and write its record as `running`.

    Of any number of processes that claim one run at the same time, one gets it; the others are told `busy`.
    A resumed attempt keeps its record, with the status set and the error cleared.

    Args:
        draft: what a new folder's record says beyond id, name and fingerprint.

    Raises:
        UserError: as `decide`, or the folder cannot be written.
    """
    place = make_place(root, study)
    with _alone(RunLock(place / f".claim-{short(run_id)}")):
        decision = decide(root, study, name, run_id, fingerprint, sweep=sweep, retry=retry, rerun=rerun)
        if decision.kind in ("skip", "busy"):
            return Claim(decision)
        folder = decision.folder.create()
        try:
            lock = RunLock(folder.lock).acquire()
        except BusyError as error:
            return Claim(Decision(kind="busy", folder=folder, why=str(error), owner=error.owner))
        try:
            for place in (folder.path, folder.checkpoints):
                remove_partials(place)
            record = read(folder.result) if decision.kind == "resume" else draft or Record(id=run_id, name=name)
            if decision.kind == "new":
                # killed before anything came out, it may have begun its W&B run all the same
                record.wandb = _wandb_of(folder, run_id)
            record.id, record.status, record.error = run_id, "running", None
            record.code = record.code | {"fingerprint": fingerprint}
            write(record, folder.result)
        except BaseException:
            lock.release()
            raise
    return Claim(decision, lock)


def _wandb_of(folder: RunFolder, run_id: str) -> dict[str, Any]:
    """The W&B run of an attempt that had this folder before; empty where there was none."""
    try:
        earlier = read(folder.result)
    except UserError:
        return {}
    return earlier.wandb if earlier.id == run_id else {}


def make_place(root: Path, study: str | None) -> Path:
    """The folder of a study's runs, made where it is not there, and seen to be writable.

    Raises:
        UserError: it cannot be made or written.
    """
    place = study_folder(root, study)
    try:
        with storing(place):
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                pass
    except FileNotFoundError as error:
        # what file systems that take no folders, such as /proc, answer
        raise UserError(
            f"The folder '{place}' cannot be made: {error.strerror}. Choose another with paths.outputs=DIR."
        ) from error
    return place


def _earlier(root: Path, study: str | None, run_id: str) -> tuple[list[_Attempt], RunFolder | None]:
    """All attempts at a run, the newest first, and a folder that a process now dead had only just begun."""
    found = []
    bare: RunFolder | None = None
    for folder in attempts(root, study, run_id):
        state = lock_state(folder.lock)
        alive = state.kind == "alive"
        try:
            record = read(folder.result)
        except NewerRecordError:
            raise
        except UserError:
            # None yet, or damaged: what came out stays where it is for its owner to look at.
            if not alive:
                bare = folder if folder.is_bare() and not folder.result.exists() else bare
                continue
            record = Record(id=run_id, name=folder.path.name, created=now())
        if record.id == run_id and record.parent is None:
            found.append(_Attempt(folder, record, record.effective_status(), alive, state.owner))
    # Reversed first: of two that began in the same moment the later number counts as newer.
    found.reverse()
    return sorted(found, key=lambda attempt: attempt.record.created, reverse=True), bare


def _ended(status: Status) -> str:
    return {"pruned": "was pruned"}.get(status, status)


@contextmanager
def _alone(lock: RunLock) -> Iterator[None]:
    """Hold a lock that others hold only for moments: wait for them."""
    deadline = time.monotonic() + _PATIENCE
    while not lock.held:
        try:
            lock.acquire()
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    with lock:
        yield
