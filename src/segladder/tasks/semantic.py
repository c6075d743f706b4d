"""The semantic rung as one LightningModule: built parts in, a loss per step and scores per data set out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segladder.inference import Inference, Segmenter
from segladder.losses import LossSum
from segladder.metrics import SemanticMetrics
from segladder.tasks.rung import Rung, check_tolerance, stacks
from segladder.types import Batch, DatasetInfo, Sample, UserError
from segladder.viz import GridRow, class_grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


class SemanticTask(Rung):
    """A network that names the class of each pixel.

    Beside what every rung logs: `train/loss/<term>` (`train/loss/auxiliary` where the network has such a head) and
    `val/loss`.
    """

    kind: ClassVar[str] = "semantic"

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
            loss: see `Rung`, as `info`, `optimizer`, `scheduler`, `monitor`, `monitor_mode` and `seed`.
            info: classes, ignore index, mean and std.
            optimizer: see `Rung`.
            scheduler: see `Rung`.
            inference: how an image is looked at in validation and test; None for one pass over the whole of it.
            metric: builds a metric of the user's own, scored beside ours under the name `monitor`: a
                `torchmetrics.Metric` whose `update` takes classes and labels, `(B, H, W)` each, and whose
                `compute` gives one number.
            monitor: see `Rung`.
            monitor_mode: see `Rung`.
            seed: see `Rung`.
            memory_format: "contiguous" or "channels_last".
            compile: run the network through `torch.compile`.
            boundary_tolerance: pixels that boundary F1 forgives.

        Raises:
            UserError: an unknown memory format, or data with one class.
        """
        super().__init__(
            loss,
            info,
            optimizer=optimizer,
            scheduler=scheduler,
            monitor=monitor,
            monitor_mode=monitor_mode,
            seed=seed,
        )
        if info.num_classes < 2:
            raise UserError(
                f"Data set '{info.name}' has one class, so there is nothing to tell apart. Name a background, too."
            )
        tolerance = check_tolerance(boundary_tolerance)
        self.segmenter: Segmenter = Segmenter(
            model, info, inference=inference, memory_format=memory_format, compile=compile
        )
        own = {} if metric is None else {monitor: metric}
        self.val_metrics: SemanticMetrics = SemanticMetrics(info, boundary_tolerance=tolerance, own=own)
        self.test_metrics: SemanticMetrics = SemanticMetrics(
            info, boundary_tolerance=tolerance, own=own, per_image=True
        )

    def forward(self, image: Tensor) -> Tensor:
        """Logits `(B, num_classes, H, W)` of raw images `(B, C, H, W)` under the inference protocol."""
        return self.segmenter.scores(image)

    def said(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch and its terms."""
        said, target = self.segmenter(cast(Tensor, batch["image"])), cast(Tensor, batch["semantic"])
        if isinstance(said, Tensor):
            total, parts = self.loss(said, target)
            return total, parts
        total, parts = self.loss(said.logits, target)
        beside, _ = self.loss(said.auxiliary, target)
        parts["auxiliary"] = beside.detach()
        return total + cast(float, self.model.auxiliary) * beside, parts

    def count(self, batch: Batch, split: str, metrics: SemanticMetrics) -> None:
        """Counts a batch under the inference protocol, and logs its loss."""
        numbered = dict(zip(batch["image_id"], batch.get("object_ids", []), strict=False))
        for image, target, ids in stacks(batch):
            self.example_shape = (1, *image.shape[1:])
            logits = self.segmenter.scores(image)
            total, _ = self.loss(logits, target)
            objects = [numbered[name] for name in ids if name in numbered]
            metrics.update(logits, target, ids, object_ids=objects or None)
            self.log(f"{split}/loss", total, on_step=False, on_epoch=True, batch_size=len(ids), sync_dist=True)

    def ranking(self) -> NDArray[np.float64]:
        """Each tested image's mean IoU over the classes that occur in it."""
        assert self.test_metrics.images is not None
        return self.test_metrics.images.miou()

    def row(self, sample: Sample, *, section: str, score: float) -> GridRow:
        """Input, truth and prediction of one image."""
        return GridRow(
            image=sample["image"].numpy(),
            pred=self.predict(sample["image"]).numpy(),
            truth=sample["semantic"].numpy(),
            image_id=sample["image_id"],
            iou=score,
            section=section,
        )

    def picture(self, rows: Sequence[Any], *, title: str) -> Image:
        """A row per image with input, truth, prediction and errors."""
        return class_grid(rows, info=self.info, title=title)
