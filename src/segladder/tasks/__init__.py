"""One LightningModule per rung of the ladder, and the callbacks and trackers beside them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.tasks.instance import InstanceTask as InstanceTask
    from segladder.tasks.rung import Rung as Rung
    from segladder.tasks.semantic import SemanticTask as SemanticTask

_HOMES = {
    "InstanceTask": "segladder.tasks.instance",
    "Rung": "segladder.tasks.rung",
    "SemanticTask": "segladder.tasks.semantic",
}

__all__ = ["InstanceTask", "Rung", "SemanticTask"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'segladder.tasks' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
