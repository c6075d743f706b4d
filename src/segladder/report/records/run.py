"""The few facts of a run that a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.report.records.measured import Number
from segladder.runs.folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a report knows of a run; scores are fractions, times seconds, sizes bytes, None where undefined."""

    path: str
    study: str
    name: str
    id: str
    parent: str | None
    method: str
    """What the runs share that differ in their seed alone."""
    chosen: str = ""
    """What the choices of a run have in common whose record holds no method; "" where it does."""
    config: str = ""
    """What the configuration of such a run is, see `older`; "" where the record holds the method."""
    method_known: str = ""
    """How its method is known where neither its record nor its configuration tells it, see `older`; else ""."""
    status: str
    """As of `segladder runs`: finished, evaluated, failed, …"""
    reason: str
    """What ended it, where it did not finish."""
    task: str
    seed: int | None
    created: str
    settings: dict[str, str]
    """What may tell it from others: group or key -> choice or value as typed."""
    metric: str
    """What was monitored."""
    minimised: bool
    scores: dict[str, dict[str, Number]]
    per_class: dict[str, dict[str, dict[str, Number]]]
    data: str
    classes: tuple[str, ...]
    hashes: dict[str, str]
    labels: dict[str, str]
    """Hashes of label files alone; those of `hashes` are the same where the images were not there."""
    splits: dict[str, str]
    counts: dict[str, int]
    skipped: dict[str, int]
    """Samples of each split that could not be read and were left out."""
    protocol: dict[str, Any]
    pretrained: tuple[str, ...] | None
    """The weights that training began with; None where that is not known."""
    steps: int | None
    parameters: Number
    flops: Number
    latency_ms: Number
    """Of one image by itself, on `devices`."""
    images_per_second: Number
    hours: Number
    memory: Number
    devices: str
    host: str
    fingerprint: str
    commit: str
    dirty: bool
    senseless: dict[str, str]
    """What should be a number and is none: key of the record -> what stands there."""

    @property
    def folder(self) -> RunFolder:
        return RunFolder(Path(self.path))

    @property
    def scored(self) -> str:
        """The split whose images are in `per_image.npz`: test, or the one that was evaluated."""
        return "test" if "test" in self.scores else next(iter(self.scores), "test")
