"""What a tracker must know of the run it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The run as its trackers see it."""

    folder: Path
    name: str
    """What its page is called: in a sweep what tells it from the others."""
    wandb_id: str
    group: str
    """Its study."""
    job_type: str = "train"
    tags: tuple[str, ...] = ()
    """What was chosen: task, data, model, loss."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Plain composed configuration without secrets."""
    scrub: Callable[[str], str] = str
    """Takes secrets out of a text."""
    start_step: int = 0
    """Optimizer steps that an earlier part of this run has already done."""
