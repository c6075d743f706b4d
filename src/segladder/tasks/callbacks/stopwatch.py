"""How fast training went, how much of it was spent waiting for data, and what it waited for."""

from __future__ import annotations

import time
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback


class Stopwatch(Callback):
    """Sums the training steps' wall time and the gaps between them, in which the next batch is fetched."""

    def __init__(self) -> None:
        self.images = 0
        self.steps = 0
        self.step_seconds = 0.0
        self.wait_seconds = 0.0
        self.first_step_at: float | None = None
        self.prepared_before = 0.0
        """Seconds before the first step in which caches were made ready."""
        self.stages: dict[str, float] = {}
        """Seconds by stage that training samples took to make, see `segladder.data.speed.stages`; and `workers`."""
        self.advice: str | None = None
        """What training waited for, and what would help; None where it hardly waited."""
        self._mark: float | None = None

    @property
    def images_per_second(self) -> float:
        """Training images per second over steps and waiting, validation left out."""
        total = self.step_seconds + self.wait_seconds
        return self.images / total if total else float("nan")

    @property
    def data_wait_share(self) -> float:
        """Share of the training time spent waiting for batches, in [0, 1]."""
        total = self.step_seconds + self.wait_seconds
        return self.wait_seconds / total if total else float("nan")

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._mark = time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        now = time.perf_counter()
        if self.first_step_at is None:
            self.first_step_at = time.time()
            self.prepared_before = prepared_seconds(getattr(trainer, "datamodule", None))
        if self._mark is not None:
            self.wait_seconds += now - self._mark
        self._mark = now

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        now = time.perf_counter()
        if self._mark is not None:
            self.step_seconds += now - self._mark
        self._mark = now
        self.steps += 1
        self.images += len(batch["image_id"]) * trainer.world_size

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        from segladder.data.speed.bottleneck import bottleneck, circumstances

        datamodule: Any = getattr(trainer, "datamodule", None)
        samples = datamodule.samples("train") if hasattr(datamodule, "samples") else None
        if samples is None:
            return
        workers = datamodule.workers(samples.source)
        stages = samples.clock.totals()
        self.stages = {**stages.to_json(), "workers": workers}
        now = circumstances(
            samples,
            stages,
            workers=workers,
            step_seconds=self.step_seconds,
            wait_seconds=self.wait_seconds,
            on_cpu=trainer.strategy.root_device.type == "cpu",
            processes=max(1, trainer.world_size // max(1, trainer.num_nodes)),
        )
        self.advice = bottleneck(stages, now)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._mark = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._mark = time.perf_counter()


def prepared_seconds(datamodule: Any) -> float:
    """What building and filling caches has taken so far, see `segladder.data.cache.choice`."""
    return float(getattr(getattr(datamodule, "cache", None), "seconds", 0.0))
