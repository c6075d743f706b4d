"""Tiny runs and the records they leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

TINY = (
    "train",
    "model=unet_lab",
    "model.base_channels=4",
    "data.counts.train=64",
    "data.counts.val=16",
    "data.counts.test=16",
    "data.batch_size=8",
    "data.eval_batch_size=8",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=1",
    "runtime.threads=1",
)


def read_records(outputs: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(outputs.glob("*/*/result.json"))]


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Words of a run that takes a second."""
    return TINY


@pytest.fixture
def records() -> Callable[[Path], list[dict]]:
    """Reads every record below an outputs folder."""
    return read_records
