"""All metrics of the semantic rung in one object: what the LightningModule holds for each split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from segladder.metrics.argmax import classes_of
from segladder.metrics.boundary import BoundaryF1
from segladder.metrics.boundary_iou import BoundaryIoU
from segladder.metrics.cityscapes.categories import category_iou
from segladder.metrics.cityscapes.weighted import WeightedIou
from segladder.metrics.confusion import ConfusionMatrix
from segladder.metrics.per_image import PerImage
from segladder.metrics.scores import per_class, scores
from segladder.types import DatasetInfo, UserError

NAMES = ("miou", "dice", "pixel_accuracy", "mean_accuracy", "fw_iou", "boundary_f1", "boundary_iou")
"""The metrics that every run of this rung is scored by."""

BENCHMARK_NAMES = ("category_iou", "iiou", "category_iiou")
"""Those that the data set's own benchmark has besides (Cityscapes)."""


class SemanticMetrics(nn.Module):
    """Confusion matrix, boundary scores and per-image statistics of a data set's classes.

    Matrix and boundary counts are the same after reduction over processes as on one. `images` belongs to this
    process: whoever writes the file merges the others' (`PerImage.arrays`, `from_arrays`, `merge`).
    """

    def __init__(
        self,
        info: DatasetInfo,
        *,
        boundary: bool = True,
        boundary_tolerance: float = 2,
        per_image: bool = False,
        none: bool = False,
        own: Mapping[str, Callable[[], nn.Module]] | None = None,
    ) -> None:
        """
        Args:
            info: gives class names and the ignored value.
            boundary: also score boundaries.
            boundary_tolerance: in pixels.
            per_image: also keep tp, fp and fn of each image, in `images`.
            none: pixels may be predicted as no class, with the index after the last: missed for their true class, and
                false ones of none, as cityscapesScripts counts them. Predictions are then classes, no logits.
            own: the user's own metrics by name: each builds a `torchmetrics.Metric` that is updated with the
                predicted classes and the labels, `(B, H, W)` each, and computes one number. It sees a pixel of no
                class as the class after the last.

        Raises:
            UserError: an own metric has the name of one of ours, or is no metric.
        """
        super().__init__()
        self.info = info
        self.none = none
        # what is predicted as none is a class more, which no label has
        counted = info.num_classes + none
        self.confusion = ConfusionMatrix(counted, info.ignore_index)
        self.boundaries = nn.ModuleDict()
        if boundary:
            self.boundaries["boundary_f1"] = BoundaryF1(counted, info.ignore_index, tolerance=boundary_tolerance)
            self.boundaries["boundary_iou"] = BoundaryIoU(counted, info.ignore_index)
        self.weighted = None if info.mean_areas is None else WeightedIou(info)
        self.images = PerImage.of(info) if per_image else None
        self.own = nn.ModuleDict({name: _own(name, build()) for name, build in (own or {}).items()})

    def update(
        self,
        logits_or_classes: Tensor,
        target: Tensor,
        image_ids: Sequence[str] | None = None,
        *,
        object_ids: Sequence[Tensor] | None = None,
        per_image: Callable[[Tensor], None] | None = None,
    ) -> Tensor:
        """Counts a batch.

        Args:
            logits_or_classes: logits `(B, C, H, W)` floating point, or classes `(B, H, W)` integer.
            target: `(B, H, W)` integer.
            image_ids: B names, needed where per-image statistics are kept.
            object_ids: B maps `(H, W)` integer, see `Sample.object_ids`: `iiou` is scored where all images have one.
            per_image: called with the batch's confusion matrices, `(B, C, C)` int64 (`C + 1` with `none`), where
                statistics are kept elsewhere instead of in `images`.

        Returns:
            The predicted classes `(B, H, W)`: pictures need them too.

        Raises:
            ValueError: shapes or names do not fit.
            UserError: a value is no class (on a GPU told by `compute`), or an image was scored twice.
        """
        pred = logits_or_classes
        if pred.is_floating_point():
            if self.none:
                raise ValueError("Logits name a class for each pixel. With `none`, give predicted classes (B, H, W).")
            if pred.ndim == 4 and pred.shape[1] != self.info.num_classes:
                raise ValueError(
                    f"Logits {tuple(pred.shape)} have {pred.shape[1]} channels; data set '{self.info.name}'"
                    f" has"
                    f" {self.info.num_classes} classes."
                )
            pred = classes_of(pred)
        kept: list[Tensor] = []
        if self.images is not None:
            if image_ids is None or len(image_ids) != len(target):
                given = "none" if image_ids is None else len(image_ids)
                raise ValueError(f"Per-image statistics need {len(target)} image ids, got {given}.")
            if per_image is not None:
                raise ValueError("Per-image statistics are kept in `images`: per_image would get nothing.")
            per_image = kept.append
        self.confusion.update(pred, target, per_image=per_image)
        weighted: list[Tensor] = []
        if self.weighted is not None:
            self.weighted.update(pred, object_ids, per_image=weighted.append)
        if self.images is not None and image_ids is not None:
            self.images.update(image_ids, *kept, weighted=weighted[0] if weighted else None)
        for outline in self.boundaries.values():
            outline.update(pred, target)  # type: ignore[operator]
        for metric in self.own.values():
            metric.update(pred, target)  # type: ignore[operator]
        return pred

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            Scores by name (`miou dice pixel_accuracy mean_accuracy fw_iou`, and `boundary_f1 boundary_iou` where
            boundaries are scored), fractions in [0, 1], NaN where undefined; and metric name -> class name ->
            value for `iou dice accuracy precision support predicted share` (and the boundaries'), support and
            predicted in pixels. Where the data set has categories also `category_iou`, and where all images came with
            `object_ids` `iiou` and `category_iiou`, each with its categories or classes of objects.

        Raises:
            UserError: a GPU batch held a value that is no class, or a label the index that stands for none.
        """
        matrix = self.confusion.compute()
        K = self.info.num_classes
        if self.none and int(matrix[K].sum()):
            raise UserError(
                f"The labels hold {K} ({int(matrix[K].sum()):,} pixels), which is none of the {K} classes 0..{K - 1}"
                f" and not the ignored value {self.info.ignore_index}. Map it to a class or to"
                f" {self.info.ignore_index} where the labels are read."
            )
        totals, classes = scores(matrix, none=self.none), per_class(matrix, none=self.none)
        for name, outline in self.boundaries.items():
            classes[name] = outline.compute()[:K]  # type: ignore[operator]
            totals[name] = float(classes[name].nanmean())
        for name, metric in self.own.items():
            totals[name] = _number(name, metric.compute())  # type: ignore[operator]
        names = self.info.classes
        named = {metric: dict(zip(names, values.tolist(), strict=True)) for metric, values in classes.items()}
        named |= self._of_benchmark(matrix)
        return totals | {name: _mean(named[name]) for name in BENCHMARK_NAMES if name in named}, named

    def _of_benchmark(self, matrix: Tensor) -> dict[str, dict[str, float]]:
        """What the data set's own benchmark scores besides."""
        found = {}
        if self.info.categories is not None:
            found["category_iou"] = category_iou(matrix, self.info.categories)
        if self.weighted is not None:
            weighted = self.weighted.scores(matrix)
            if weighted is not None:
                found["iiou"], found["category_iiou"] = weighted
        return found

    def reset(self) -> None:
        """Starts over."""
        if self.weighted is not None:
            self.weighted.reset()
        self.confusion.reset()
        for outline in self.boundaries.values():
            outline.reset()  # type: ignore[operator]
        if self.images is not None:
            self.images.reset()
        for metric in self.own.values():
            metric.reset()  # type: ignore[operator]


def _own(name: str, metric: object) -> nn.Module:
    if name in (*NAMES, *BENCHMARK_NAMES):
        raise UserError(f"metric.name is '{name}', which is a metric of segladder's. Give your own another name.")
    missing = [method for method in ("update", "compute", "reset") if not hasattr(metric, method)]
    if missing or not isinstance(metric, nn.Module):
        raise UserError(
            f"Metric '{name}' is a {type(metric).__name__}, which is no metric. Derive it from torchmetrics.Metric:"
            " update(classes, labels), compute() -> one number."
        )
    return metric


def _mean(values: Mapping[str, float]) -> float:
    """Of what is defined; NaN where nothing is."""
    return float(torch.tensor(list(values.values()), dtype=torch.float64).nanmean())


def _number(name: str, value: object) -> float:
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    got = f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    raise UserError(f"Metric '{name}' computed {got}. A metric to rank by gives one number.")
