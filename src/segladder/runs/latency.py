"""How long a trained network takes for one image by itself, as one who uses it would wait for it."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import Rung

_WARM_UP = 3
_MOST = 50
_SECONDS = 3.0
"""Measuring ends after so many images, or so many seconds, but not before five images."""


def latency_ms(trainer: Trainer, task: Rung, datamodule: SegmentationDataModule) -> float | None:
    """Milliseconds from a raw image to its prediction, the median over repeats; None without a test or validation set.

    A batch of one, on the device and in the precision of the training, under the run's inference protocol.
    """
    import torch

    samples = datamodule.samples("test") or datamodule.samples("val")
    if not samples:
        return None
    image = samples[0]["image"]
    device = trainer.strategy.root_device
    task.to(device)
    times: list[float] = []
    began = time.perf_counter()
    with trainer.precision_plugin.forward_context():
        for turn in range(_WARM_UP + _MOST):
            before = time.perf_counter()
            task.predict(image)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn >= _WARM_UP:
                times.append((time.perf_counter() - before) * 1000)
            if len(times) >= 5 and time.perf_counter() - began > _SECONDS:
                break
    return median(times)
