"""Scores of a segmenter, counted over the whole data set and the same on one process or many.

The names below load on first use: torchmetrics takes seconds to import, and `useless`, `PerImage` or `MatchTable`
need no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.metrics.argmax import classes_of
    from segladder.metrics.average_precision import AveragePrecision
    from segladder.metrics.boundary import BoundaryF1, boundary_counts, boundary_f1
    from segladder.metrics.boundary_iou import BoundaryIoU
    from segladder.metrics.confusion import ConfusionMatrix, confusion_matrices
    from segladder.metrics.instance import InstanceMetrics
    from segladder.metrics.match_table import MatchTable
    from segladder.metrics.panoptic import PanopticMetrics
    from segladder.metrics.panoptic_quality import PanopticQuality
    from segladder.metrics.panoptic_table import PanopticTable
    from segladder.metrics.per_image import PerImage
    from segladder.metrics.semantic import SemanticMetrics

_FILE_OF = {
    "AveragePrecision": "average_precision",
    "BoundaryF1": "boundary",
    "BoundaryIoU": "boundary_iou",
    "ConfusionMatrix": "confusion",
    "InstanceMetrics": "instance",
    "MatchTable": "match_table",
    "PanopticMetrics": "panoptic",
    "PanopticQuality": "panoptic_quality",
    "PanopticTable": "panoptic_table",
    "PerImage": "per_image",
    "SemanticMetrics": "semantic",
    "boundary_counts": "boundary",
    "boundary_f1": "boundary",
    "classes_of": "argmax",
    "confusion_matrices": "confusion",
}

__all__ = [
    "AveragePrecision",
    "BoundaryF1",
    "BoundaryIoU",
    "ConfusionMatrix",
    "InstanceMetrics",
    "MatchTable",
    "PanopticMetrics",
    "PanopticQuality",
    "PanopticTable",
    "PerImage",
    "SemanticMetrics",
    "boundary_counts",
    "boundary_f1",
    "classes_of",
    "confusion_matrices",
]


def __getattr__(name: str) -> Any:
    if name in _FILE_OF:
        return getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
