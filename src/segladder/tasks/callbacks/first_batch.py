"""The data doctor's quick look at the first batch of a training."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Sequence
from typing import Any, cast

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.data.doctor.first_batch import doubts


class FirstBatch(Callback):
    """Warns where the first batch cannot be what was meant; it changes nothing."""

    def __init__(self, command: Sequence[str]) -> None:
        """
        Args:
            command: the words that look at the whole data set, as no shell has seen them.
        """
        self.command = shlex.join(command)
        self._looked = False

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._looked:
            return
        self._looked = True
        found = doubts(batch, cast(Any, pl_module).info)
        if found:
            warnings.warn(
                f"The first training batch looks wrong. {'; '.join(found)}. Look at the data: {self.command}",
                stacklevel=2,
            )
