"""A loss that is no number ends the run at once, names the term and keeps the batch that caused it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung


class NanLossError(UserError):
    """The training loss became NaN or infinite."""


class NanGuard(Callback):
    """Looks at each step's loss: at once on the CPU, one step later on a GPU so that it never waits for it."""

    def __init__(self) -> None:
        self._pending: tuple[Tensor, dict[str, Tensor], Any, int, int] | None = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = outputs["loss"].detach()
        now = (loss, cast("Rung", pl_module).last_parts, batch, trainer.current_epoch, batch_idx)
        if loss.device.type == "cpu":
            self._look(trainer, pl_module, now)
            return
        if self._pending is not None:
            self._look(trainer, pl_module, self._pending)
        self._pending = now

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._pending is not None:
            self._look(trainer, pl_module, self._pending)
            self._pending = None

    def _look(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        step: tuple[Tensor, dict[str, Tensor], Any, int, int],
    ) -> None:
        loss, parts, batch, epoch, batch_idx = step
        # a Python comparison of the number costs a fifth of torch.isfinite
        value = loss.item()
        if value - value == 0:
            return
        guilty = [name for name, part in parts.items() if not torch.isfinite(part)]
        path = Path(trainer.default_root_dir) / "nan_batch.pt"
        torch.save({"batch": batch, "epoch": epoch, "batch_idx": batch_idx, "parts": parts}, path)
        blame = f"term {', '.join(guilty)}" if guilty else "the sum, though each term by itself is finite"
        raise NanLossError(
            f"The training loss became {value} in epoch {epoch}, batch {batch_idx}: {blame}."
            f" The batch is kept in '{path}'. Try a lower optimizer.lr, trainer.gradient_clip_val=1,"
            f" or trainer.precision=32-true."
        )
