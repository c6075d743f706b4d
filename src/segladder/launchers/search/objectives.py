"""What a search is after: scores of the validation set, and what a network costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from segladder.config.suggest import did_you_mean
from segladder.config.values import METRICS, of_objects
from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.runs.record import Record

COSTS = ("latency", "parameters", "flops", "fit_seconds")
"""Less is better. `latency`: milliseconds for an image by itself on the run's device."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One thing that a search is after."""

    name: str
    direction: Literal["maximize", "minimize"]

    @property
    def is_metric(self) -> bool:
        return self.name not in COSTS

    @property
    def title(self) -> str:
        """The head of its column."""
        units = {"latency": "latency ms", "fit_seconds": "fit s"}
        return f"val {self.name}" if self.is_metric else units.get(self.name, self.name)

    def value(self, record: Record) -> float | None:
        """The finished run's value; None where it is undefined or was not measured."""
        if self.is_metric:
            found: Any = record.scores.get("val", {}).get(self.name)
            if found is None and record.monitor.get("name") == self.name:
                found = record.monitor.get("value")  # of one class, such as iou/disk
        elif self.name == "fit_seconds":
            found = record.time.get("fit")
        else:
            found = record.model.get({"latency": "latency_ms"}.get(self.name, self.name))
        return None if found is None or math.isnan(found) else float(found)


def objectives_of(
    names: Sequence[str], monitors: Sequence[tuple[str, str]], *, objects: bool, max_detections: object = 100
) -> list[Objective]:
    """The objectives with their directions.

    Args:
        names: what was asked for; none: the metric that the jobs monitor.
        monitors: name and mode of the metric that each job monitors.
        objects: whether every job finds objects.
        max_detections: `task.max_detections`, by which the last recall is called.

    Raises:
        UserError: an unknown name, one that stands twice, or jobs that monitor different metrics.
    """
    own = dict(monitors)
    if not names:
        if len(own) > 1:
            raise UserError(
                f"The trials monitor different metrics ({', '.join(own)}), which cannot be compared. Say which counts:"
                " hydra.sweeper.objectives=[miou]."
            )
        names = list(own)
    known = [*METRICS, *(of_objects(max_detections) if objects else ()), *COSTS]
    known += [name for name in own if name not in known]
    found = []
    for name in names:
        if name not in known:
            raise UserError(
                f"hydra.sweeper.objectives names '{name}'{did_you_mean(name, known)} It can be {', '.join(known)}."
            )
        less = name in COSTS or own.get(name) == "min"
        found.append(Objective(name=name, direction="minimize" if less else "maximize"))
    if len({objective.name for objective in found}) < len(found):
        raise UserError(f"hydra.sweeper.objectives names one twice: {', '.join(names)}. Leave it out once.")
    return found


def check_pruning(objectives: Sequence[Objective], monitors: Sequence[tuple[str, str]], pruner: str | None) -> None:
    """
    Raises:
        UserError: pruning is asked for and cannot judge what the search is after.
    """
    if pruner is None:
        return
    if len(objectives) > 1:
        names = ", ".join(objective.name for objective in objectives)
        raise UserError(
            f"hydra.sweeper.pruner={pruner} judges a trial by one number, but there are {len(objectives)} objectives"
            f" ({names}). Leave the pruner at null, or name one objective."
        )
    [objective] = objectives
    others = sorted({name for name, _ in monitors} - {objective.name})
    if others:
        mend = f"Add metric={objective.name}" if objective.is_metric else "Leave the pruner at null"
        raise UserError(
            f"hydra.sweeper.pruner={pruner} judges by the monitored metric ({', '.join(others)}), but the search is"
            f" after {objective.name}. {mend}."
        )
