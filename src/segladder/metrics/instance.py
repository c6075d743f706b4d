"""All metrics of the instance rung in one object: average precision, and the scores of the semantic readout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from segladder.masks.painting import paint_found
from segladder.metrics.average_precision import AveragePrecision
from segladder.metrics.cityscapes.precision import CityscapesPrecision
from segladder.metrics.match_table import MatchTable
from segladder.metrics.semantic import SemanticMetrics
from segladder.types import DatasetInfo, Instances, Objects, UserError


class InstanceMetrics(nn.Module):
    """Mask and box AP of found objects, and what their class map scores, so that all rungs stand on one board.

    In the semantic readout each object of a sufficient score is painted with its class, better scores over worse. Other
    pixels are of the background, where the first class is called so; else they are of no class, which is wrong
    everywhere.

    All are the same after reduction over processes as on one. `images` belongs to this process: whoever writes the file
    merges the others' (`MatchTable.arrays`, `from_arrays`, `merge`).
    """

    def __init__(
        self,
        info: DatasetInfo,
        *,
        max_detections: int = 100,
        boundary_tolerance: float = 2,
        semantic_score: float = 0.5,
        per_image: bool = False,
        own: Mapping[str, Callable[[], nn.Module]] | None = None,
    ) -> None:
        """
        Args:
            info: gives class names and the ignored value.
            max_detections: so many detections of an image and class count for AP, best scores first.
            boundary_tolerance: in pixels, of the semantic readout's boundary F1.
            semantic_score: least score of an object that the semantic readout paints.
            per_image: also keep each image's matches and pixel counts, in `images`.
            own: the user's own metrics of the semantic readout; see `SemanticMetrics`.

        Raises:
            UserError: an own metric has the name of one of ours, or is no metric.
        """
        super().__init__()
        self.info = info
        self.semantic_score = semantic_score
        self.precision = AveragePrecision(info, max_detections=max_detections)
        taken = sorted(set(own or {}) & {*self.precision.names, *CityscapesPrecision.NAMES})
        if taken:
            raise UserError(
                f"metric.name is '{taken[0]}', which is a metric of segladder's. Give your own another name."
            )
        self.cityscapes = None if info.mean_areas is None else CityscapesPrecision(info)
        self.semantic = SemanticMetrics(info, boundary_tolerance=boundary_tolerance, none=True, own=own)
        self.images = MatchTable.of(info) if per_image else None

    def update(
        self,
        found: Sequence[Instances],
        truth: Sequence[Objects],
        image_ids: Sequence[str],
        semantic: Sequence[Tensor] | None = None,
    ) -> None:
        """Counts a batch.

        Args:
            found: B, with masks in every image or in none.
            truth: B.
            image_ids: B names, each new.
            semantic: B true class maps, `(H, W)` integer; None, or boxes without masks: only AP is scored, and no pixel
                is counted.

        Raises:
            ValueError: the lengths or shapes do not fit.
            UserError: an image was scored twice, or what was found in it is no prediction of these data.
        """
        if semantic is not None and len(semantic) != len(found):
            raise ValueError(f"{len(semantic)} class maps for {len(found)} images.")
        overlaps = self.precision.update(found, truth, image_ids)
        cityscapes = None
        if self.cityscapes is not None and all(one.masks is not None for one in found):
            cityscapes = self.cityscapes.update(found, truth, image_ids)
        matrices: list[Tensor] = []
        for index, one in enumerate(found):
            if semantic is None or one.masks is None:
                painted, target = self._nothing()
            else:
                painted, target = self._painted(one).to(semantic[index].device), semantic[index]
            self.semantic.update(painted[None], target[None], per_image=matrices.append)
        if self.images is not None and matrices:
            self.images.update(image_ids, torch.cat(matrices), overlaps, cityscapes=cityscapes)

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            Those of `AveragePrecision.compute`, of `CityscapesPrecision.compute` on its data, and of
            `SemanticMetrics.compute`: scores by name, and metric name ->
            class name -> value.

        Raises:
            UserError: see there.
        """
        totals, classes = self.precision.compute()
        if self.cityscapes is not None:
            benchmark, benchmark_classes = self.cityscapes.compute()
            totals |= benchmark
            classes |= benchmark_classes
        pixels, pixel_classes = self.semantic.compute()
        return {**totals, **pixels}, {**classes, **pixel_classes}

    def reset(self) -> None:
        """Starts over."""
        self.precision.reset()
        if self.cityscapes is not None:
            self.cityscapes.reset()
        self.semantic.reset()
        if self.images is not None:
            self.images.reset()

    def _painted(self, found: Instances) -> Tensor:
        """The semantic readout of one image, `(H, W)` int32."""
        rest = 0 if self.info.classes[0] == "background" else self.info.num_classes
        return torch.from_numpy(paint_found(found, score=self.semantic_score, fill=rest))

    def _nothing(self) -> tuple[Tensor, Tensor]:
        """Prediction and labels of an image whose pixels are not scored: one, which is ignored."""
        labels = torch.full((1, 1), self.info.ignore_index, device=self.semantic.confusion.matrix.device)
        return torch.zeros_like(labels), labels
