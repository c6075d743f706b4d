"""`metrics.csv`: every logged number, whole over resumes."""

from __future__ import annotations

import csv
import math
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from segladder.tasks.trackers.context import RunContext


class CsvLogger(Logger):
    """One row per logged step in `metrics.csv`: `step, epoch` and a column per metric, empty where not logged.

    Lightning's own CSVLogger deletes the file of an earlier part of the run when it goes on; this one drops the rows
    from the step on that is run again, and keeps the rest.
    """

    def __init__(self, *, context: RunContext, flush_every: int = 50) -> None:
        """
        Args:
            context: the run; its folder gets the file.
            flush_every: rows held back before the file is written.
        """
        super().__init__()
        self.path = context.folder / "metrics.csv"
        self.flush_every = flush_every
        self._columns: list[str] = ["step", "epoch"]
        self._rows: list[dict[str, Any]] = []
        self._written = 0
        if self.path.exists():
            self._take_up(context.start_step)

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: config.yaml holds them."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        row: dict[str, Any] = {"step": step, **{k: _short(v) for k, v in metrics.items()}}
        if self._rows and self._rows[-1]["step"] == step and not row.keys() & self._rows[-1].keys() - {"step", "epoch"}:
            if self._written == len(self._rows):
                self._written = -1
            self._rows[-1] |= row
        else:
            self._rows.append(row)
        new = [key for key in row if key not in self._columns]
        if new:
            self._columns += new
            self._written = -1
        if self._written >= 0 and len(self._rows) - self._written >= self.flush_every:
            self.save()

    @rank_zero_only
    def save(self) -> None:
        """Appends the rows since the last call; a new column or an amended row writes the file anew."""
        anew = self._written < 0 or not self.path.exists()
        rows = self._rows if anew else self._rows[self._written :]
        if not rows:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = self.path.with_suffix(".csv.part") if anew else self.path
        with open(target, "w" if anew else "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            if anew:
                writer.writeheader()
            writer.writerows(rows)
        if anew:
            target.replace(self.path)
        self._written = len(self._rows)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.save()

    def _take_up(self, start_step: int) -> None:
        with open(self.path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if row.get("step")]
        self._columns = list(reader.fieldnames or self._columns)
        self._rows = [
            {key: value for key, value in row.items() if value} | {"step": int(row["step"])}
            for row in rows
            if int(row["step"]) < start_step
        ]
        self._written = -1


def _short(value: Any) -> Any:
    number = float(value)
    if math.isfinite(number) and number == int(number) and abs(number) < 1e15:
        return int(number)
    return repr(number)
