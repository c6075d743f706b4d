"""Ctrl-C and SIGTERM end a run after a whole batch, with its state saved; a second Ctrl-C ends it at once."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import Interrupted


class InterruptGuard(Callback):
    """Takes note of SIGINT and SIGTERM while `fit` or `test` runs; whoever saves state then calls `leave`."""

    def __init__(self) -> None:
        self.requested: int | None = None
        self._before: dict[int, Any] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if threading.current_thread() is not threading.main_thread() or self._before:
            return
        for signum in (signal.SIGINT, signal.SIGTERM):
            self._before[signum] = signal.signal(signum, self._note)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before = {}

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *rest: Any
    ) -> None:
        # testing changes no state, so it can be left at any batch
        self.leave(trainer)

    def leave(self, trainer: Trainer) -> None:
        """Ends the run here if it was asked to stop.

        Raises:
            Interrupted: SIGINT or SIGTERM came since the start.
        """
        if self.requested is not None:
            raise Interrupted(self.requested)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.requested is not None and signum == signal.SIGINT:
            raise KeyboardInterrupt
        if self.requested is None:
            self.requested = signum
            sys.stderr.write(
                "\nStopping after this batch (or this validation) with its state saved."
                " Ctrl-C once more stops at once.\n"
            )
