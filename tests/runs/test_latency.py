"""The time of one image by itself."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from pytorch_lightning import Trainer

from segladder.runs.latency import latency_ms


class Slow(torch.nn.Module):
    """Says how often it was asked, the first time slowly."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def predict(self, image: torch.Tensor) -> None:
        import time

        self.asked += 1
        time.sleep(0.2 if self.asked == 1 else 0.02)


def test_it_is_the_median_without_the_first_images():
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    task, data = Slow(), SimpleNamespace(samples=lambda split: [{"image": torch.zeros(1, 4, 4)}])
    found = latency_ms(trainer, task, data)
    assert 20 <= found < 100
    assert task.asked > 5


def test_without_images_there_is_none():
    trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    assert latency_ms(trainer, Slow(), SimpleNamespace(samples=lambda split: None)) is None
