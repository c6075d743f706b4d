"""Early stopping on whatever the run monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping

from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung


class EarlyStop(EarlyStopping):
    """Lightning's EarlyStopping on the run's monitored metric, so that it is named once."""

    def __init__(self, *, patience: int = 10, min_delta: float = 0.0) -> None:
        """
        Args:
            patience: validations without improvement before training ends.
            min_delta: what counts as improvement, in the metric's unit.
        """
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise UserError(f"callbacks.early_stopping.patience is {patience!r}. Give a whole number from 1.")
        super().__init__(monitor="", patience=patience, min_delta=min_delta, mode="max", check_finite=False)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        task = cast("Rung", pl_module)
        self.monitor = task.monitor
        if self.mode != task.monitor_mode:
            self.mode = task.monitor_mode
            self.best_score = -self.best_score
        super().setup(trainer, pl_module, stage)
