"""The instance rung as one LightningModule: objects learnt, found, and scored as COCO and as a class map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from segladder.inference import Inference, InstanceSegmenter
from segladder.losses import LossSum
from segladder.metrics import InstanceMetrics
from segladder.tasks.rung import Rung, check_tolerance
from segladder.types import Batch, DatasetInfo, Sample, UserError
from segladder.viz import InstanceRow, instance_grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


class InstanceTask(Rung):
    """A network that finds objects: a class, a score, a box and a mask for each.

    The loss expression is that of the mask head: each positive region's mask against its true one, after a sigmoid.
    The other parts are the model's own and have their weights in `model.loss_weights`. Beside what every rung logs:
    `train/loss/<part>` and `train/loss/<term>`, without weights. Validation has no loss: which regions a loss would
    be taken of, only training says.
    """

    kind: ClassVar[str] = "instance"
    instances: ClassVar[bool] = True
    binary: ClassVar[bool] = True
    measure: ClassVar[str] = "mask_ap"

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
        monitor: str = "mask_ap",
        monitor_mode: str = "max",
        seed: int = 0,
        memory_format: str = "channels_last",
        boundary_tolerance: int = 2,
        max_detections: int = 100,
        semantic_score: float = 0.5,
    ) -> None:
        """
        Args:
            model: see `InstanceSegmenter`; its `loss_weights` weigh the parts of its loss, and `mask` the expression.
            loss: of binary masks, `(logits (P, M, M), target (P, M, M)) -> (total, parts)`.
            info: classes, mean and std.
            optimizer: see `Rung`, as `scheduler`, `monitor`, `monitor_mode` and `seed`.
            scheduler: see `Rung`.
            inference: must be one pass over the whole image.
            metric: builds a metric of the user's own, of the semantic readout; see `SemanticTask`.
            monitor: see `Rung`.
            monitor_mode: see `Rung`.
            seed: see `Rung`.
            memory_format: "contiguous" or "channels_last".
            boundary_tolerance: pixels that boundary F1 of the semantic readout forgives.
            max_detections: how many of an image's best detections count; COCO's 100 unless images hold more objects.
            semantic_score: least score of an object that the semantic readout paints, in [0, 1].

        Raises:
            UserError: a value outside its range, another protocol, or data without classes of objects.
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
        tolerance = check_tolerance(boundary_tolerance)
        if isinstance(max_detections, bool) or not isinstance(max_detections, int) or max_detections < 1:
            raise UserError(f"task.max_detections is {max_detections!r}. Give a whole number, 1 or more.")
        if isinstance(semantic_score, bool) or not isinstance(semantic_score, int | float):
            raise UserError(f"task.semantic_score is {semantic_score!r}. Give a number from 0 to 1.")
        if not 0 <= semantic_score <= 1:
            raise UserError(f"task.semantic_score is {semantic_score}. Give a number from 0 to 1.")
        self.segmenter: InstanceSegmenter = InstanceSegmenter(
            model, info, inference=inference, memory_format=memory_format, semantic_score=semantic_score
        )
        settings: dict[str, Any] = {
            "max_detections": max_detections,
            "boundary_tolerance": tolerance,
            "semantic_score": semantic_score,
            "own": {} if metric is None else {monitor: metric},
        }
        self.val_metrics: InstanceMetrics = InstanceMetrics(info, **settings)
        self.test_metrics: InstanceMetrics = InstanceMetrics(info, per_image=True, **settings)

    def said(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted loss of a batch and its parts."""
        said = self.segmenter(batch["image"], _targets(batch))
        weights = cast(Mapping[str, float], self.model.loss_weights)
        if len(said.mask_logits):
            mask, parts = self.loss(said.mask_logits, said.mask_targets)
        else:
            # no region lies on an object: nothing to learn, but every parameter keeps its part in the graph
            mask = said.mask_logits.sum()
            parts = dict.fromkeys(self.loss.terms, mask.detach())
        total = weights["mask"] * mask
        for name, value in said.losses.items():
            total = total + weights[name] * value
            parts[name] = value.detach()
        return total, parts

    def count(self, batch: Batch, split: str, metrics: InstanceMetrics) -> None:
        """Finds the objects of a batch and counts them."""
        self.example_shape = (1, *batch["image"][0].shape)
        found = self.segmenter.detect(batch["image"])
        metrics.update(found, batch["objects"], batch["image_id"], list(batch["semantic"]))

    def ranking(self) -> NDArray[np.float64]:
        """Each tested image's F1 of the objects found at IoU 0.5."""
        assert self.test_metrics.images is not None
        return self.test_metrics.images.ranking()

    def row(self, sample: Sample, *, section: str, score: float) -> InstanceRow:
        """Input, truth and prediction of one image."""
        return InstanceRow(
            image=sample["image"].numpy(),
            found=self.predict(sample["image"]).instances(),
            truth=sample["objects"],
            image_id=sample["image_id"],
            score=score,
            section=section,
        )

    def picture(self, rows: Sequence[Any], *, title: str) -> Image:
        """A row per image with input, truth, prediction, misses and false alarms."""
        return instance_grid(rows, info=self.info, title=f"{title}: objects with a score of 0.5 and more")


def _targets(batch: Batch) -> list[dict[str, Tensor]]:
    """What a network learns from: objects one by one, so no crowds."""
    targets = []
    for masks, boxes, labels, crowd in zip(
        batch["masks"], batch["boxes"], batch["labels"], batch["iscrowd"], strict=True
    ):
        if bool(crowd.any()):
            single = torch.nonzero(~crowd).flatten()
            masks, boxes, labels = masks[single], boxes[single], labels[single]
        targets.append({"boxes": boxes, "labels": labels, "masks": masks})
    return targets
