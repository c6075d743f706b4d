"""Checkpoints that are whole or not there at all, and loaded as tensors only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins import CheckpointIO

from segladder.runs.atomic import replace_atomic
from segladder.runs.lock import RunLock
from segladder.types import UserError


class AtomicCheckpointIO(CheckpointIO):
    """Writes beside the target and moves it into place; Lightning's own leaves a truncated file when it is killed."""

    def __init__(self, lock: RunLock | None = None) -> None:
        """
        Args:
            lock: the run folder's; a folder that was taken over while this machine slept is not written to.
        """
        self._lock = lock

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        if self._lock is not None:
            self._lock.verify()
        path.parent.mkdir(parents=True, exist_ok=True)
        # through a Python file, whose errors say that the disk is full; torch's own writer says "unexpected pos"
        with replace_atomic(path) as partial, open(partial, "wb") as file:
            torch.save(checkpoint, file)

    def load_checkpoint(self, path: str | Path, map_location: Any = None, weights_only: bool | None = None) -> Any:
        try:
            return torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError) as error:
            raise UserError(
                f"The checkpoint '{path}' cannot be read ({type(error).__name__}: {str(error).splitlines()[0]})."
                f" Remove the run folder, or choose another checkpoint."
            ) from error

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)
