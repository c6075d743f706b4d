"""Tiny runs and the records they leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_runs import PIXELS


def read_records(outputs: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(outputs.glob("*/*/result.json"))]


@pytest.fixture
def tiny() -> tuple[str, ...]:
    """Words of a run that takes a second."""
    return PIXELS


@pytest.fixture
def records() -> Callable[[Path], list[dict]]:
    """Reads every record below an outputs folder."""
    return read_records
