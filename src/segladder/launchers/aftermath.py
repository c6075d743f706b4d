"""What the folders say of jobs that ended before, and what they are told of jobs that could not say it themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segladder.config.secrets import scrub
from segladder.launchers.plan import Plan
from segladder.launchers.work import DONE, EndStatus, JobEnd
from segladder.runs.folder import RunFolder, attempts
from segladder.runs.outcome import outcome_of
from segladder.runs.record import Record, Status, read, write
from segladder.runs.resume import claim
from segladder.types import UserError

TAIL = 20
"""Lines of a job's output that its record keeps when it could not say itself what went wrong."""


def earlier_end(plan: Plan) -> JobEnd | None:
    """How a job ended before, where it is not to run again; None where there is something to do."""
    decision = plan.decision
    if decision is None or decision.kind != "skip":
        return None
    record = read(decision.folder.result)
    status: EndStatus = "skipped"
    error = ""
    if record.status == "failed":
        status = "failed"
        error = f"{(record.error or {}).get('message', 'it failed before')} (before; sweep.retry=true tries again)"
    elif record.status == "pruned":
        status = "pruned"
    elif decision.code_changed:
        error = "with other code (sweep.rerun=changed redoes it)"
    value = outcome_of(record, decision.folder, status="skipped")
    return JobEnd(status=status, value=value, error=error, folder=decision.folder.path)


def record_end(plan: Plan, end: JobEnd, log: Path) -> JobEnd:
    """Notes in a job's record how it ended, where the job's own process could not.

    Args:
        plan: the job.
        end: how it ended.
        log: what its process wrote.

    Returns:
        The end with its run folder.
    """
    if plan.facts is None:
        return end
    run = _latest(plan)
    if run is None:
        run = _failed_before_it_began(plan, end, log) if end.status == "failed" else None
    elif end.status in ("killed", "timeout", "failed"):
        record = read(run.result)
        if end.status != "failed" and record.effective_status() == "interrupted":
            status: Status = "timeout" if end.status == "timeout" else "interrupted"
            # a process that has lost another of its run has told so itself
            said = (record.error or {}) if end.status == "killed" else {}
            record.status, record.error = status, _error(end, log) | said
        elif end.status == "failed" and record.status == "failed":
            record.error = _error(end, log) | (record.error or {})
        if end.status == "failed" and record.error and end.error.startswith("its process was ended by exit code"):
            # it waited for another of its run that was gone, so that it could tell its record alone
            what: EndStatus = "killed" if record.status == "interrupted" else "failed"
            end = replace(end, status=what, error=str(record.error.get("message") or end.error))
        write(record, run.result)
    if end.status in DONE:
        log.unlink(missing_ok=True)  # the run has a log of its own
    return end if run is None else replace(end, folder=run.path)


def _latest(plan: Plan) -> RunFolder | None:
    """The folder of the job's last attempt."""
    assert plan.facts is not None
    found = []
    for folder in attempts(plan.facts.outputs, plan.facts.study, plan.facts.id):
        try:
            record = read(folder.result)
        except UserError:
            continue  # killed before its record was whole
        if record.id == plan.facts.id and record.parent is None:
            found.append((record.created, folder))
    return max(found)[1] if found else None


def _failed_before_it_began(plan: Plan, end: JobEnd, log: Path) -> RunFolder | None:
    """A job that failed while its parts were built has claimed no folder: this makes it one, so that it counts."""
    facts = plan.facts
    assert facts is not None
    draft = Record(
        id=facts.id,
        name=facts.name,
        method=facts.method,
        task=facts.task,
        seed=facts.seed,
        choices=facts.choices,
        overrides=facts.overrides,
        monitor=dict(facts.monitor),
    )
    claimed = claim(
        facts.outputs, facts.study, facts.name, facts.id, facts.fingerprint, sweep=True, retry=True, draft=draft
    )
    if claimed.lock is None:
        return None
    with claimed.lock:
        folder = claimed.decision.folder
        record = read(folder.result)
        record.status, record.error = "failed", _error(end, log)
        write(record, folder.result)
    return folder


def _error(end: JobEnd, log: Path) -> dict[str, object]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:] if log.is_file() else []
    return {"type": end.status, "message": scrub(end.error), "log": [scrub(line) for line in lines]}
