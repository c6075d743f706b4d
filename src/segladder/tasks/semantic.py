"""The semantic rung as one LightningModule: built parts in, a loss per step and scores per data set out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segladder.inference import Inference, Segmenter
from segladder.losses import LossSum
from segladder.metrics import PerImage, SemanticMetrics
from segladder.tasks.parameters import trained_parameters
from segladder.types import Batch, DatasetInfo, Prediction, UserError


class SemanticTask(LightningModule):
    """A network that names the class of each pixel, trained on a sum of loss terms, scored over a data set.

    Logs `train/loss`, `train/loss/<term>` (`train/loss/auxiliary` where the network has such a head) and `train/lr`
    by step; `val/loss`, `val/<metric>` and `val/iou/<class>` by validation; `test/...` likewise.
    """

    kind = "semantic"

    def __init__(
        self,
        model: nn.Module,
        loss: LossSum,
        info: DatasetInfo,
        *,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[[Optimizer, int], LRScheduler] | None = None,
        inference: Inference | None = None,
        metric: Callable[[], nn.Module] | None = None,
        monitor: str = "miou",
        monitor_mode: str = "max",
        seed: int = 0,
        memory_format: str = "channels_last",
        compile: bool = False,
        boundary_tolerance: int = 2,
    ) -> None:
        """
        Args:
            model: `(B, C, H, W)` float images to `(B, num_classes, H, W)` logits; in training mode it may answer
                `WithAuxiliary`, whose second part costs `model.auxiliary` times its own loss.
            loss: sum of terms, `(logits, target) -> (total, parts)`.
            info: what the data are: classes, ignore index, mean and std.
            optimizer: builds an optimizer from parameters or groups of them.
            scheduler: builds a schedule from the optimizer and the number of optimizer steps.
            inference: how an image is looked at in validation and test; None for one pass over the whole of it.
            metric: builds a metric of the user's own, scored beside ours under the name `monitor`: a
                `torchmetrics.Metric` whose `update` takes classes and labels, `(B, H, W)` each, and whose
                `compute` gives one number.
            monitor: metric, of the validation set, by which the best state is known.
            monitor_mode: "max" or "min".
            seed: of dropout and whatever else the network draws, together with epoch, batch and rank.
            memory_format: "contiguous" or "channels_last".
            compile: run the network through `torch.compile`.
            boundary_tolerance: pixels that boundary F1 forgives.

        Raises:
            UserError: an unknown memory format, or data with one class.
        """
        super().__init__()
        if info.num_classes < 2:
            raise UserError(
                f"Data set '{info.name}' has one class, so there is nothing to tell apart. Name a background, too."
            )
        if isinstance(boundary_tolerance, bool) or not isinstance(boundary_tolerance, int) or boundary_tolerance < 0:
            raise UserError(f"task.boundary_tolerance is {boundary_tolerance!r}. Give whole pixels, 0 or more.")
        self.info = info
        self.seed = seed
        self.monitor = f"val/{monitor}"
        self.monitor_mode = monitor_mode
        self.segmenter = Segmenter(model, info, inference=inference, memory_format=memory_format, compile=compile)
        self.loss = loss
        self.build_optimizer = optimizer
        self.build_scheduler = scheduler
        own = {} if metric is None else {monitor: metric}
        self.val_metrics = SemanticMetrics(info, boundary_tolerance=boundary_tolerance, own=own)
        self.test_metrics = SemanticMetrics(info, boundary_tolerance=boundary_tolerance, own=own, per_image=True)
        self.scores: dict[str, dict[str, float]] = {}
        """Scores by split ("val", "test") and metric, as of the last evaluation."""
        self.per_class: dict[str, dict[str, dict[str, float]]] = {}
        """Per split, metric and class name."""
        self.example_shape: tuple[int, ...] | None = None
        """`(1, C, H, W)` of an evaluated image."""
        self.last_parts: dict[str, Tensor] = {}
        """Each term's value in the latest training step."""

    @property
    def model(self) -> nn.Module:
        """The network alone."""
        return self.segmenter.model

    def forward(self, image: Tensor) -> Tensor:
        """Logits `(B, num_classes, H, W)` of raw images `(B, C, H, W)` under the inference protocol."""
        return self.segmenter.scores(image)

    def predict(self, image: Tensor) -> Prediction:
        """What the network says of one raw image `(C, H, W)`, in evaluation mode."""
        return self.segmenter.predict(image)

    def write_per_image(self, path: Path) -> None:
        """Each tested image's counts, for intervals and paired tests."""
        assert self.test_metrics.images is not None
        self.test_metrics.images.save(path)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        torch.manual_seed(step_seed(self.seed, self.current_epoch, batch_idx, self.global_rank))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        said, target = self.segmenter(cast(Tensor, batch["image"])), cast(Tensor, batch["semantic"])
        if isinstance(said, Tensor):
            total, parts = self.loss(said, target)
        else:
            total, parts = self.loss(said.logits, target)
            beside, _ = self.loss(said.auxiliary, target)
            total = total + cast(float, self.model.auxiliary) * beside
            parts["auxiliary"] = beside.detach()
        self.last_parts = parts
        # a log call costs 0.3 ms even at steps that Lightning then throws away
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            values = {"train/loss": total.detach()} | {f"train/loss/{k}": v for k, v in parts.items()}
            values["train/lr"] = torch.tensor(self.trainer.optimizers[0].param_groups[0]["lr"])
            self.log_dict(values, batch_size=len(batch["image_id"]))
        return cast(Tensor, total)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._evaluate(batch, "val", self.val_metrics)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self._evaluate(batch, "test", self.test_metrics)

    def on_train_epoch_end(self) -> None:
        self._finish_loss()

    def _finish_loss(self) -> None:
        """On a GPU the loss learns of a label outside the classes only later; here it must tell."""
        finish = getattr(self.loss, "finish", None)
        if finish is not None:
            finish()

    def on_validation_epoch_end(self) -> None:
        self._conclude("val", self.val_metrics)

    def on_test_epoch_end(self) -> None:
        self._gather_images()
        self._conclude("test", self.test_metrics)

    def on_validation_epoch_start(self) -> None:
        self.val_metrics.reset()

    def on_test_epoch_start(self) -> None:
        self.test_metrics.reset()

    def configure_optimizers(self) -> Any:
        try:
            optimizer = self.build_optimizer(trained_parameters(self, self.build_optimizer))
        except (ValueError, TypeError, RuntimeError) as error:
            name = getattr(getattr(self.build_optimizer, "func", self.build_optimizer), "__name__", "The optimizer")
            raise UserError(
                f"{name} refuses its settings: {error}. Check the values below optimizer, such as optimizer.lr."
            ) from error
        if self.build_scheduler is None:
            return optimizer
        schedule = self.build_scheduler(optimizer, total_steps(self.trainer))
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

    def _evaluate(self, batch: Batch, split: str, metrics: SemanticMetrics) -> None:
        for image, target, ids in _stacks(batch):
            self.example_shape = (1, *image.shape[1:])
            logits = self.segmenter.scores(image)
            total, _ = self.loss(logits, target)
            metrics.update(logits, target, ids)
            self.log(f"{split}/loss", total, on_step=False, on_epoch=True, batch_size=len(ids), sync_dist=True)

    def _gather_images(self) -> None:
        """Every process's per-image statistics on each of them."""
        if self.trainer.world_size == 1 or self.test_metrics.images is None:
            return
        parts: list[Any] = [None] * self.trainer.world_size
        torch.distributed.all_gather_object(parts, self.test_metrics.images.arrays())
        whole = PerImage(self.info.classes)
        for part in parts:
            whole.merge(PerImage.from_arrays(part))
        self.test_metrics.images = whole

    def _conclude(self, split: str, metrics: SemanticMetrics) -> None:
        self._finish_loss()
        scores, per_class = metrics.compute()
        self.scores[split], self.per_class[split] = scores, per_class
        self.log_dict({f"{split}/{name}": torch.tensor(value) for name, value in scores.items()})
        self.log_dict({f"{split}/iou/{name}": torch.tensor(value) for name, value in per_class["iou"].items()})


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


def _stacks(batch: Batch) -> Iterator[tuple[Tensor, Tensor, list[str]]]:
    """The batch as stacks of equal size: itself, or one image at a time where sizes differ."""
    image, target, ids = batch["image"], batch["semantic"], batch["image_id"]
    if isinstance(image, Tensor) and isinstance(target, Tensor):
        yield image, target, ids
        return
    for one, truth, name in zip(image, target, ids, strict=True):
        yield one[None], truth[None], [name]
