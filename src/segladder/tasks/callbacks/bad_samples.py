"""Samples that could not be read and were skipped (`data.on_bad_sample=skip`): said once, counted for the record."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from segladder.data.bad_samples import too_many
from segladder.types import UserError

LISTED = 100
"""Samples that the record names; it counts all."""

_SECONDS = 10.0
"""What is new is noted down at most so often, and at the end of each pass and of the run, however that comes about."""


class BadSamples(Callback):
    """Takes the names of skipped samples out of each batch, wherever a worker met them.

    Where too many of a split are met in one pass over it, the run ends: see `segladder.data.bad_samples.too_many`.
    """

    def __init__(
        self, *, note: Callable[[Mapping[str, Any]], None] | None = None, earlier: Mapping[str, Any] | None = None
    ) -> None:
        """
        Args:
            note: writes a `summary` down.
            earlier: the summary of an earlier part of the same run; a checkpoint does not know of what came after it.
        """
        self._reasons: dict[tuple[str, str], str] = {}
        for sample in (earlier or {}).get("samples", []):
            self._reasons[sample["split"], sample["image_id"]] = sample["reason"]
        self._said = False
        self._told: set[str] = set()
        self._pass: dict[str, set[str]] = {}
        self._scored: Counter[str] = Counter()
        self._note = note
        self._news = False
        self._noted_at = -_SECONDS

    def summary(self) -> dict[str, Any] | None:
        """`count` of different samples that were skipped, `counts` of each split, and `samples`, the first of them with
        split, id and reason; None where there were none."""
        if not self._reasons:
            return None
        listed = sorted(self._reasons.items())[:LISTED]
        return {
            "count": len(self._reasons),
            "counts": dict(sorted(Counter(split for split, _ in self._reasons).items())),
            "samples": [{"split": split, "image_id": name, "reason": why} for (split, name), why in listed],
        }

    def state_dict(self) -> dict[str, Any]:
        """Kept in checkpoints, so that a resumed run's record names what it skipped before."""
        return {"reasons": [[*key, why] for key, why in self._reasons.items()]} if self._reasons else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._reasons |= {(split, name): why for split, name, why in state_dict.get("reasons", [])}

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._pass.pop("train", None)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._take(batch, "train")
        # an epoch may take a day, and a batch of none cannot be trained on
        self._weigh_training(trainer)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._take(batch, "val")

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._take(batch, _tested(trainer))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._gather(trainer, "train")
        self._weigh_training(trainer)
        self._write_down()

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            # a few batches are no split
            self._pass.pop("val", None)
            self._scored.pop("val", None)
        else:
            self._conclude(trainer, "val")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._conclude(trainer, _tested(trainer))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._write_down()

    def _take(self, batch: Any, split: str) -> None:
        skipped = batch.pop("skipped", ())
        self._scored[split] += len(batch["image_id"])
        for name, why in skipped:
            self._pass.setdefault(split, set()).add(name)
            self._news |= (split, name) not in self._reasons
            self._reasons[split, name] = why
            if not self._said:
                self._said = True
                warnings.warn(
                    f"Sample '{name}' of {split} is skipped (data.on_bad_sample=skip): {why} Further ones are skipped"
                    " without a word; the record lists them under data.skipped.",
                    stacklevel=2,
                )
        if time.monotonic() - self._noted_at >= _SECONDS:
            self._write_down()

    def _weigh(self, split: str, count: int) -> None:
        """Ends the run where too many of so many samples are missing."""
        missing = self._pass.get(split, set())
        if not too_many(len(missing), count):
            return
        raise UserError(
            f"{len(missing):,} of the {count:,} samples of {split} cannot be read: more than half is too much to skip"
            " (data.on_bad_sample=skip). `segladder data check` names them all; the first:"
            f" {self._reasons[split, min(missing)]}"
        )

    def _weigh_training(self, trainer: Trainer) -> None:
        if self._pass.get("train"):
            self._weigh("train", len(trainer.datamodule.samples("train")))  # type: ignore[attr-defined]

    def _conclude(self, trainer: Trainer, split: str) -> None:
        """The end of a pass over an evaluated split: a score of its smaller part says nothing."""
        self._gather(trainer, split)
        missing = len(self._pass.get(split, ()))
        count = missing + self._scored.pop(split, 0)
        self._weigh(split, count)
        self._pass.pop(split, None)
        self._write_down()
        if missing and split not in self._told and trainer.is_global_zero:
            self._told.add(split)
            warnings.warn(
                f"{missing:,} of the {count:,} samples of {split} cannot be read: its scores are of the others.",
                stacklevel=2,
            )

    def _write_down(self) -> None:
        summary = self.summary()
        if self._note is not None and self._news and summary is not None:
            self._note(summary)
            self._news, self._noted_at = False, time.monotonic()

    def _gather(self, trainer: Trainer, split: str) -> None:
        """What each process has met, on all of them; asked only where skipping is allowed."""
        skips = getattr(trainer.datamodule, "on_bad_sample", "error") == "skip"  # type: ignore[attr-defined]
        if trainer.world_size == 1 or not skips:
            return
        parts: list[Any] = [None] * trainer.world_size
        torch.distributed.all_gather_object(
            parts, (self._reasons, self._pass.get(split, set()), self._scored.get(split, 0))
        )
        self._scored[split] = sum(scored for *_, scored in parts)
        for reasons, missing, _ in parts:
            self._news |= not reasons.keys() <= self._reasons.keys()
            self._reasons |= reasons
            self._pass.setdefault(split, set()).update(missing)


def _tested(trainer: Trainer) -> str:
    """The split that a test reads."""
    split: str = trainer.datamodule.test_on  # type: ignore[attr-defined]
    return split
