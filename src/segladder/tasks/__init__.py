"""One LightningModule per rung of the ladder, and the callbacks and trackers beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.tasks.semantic import SemanticTask

__all__ = ["SemanticTask"]


def __getattr__(name: str) -> Any:
    if name == "SemanticTask":
        from segladder.tasks.semantic import SemanticTask

        return SemanticTask
    raise AttributeError(f"module 'segladder.tasks' has no attribute '{name}'")
