"""All metrics of the panoptic readout in one object: panoptic quality, and the scores of the class map it implies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segladder.masks.segments import class_map
from segladder.metrics.panoptic_counts import SegmentCounts
from segladder.metrics.panoptic_quality import PanopticQuality
from segladder.metrics.panoptic_table import PanopticTable
from segladder.metrics.semantic import SemanticMetrics
from segladder.types import DatasetInfo, Segments


class PanopticMetrics(nn.Module):
    """PQ, SQ and RQ of partitions, and what their class maps score, so that all rungs stand on one board.

    In the class map each pixel is of its segment's class. True void is ignored; void in a prediction is of no class,
    which is wrong wherever the truth has one. The pixels of a true crowd are of its class.

    All are the same after reduction over processes as on one. `images` belongs to this process: whoever writes the file
    merges the others' (`PanopticTable.arrays`, `from_arrays`, `merge`).
    """

    def __init__(self, info: DatasetInfo, *, boundary_tolerance: float = 2, per_image: bool = False) -> None:
        """
        Args:
            info: gives class names, things and the ignored value.
            boundary_tolerance: in pixels, of the class map's boundary F1.
            per_image: also keep what each image adds, in `images`.
        """
        super().__init__()
        self.info = info
        self.quality = PanopticQuality(info)
        self.semantic = SemanticMetrics(info, boundary_tolerance=boundary_tolerance, none=True)
        self.images = PanopticTable.of(info) if per_image else None

    def update(self, found: Sequence[Segments], truth: Sequence[Segments], image_ids: Sequence[str]) -> None:
        """Counts a batch.

        Args:
            found: B.
            truth: B, each of the size of what was found.
            image_ids: B names, each new.

        Raises:
            ValueError: the lengths do not fit.
            UserError: map and table of an image do not fit each other, or an image was scored twice.
        """
        counts: list[SegmentCounts] = []
        self.quality.update(found, truth, image_ids, per_image=counts.extend)
        matrices: list[Tensor] = []
        for one, true in zip(found, truth, strict=True):
            pred = torch.from_numpy(class_map(one, void=self.info.num_classes))
            target = torch.from_numpy(class_map(true, void=self.info.ignore_index))
            self.semantic.update(pred[None], target[None], per_image=matrices.append)
        if self.images is not None and matrices:
            self.images.update(image_ids, torch.cat(matrices), counts)

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            Those of `PanopticQuality.compute` and of `SemanticMetrics.compute`: scores by name, and metric name ->
            class name -> value.
        """
        totals, classes = self.quality.compute()
        pixels, pixel_classes = self.semantic.compute()
        return {**totals, **pixels}, {**classes, **pixel_classes}

    def reset(self) -> None:
        """Starts over."""
        self.quality.reset()
        self.semantic.reset()
        if self.images is not None:
            self.images.reset()
