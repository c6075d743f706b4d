"""The terminal while a run trains: a bar with loss, mIoU and images/s, or a line per validation elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, cast

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar

if TYPE_CHECKING:
    from segladder.tasks.rung import Rung


class Progress(ProgressBar):
    """A rich progress bar in a terminal; one plain line per validation where output is a file or a pipe."""

    def __init__(self, *, every_steps: int = 10) -> None:
        """
        Args:
            every_steps: how often the loss is read; reading it makes a GPU wait.
        """
        super().__init__()
        self.every_steps = every_steps
        self._bar: Any = None
        self._task: Any = None
        self._loss = float("nan")
        self._images = 0
        self._since = time.perf_counter()
        self._rate = float("nan")

    def disable(self) -> None:
        self._stop()

    def print(self, *args: Any, **kwargs: Any) -> None:
        print(*args, **kwargs)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._start("train", _total(trainer), int(trainer.fit_loop.epoch_loop.total_batch_idx + 1))
        self._since = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._images += len(batch["image_id"]) * trainer.world_size
        if (batch_idx + 1) % self.every_steps and batch_idx + 1 != trainer.num_training_batches:
            if self._bar is not None:
                self._bar.advance(self._task)
            return
        self._loss = float(outputs["loss"])
        now = time.perf_counter()
        self._rate = self._images / max(now - self._since, 1e-9)
        if self._bar is not None:
            self._bar.update(self._task, advance=1, text=self._text(trainer, pl_module))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # the rate is of training alone
        self._paused = time.perf_counter()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._since += time.perf_counter() - self._paused
        if self._bar is None:
            print(self._text(trainer, pl_module), flush=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._stop()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        count = sum(n for n in trainer.num_test_batches if n != float("inf"))
        self._start("test", int(count), 0)

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *rest: Any
    ) -> None:
        if self._bar is not None:
            self._bar.advance(self._task)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._stop()

    def _text(self, trainer: Trainer, pl_module: LightningModule) -> str:
        task = cast("Rung", pl_module)
        scores = task.scores.get("val", {})
        name = task.monitor.removeprefix("val/")
        shown = dict.fromkeys(("miou", name))
        numbers = " ".join(f"{key} {scores[key]:.4f}" for key in shown if key in scores)
        epochs = f"/{trainer.max_epochs}" if trainer.max_epochs and trainer.max_epochs > 0 else ""
        parts = [f"epoch {trainer.current_epoch + 1}{epochs}", f"step {trainer.global_step}"]
        parts += [f"loss {self._loss:.4f}", numbers, f"{self._rate:,.0f} images/s"]
        return "  ".join(part for part in parts if part)

    def _start(self, title: str, total: int | None, done: int) -> None:
        if not sys.stdout.isatty():
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._stop()
        columns = (
            TextColumn("{task.description:<5}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}"),
        )
        self._bar = Bar(*columns, refresh_per_second=5)
        self._task = self._bar.add_task(title, total=total, completed=done, text="")
        self._bar.start()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _total(trainer: Trainer) -> int | None:
    batches = trainer.num_training_batches
    if batches == float("inf"):
        return None
    total = int(batches) * (trainer.max_epochs or 0) if (trainer.max_epochs or -1) > 0 else None
    if trainer.max_steps > 0:
        steps = trainer.max_steps * trainer.accumulate_grad_batches
        total = steps if total is None else min(total, steps)
    return total
