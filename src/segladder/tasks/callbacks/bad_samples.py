"""Samples that could not be read and were skipped (`data.on_bad_sample=skip`): said once, counted for the record."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.types import UserError

LISTED = 100
"""Samples that the record names; it counts all."""


class BadSamples(Callback):
    """Takes the names of skipped samples out of each batch, wherever a worker met them."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], str] = {}
        self._said = False
        self._pass: dict[str, list[int]] = {}

    def summary(self) -> dict[str, Any] | None:
        """`count` of different samples that were skipped, and `samples`, the first of them with split, id and reason;
        None where there were none."""
        if not self._reasons:
            return None
        listed = sorted(self._reasons.items())[:LISTED]
        return {
            "count": len(self._reasons),
            "samples": [{"split": split, "image_id": name, "reason": why} for (split, name), why in listed],
        }

    def state_dict(self) -> dict[str, Any]:
        """Kept in checkpoints, so that a resumed run's record names what it skipped before."""
        return {"reasons": [[*key, why] for key, why in self._reasons.items()]} if self._reasons else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._reasons |= {(split, name): why for split, name, why in state_dict.get("reasons", [])}

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._take(batch, "train")

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._take(batch, "val")

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._take(batch, trainer.datamodule.test_on)  # type: ignore[attr-defined]

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            self._pass.pop("val", None)  # a few batches are no split
        else:
            self._weigh("val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._weigh(trainer.datamodule.test_on)  # type: ignore[attr-defined]

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._gather(trainer)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._gather(trainer)

    def _take(self, batch: Any, split: str) -> None:
        skipped = batch.pop("skipped", ())
        if split != "train":
            counts = self._pass.setdefault(split, [0, 0])
            counts[0] += len(skipped)
            counts[1] += len(batch["image_id"])
        for name, why in skipped:
            self._reasons[split, name] = why
            if not self._said:
                self._said = True
                warnings.warn(
                    f"Sample '{name}' of {split} is skipped (data.on_bad_sample=skip): {why} Further ones are skipped"
                    " without a word; the record lists them under data.skipped.",
                    stacklevel=2,
                )

    def _weigh(self, split: str) -> None:
        """A score of the smaller part of a split says nothing."""
        skipped, scored = self._pass.pop(split, [0, 0])
        if skipped > scored:
            raise UserError(
                f"{skipped} of the {skipped + scored} samples of {split} cannot be read, too many to skip"
                f" (data.on_bad_sample=skip). The first: {self._first(split)}"
            )

    def _first(self, split: str) -> str:
        return next(why for (name, _), why in sorted(self._reasons.items()) if name == split)

    def _gather(self, trainer: Trainer) -> None:
        """What each process has met, on all of them; asked only where skipping is allowed."""
        skips = getattr(trainer.datamodule, "on_bad_sample", "error") == "skip"  # type: ignore[attr-defined]
        if trainer.world_size == 1 or not skips:
            return
        parts: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(parts, self._reasons)
        for part in parts:
            self._reasons |= part
