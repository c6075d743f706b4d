"""Ctrl-C and SIGTERM end a run after a whole batch, with its state saved; a second Ctrl-C ends it at once."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptGuard(Callback):
    """Within it (`with guard:`) signals are noted; whoever has saved the run's state then calls `leave`."""

    def __init__(self) -> None:
        self.requested: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {signum: signal.signal(signum, self._note) for signum in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning has put a handler of its own in front, which ends the run before its state is saved
        for signum in self._before:
            signal.signal(signum, self._note)

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *rest: Any
    ) -> None:
        # testing changes no state, so it can be left at any batch
        if trainer.world_size == 1:
            self.leave()

    def leave(self) -> None:
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
