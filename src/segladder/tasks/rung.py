"""What every rung of the ladder does alike: optimizer, clipping, seeds, scores of a split, statistics of an image."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segladder.freed_memory import FreedMemory
from segladder.losses import LossSum
from segladder.tasks.parameters import built_optimizer, built_schedule, trained_parameters
from segladder.types import Batch, DatasetInfo, Sample, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from segladder.inference.raw_images import RawImages


class Rung(LightningModule):
    """A network on its data, trained on a sum of loss terms and scored over a data set.

    A rung gives the training step (`said`), what is counted of a batch (`count`), and how an image is drawn. It logs
    `train/loss`, `train/loss/<part>` and `train/lr` by step; `val/<metric>` and `val/<measure>/<class>` by
    validation; `test/...` likewise.
    """

    kind: ClassVar[str]
    """The word of the record's `task`."""
    instances: ClassVar[bool] = False
    """Whether samples must hold their objects."""
    binary: ClassVar[bool] = False
    """Whether the loss is of binary masks."""
    measure: ClassVar[str] = "iou"
    """The measure that is logged for each class."""

    segmenter: RawImages
    """The network with its data: `.model`, and `.predict(image)`."""
    val_metrics: Any
    test_metrics: Any

    def __init__(
        self,
        loss: LossSum,
        info: DatasetInfo,
        *,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[[Optimizer, int], LRScheduler] | None,
        monitor: str,
        monitor_mode: str,
        seed: int,
    ) -> None:
        """
        Args:
            loss: sum of terms, `(logits, target) -> (total, parts)`.
            info: what the data are.
            optimizer: builds an optimizer from parameters or groups of them.
            scheduler: builds a schedule from the optimizer and the number of optimizer steps.
            monitor: metric, of the validation set, by which the best state is known.
            monitor_mode: "max" or "min".
            seed: of dropout and whatever else the network draws, together with epoch, batch and rank.
        """
        super().__init__()
        self.info = info
        self.seed = seed
        self.monitor = f"val/{monitor}"
        self.monitor_mode = monitor_mode
        self.loss = loss
        self.build_optimizer = optimizer
        self.build_scheduler = scheduler
        self.scores: dict[str, dict[str, float]] = {}
        """Scores by split ("val", "test") and metric, as of the last evaluation."""
        self.per_class: dict[str, dict[str, dict[str, float]]] = {}
        """Per split, metric and class name."""
        self.example_shape: tuple[int, ...] | None = None
        """`(1, C, H, W)` of an evaluated image."""
        self.last_parts: dict[str, Tensor] = {}
        """Each part of the loss in the latest training step."""
        self._freed = FreedMemory()

    def said(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a training batch, 0-dim, and each part of it without its weight, detached."""
        raise NotImplementedError

    def count(self, batch: Batch, split: str, metrics: Any) -> None:
        """Counts an evaluated batch."""
        raise NotImplementedError

    def ranking(self) -> NDArray[np.float64]:
        """A number for each tested image, `(N,)`, high where the network did well; NaN where nothing is to score."""
        raise NotImplementedError

    def row(self, sample: Sample, *, section: str, score: float) -> Any:
        """One image of the picture of examples, predicted."""
        raise NotImplementedError

    def picture(self, rows: Sequence[Any], *, title: str) -> Image:
        """The picture of examples."""
        raise NotImplementedError

    @property
    def model(self) -> nn.Module:
        """The network alone."""
        return self.segmenter.model

    def predict(self, image: Tensor) -> Any:
        """What the network says of one raw image `(C, H, W)`, in evaluation mode."""
        return self.segmenter.predict(image)

    def write_per_image(self, path: Path) -> None:
        """Each tested image's counts, for intervals and paired tests."""
        assert self.test_metrics.images is not None
        self.test_metrics.images.save(path)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        torch.manual_seed(step_seed(self.seed, self.current_epoch, batch_idx, self.global_rank))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        total, parts = self.said(batch)
        self.last_parts = parts
        # a log call costs 0.3 ms even at steps that Lightning then throws away
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            values = {"train/loss": total.detach()} | {f"train/loss/{k}": v for k, v in parts.items()}
            values["train/lr"] = torch.tensor(self.trainer.optimizers[0].param_groups[0]["lr"])
            self.log_dict(values, batch_size=len(batch["image_id"]))
        return total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        if batch["image_id"]:
            self.count(batch, "val", self.val_metrics)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        if batch["image_id"]:  # else none of its images could be read (data.on_bad_sample=skip)
            self.count(batch, "test", self.test_metrics)
            self._freed.give_back()

    def on_train_epoch_end(self) -> None:
        self._finish_loss()

    def on_validation_epoch_start(self) -> None:
        self.val_metrics.reset()

    def on_test_epoch_start(self) -> None:
        self.test_metrics.reset()
        self._freed = FreedMemory()

    def on_validation_epoch_end(self) -> None:
        self._conclude("val", self.val_metrics)

    def on_test_epoch_end(self) -> None:
        self._gather_images()
        self._conclude("test", self.test_metrics)

    def configure_optimizers(self) -> Any:
        optimizer = built_optimizer(self.build_optimizer, trained_parameters(self, self.build_optimizer))
        if self.build_scheduler is None:
            return optimizer
        schedule = built_schedule(self.build_scheduler, optimizer, total_steps(self.trainer))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips as `trainer.gradient_clip_val` says; Lightning would refuse fused optimizers under bf16, too.

        Raises:
            UserError: 16-mixed with a fused optimizer, which unscales the gradients itself, too late to be clipped.
        """
        if not gradient_clip_val:
            return
        if self.trainer.precision == "16-mixed":
            if getattr(optimizer, "_step_supports_amp_scaling", False):
                raise UserError(
                    "Gradients cannot be clipped under trainer.precision=16-mixed with a fused optimizer."
                    " Add optimizer.fused=false, or use trainer.precision=bf16-mixed."
                )
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if gradient_clip_algorithm == "value":
            nn.utils.clip_grad_value_(parameters, gradient_clip_val)
        else:
            nn.utils.clip_grad_norm_(parameters, gradient_clip_val)

    def _finish_loss(self) -> None:
        """On a GPU the loss learns of a label outside the classes only later; here it must tell."""
        finish = getattr(self.loss, "finish", None)
        if finish is not None:
            finish()

    def _gather_images(self) -> None:
        """Every process's per-image statistics on each of them."""
        mine = self.test_metrics.images
        if self.trainer.world_size == 1 or mine is None:
            return
        parts: list[Any] = [None] * self.trainer.world_size
        torch.distributed.all_gather_object(parts, mine.arrays())
        whole, *others = (type(mine).from_arrays(part) for part in parts)
        for other in others:
            whole.merge(other)
        self.test_metrics.images = whole

    def _conclude(self, split: str, metrics: Any) -> None:
        self._finish_loss()
        scores, per_class = metrics.compute()
        self.scores[split], self.per_class[split] = scores, per_class
        self.log_dict({f"{split}/{name}": torch.tensor(value) for name, value in scores.items()})
        classes: Mapping[str, float] = per_class[self.measure]
        self.log_dict({f"{split}/{self.measure}/{name}": torch.tensor(value) for name, value in classes.items()})


def total_steps(trainer: Trainer) -> int:
    """Optimizer steps of the whole training.

    `trainer.estimated_stepping_batches` says the same, but starts reading the training data before a resumed run
    knows where it is.

    Raises:
        UserError: neither epochs nor steps are limited, so a schedule has no end.
    """
    batches = len(trainer.datamodule.train_dataloader())  # type: ignore[attr-defined]
    limit = trainer.limit_train_batches
    batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    per_epoch = -(-batches // trainer.accumulate_grad_batches)
    bounds = [per_epoch * trainer.max_epochs] if trainer.max_epochs and trainer.max_epochs > 0 else []
    bounds += [trainer.max_steps] if trainer.max_steps > 0 else []
    if not bounds:
        raise UserError("The schedule needs an end: set trainer.max_epochs or trainer.max_steps above 0.")
    return max(1, min(bounds))


def step_seed(seed: int, epoch: int, batch: int, rank: int) -> int:
    """A 63-bit seed that is a function of its arguments alone, so that a resumed step draws what it drew before."""
    digest = hashlib.blake2b(f"{seed}/{epoch}/{batch}/{rank}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def stacks(batch: Batch) -> Iterator[tuple[Tensor, Tensor, list[str]]]:
    """Images, labels and ids of a batch as stacks of equal size: itself, or one image at a time where sizes differ."""
    image, target, ids = batch["image"], batch["semantic"], batch["image_id"]
    if isinstance(image, Tensor) and isinstance(target, Tensor):
        yield image, target, ids
        return
    for one, truth, name in zip(image, target, ids, strict=True):
        yield one[None], truth[None], [name]


def check_tolerance(value: Any) -> int:
    """`task.boundary_tolerance`, in pixels.

    Raises:
        UserError: it is no whole number from 0.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"task.boundary_tolerance is {value!r}. Give whole pixels, 0 or more.")
    return value
