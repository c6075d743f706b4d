"""`checkpoints/best.ckpt` by the monitored metric and `checkpoints/last.ckpt` to go on from, bit for bit.

Lightning's own restart depends on the hook a checkpoint was saved in: saved on an epoch's last batch it skips
that epoch's validation, saved inside an epoch it counts a batch twice or not at all. So this callback saves at two
kinds of places only, before a training batch and after a whole epoch, and writes the loops' counters in one
plain form for each. Together with the data's stateless order a resumed run repeats what the uncut one does.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint

from segladder.tasks.callbacks.interrupt import InterruptGuard
from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung


class RunCheckpoint(Checkpoint):
    """Keeps the best and the last state of a run below `trainer.default_root_dir`/checkpoints."""

    def __init__(self, *, every_minutes: float = 5.0) -> None:
        """
        Args:
            every_minutes: within an epoch, `last.ckpt` is written at most this far apart.
        """
        if not every_minutes >= 0:
            raise UserError(f"callbacks.checkpoint.every_minutes is {every_minutes}. Give 0 or more.")
        self.every_seconds = every_minutes * 60
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.best_scores: dict[str, float] = {}
        """Every `val/...` value of the best epoch."""
        self.best_per_class: dict[str, dict[str, float]] = {}
        self._saved_at = time.monotonic()
        self._kind = "last"
        self._inside_epoch = False

    def folder(self, trainer: Trainer) -> Path:
        return Path(trainer.default_root_dir) / "checkpoints"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._saved_at = time.monotonic()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        # at the next batch's start the last one is not only trained on but logged, too; gradients half gathered
        # cannot be saved, and right after a validation Lightning would take a resumed run to be before it
        done = batch_idx
        if done == 0 or done % trainer.accumulate_grad_batches or _follows_validation(trainer, done):
            return
        due = time.monotonic() - self._saved_at >= self.every_seconds
        if self._agreed(trainer, due or _guard(trainer).requested is not None, done):
            self._save_last(trainer, inside_epoch=True)
            self._leave_if_asked(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        task = cast("Rung", pl_module)
        value = trainer.callback_metrics.get(task.monitor)
        if value is None:
            return
        # logged values are float32; the score itself is not
        score = task.scores["val"].get(task.monitor.removeprefix("val/"), float(value))
        if math.isnan(score):
            return
        better = self.best_value is None or (
            score > self.best_value if task.monitor_mode == "max" else score < self.best_value
        )
        if better:
            self.best_value, self.best_epoch = score, trainer.current_epoch
            self.best_scores = dict(task.scores["val"])
            self.best_per_class = {k: dict(v) for k, v in task.per_class["val"].items()}
            self._save(trainer, "best")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._save_last(trainer, inside_epoch=False)
        self._leave_if_asked(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if self._kind == "best":
            for key in ("optimizer_states", "lr_schedulers", "loops", "callbacks"):
                checkpoint.pop(key, None)
            # an average's running state is of use to training alone; `state_dict` holds the average itself
            checkpoint.pop("current_model_state", None)
            checkpoint.pop("averaging_state", None)
            return
        _plain_counters(checkpoint["loops"]["fit_loop"], inside_epoch=self._inside_epoch)

    def state_dict(self) -> dict[str, Any]:
        return {
            "best_value": self.best_value,
            "best_epoch": self.best_epoch,
            "best_scores": self.best_scores,
            "best_per_class": self.best_per_class,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_value = state_dict["best_value"]
        self.best_epoch = state_dict["best_epoch"]
        self.best_scores = dict(state_dict["best_scores"])
        self.best_per_class = dict(state_dict["best_per_class"])

    def _agreed(self, trainer: Trainer, wish: bool, done: int) -> bool:
        """Whether any process wishes to save; asking the others makes them wait, so only at every tenth batch."""
        if trainer.world_size == 1:
            return wish
        return done % 10 == 0 and trainer.strategy.reduce_boolean_decision(wish, all=False)

    def _leave_if_asked(self, trainer: Trainer) -> None:
        guard = _guard(trainer)
        if trainer.world_size > 1:
            # a signal that reached one process ends them all, at the same batch
            signum = int(trainer.strategy.reduce(torch.tensor(float(guard.requested or 0)), reduce_op="max"))
            if not signum:
                return  # one that came while the others were asked counts the next time, for all of them
            guard.requested = signum
        guard.leave()

    def _save_last(self, trainer: Trainer, *, inside_epoch: bool) -> None:
        self._inside_epoch = inside_epoch
        self._save(trainer, "last")
        self._saved_at = time.monotonic()

    def _save(self, trainer: Trainer, kind: str) -> None:
        self._kind = kind
        trainer.save_checkpoint(self.folder(trainer) / f"{kind}.ckpt", weights_only=False)


def _guard(trainer: Trainer) -> InterruptGuard:
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, InterruptGuard):
            return callback
    return InterruptGuard()


def _follows_validation(trainer: Trainer, done: int) -> bool:
    """Whether there was a validation within the epoch after so many of its batches."""
    every = trainer.val_check_batch
    if trainer.check_val_every_n_epoch is None:
        done = trainer.fit_loop.total_batch_idx  # validations are then counted on over the epochs
    return isinstance(every, int) and every > 0 and done % every == 0


def _plain_counters(fit_loop: dict[str, Any], *, inside_epoch: bool) -> None:
    """Rewrites the saved loop counters as those of a moment between two batches, or between two epochs.

    Between epochs every epoch counter is the number of finished epochs and the counters within an epoch are
    zero. Between batches the epoch is started but not processed and every batch counter is the number of
    processed batches: Lightning then goes on with the next batch and neither repeats nor skips a validation.
    """
    epoch, batch = fit_loop["epoch_progress"], fit_loop["epoch_loop.batch_progress"]
    batch["total"] = dict.fromkeys(batch["total"], batch["total"]["processed"])
    if inside_epoch:
        batch["current"] = dict.fromkeys(batch["current"], batch["current"]["processed"])
        batch["is_last_batch"] = False
        for part in ("total", "current"):
            begun = epoch[part]["started"]
            epoch[part] |= {"ready": begun, "started": begun, "processed": begun - 1, "completed": begun - 1}
        return
    for part in ("total", "current"):
        epoch[part] = dict.fromkeys(epoch[part], epoch[part]["processed"])
    batch["current"] = dict.fromkeys(batch["current"], 0)
    batch["is_last_batch"] = False
    schedule = fit_loop["epoch_loop.scheduler_progress"]
    schedule["current"] = dict.fromkeys(schedule["current"], 0)
    steps = fit_loop["epoch_loop.automatic_optimization.optim_progress"]["optimizer"]
    for part in ("step", "zero_grad"):
        steps[part]["current"] = dict.fromkeys(steps[part]["current"], 0)


def load_weights(path: Path, module: LightningModule) -> None:
    """Loads the weights of a run's checkpoint into its task, tensors only (no code is run)."""
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(checkpoint["state_dict"])
