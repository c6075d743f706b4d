"""What is told of a sweep's jobs before the first one starts."""

from __future__ import annotations

from collections.abc import Sequence

from segladder.launchers.plan import Plan
from segladder.launchers.show.table import DryRow


def warnings_of(plans: Sequence[Plan]) -> list[str]:
    """Each once, with the number of jobs that it is about; and which jobs come out identical."""
    found: dict[str, int] = {}
    for plan in plans:
        for warning in plan.facts.warnings if plan.facts is not None else ():
            found[warning] = found.get(warning, 0) + 1
    lines = [text if count == 1 else f"{text} ({count} jobs)" for text, count in found.items()]
    lines += [
        f"{plan.title}: {plan.decision.why}"
        for plan in plans
        if plan.decision is not None and plan.decision.kind == "new" and plan.decision.why
    ]
    twins = [plan for plan in plans if plan.same_as is not None]
    for plan in twins[:3]:
        assert plan.same_as is not None
        lines.append(f"{plan.title} comes out identical to {plans[plan.same_as].title}: it runs once.")
    if len(twins) > 3:
        lines.append(f"{len(twins) - 3} more jobs come out identical to others: each runs once.")
    return lines


def dry_row(plan: Plan) -> DryRow:
    """The job's line in the table of a dry run."""
    decision = plan.decision
    if plan.same_as is not None:
        what, why = f"same as {plan.same_as + 1}", ""
    else:
        what, why = (decision.kind, decision.why) if decision is not None else ("new", "")
    folder = decision.folder.path if decision is not None else None
    return DryRow(number=plan.number, settings=plan.settings, what=what, why=why, folder=folder)
