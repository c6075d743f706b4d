"""COCO's protocol: matching, precision and recall by faster-coco-eval, from overlaps that are known already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_coco_eval.core.faster_eval_api import COCOeval_faster
from numpy.typing import NDArray

from segladder.metrics.overlaps import ImageOverlaps

RANGES = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
"""Areas in pixels; both ends belong to a range."""
MEASURES = ("ap", "ap50", "ap75")
"""What is told for each class."""


def limits(max_detections: int) -> list[int]:
    """How many detections of an image and class the recalls allow: 1, 10 and all that count."""
    return sorted({1, 10, max_detections} & set(range(max_detections + 1)))


def names(max_detections: int) -> list[str]:
    """The protocol's measures, in its own order."""
    return [
        *MEASURES,
        *(f"ap_{area}" for area in RANGES),
        *(f"ar{limit}" for limit in limits(max_detections)),
        *(f"ar_{area}" for area in RANGES),
    ]


def evaluate(
    images: Sequence[ImageOverlaps], kind: str, *, max_detections: int
) -> tuple[dict[str, float], dict[str, dict[int, float]]]:
    """Average precision and recall of a data set, with pycocotools' values.

    Its own summary knows 100 detections only; here all but `ar1` and `ar10` allow `max_detections`.

    Args:
        images: in the order by which equal scores of different images are ranked.
        kind: "mask" or "box".
        max_detections: of an image and class.

    Returns:
        Fractions by `names`, NaN where there is no true object; and `MEASURES` -> label -> value for the labels that
        occur in the truth.
    """
    known = [np.unique(image.true_labels[~image.iscrowd]) for image in images]
    labels = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *known])).tolist()
    if not labels:
        return dict.fromkeys(names(max_detections), float("nan")), {measure: {} for measure in MEASURES}
    run = _Evaluation(images, kind, labels, limits(max_detections))
    run.evaluate()
    run.accumulate()
    precision, recall = run.eval["precision"], run.eval["recall"]
    values = [
        *(_mean(precision[part, :, :, 0, -1]) for part in (slice(None), 0, 5)),
        *(_mean(precision[:, :, :, 1 + area, -1]) for area in range(len(RANGES))),
        *(_mean(recall[:, :, 0, limit]) for limit in range(recall.shape[-1])),
        *(_mean(recall[:, :, 1 + area, -1]) for area in range(len(RANGES))),
    ]
    classes = {
        measure: {label: _mean(precision[part, :, k, 0, -1]) for k, label in enumerate(labels)}
        for measure, part in zip(MEASURES, (slice(None), 0, 5), strict=True)
    }
    return dict(zip(names(max_detections), values, strict=True)), classes


def _mean(values: NDArray[np.float64]) -> float:
    """The mean over what is defined; -1 stands for what is not."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else float("nan")


class _Evaluation(COCOeval_faster):
    """The library's evaluation, given overlaps instead of annotations to compute them from."""

    def __init__(self, images: Sequence[ImageOverlaps], kind: str, labels: list[int], limits: list[int]) -> None:
        # "bbox" names no kind here: with "segm" it would open threads for what is only looked up
        super().__init__(iouType="bbox", print_function=lambda *_: None)
        self.images, self.kind = images, kind
        self.params.imgIds = list(range(len(images)))
        self.params.catIds = labels
        self.params.maxDets = limits
        self.params.areaRngLbl = ["all", *RANGES]
        self.params.areaRng = [[0, 1e10], *(list(ends) for ends in RANGES.values())]

    def _prepare(self) -> None:
        wanted = set(self.params.catIds)
        number = 0
        for index, image in enumerate(self.images):
            true = zip(image.true_labels.tolist(), image.true_areas.tolist(), image.iscrowd.tolist(), strict=True)
            for label, area, crowd in true:
                if label in wanted:
                    number += 1
                    annotation = {"id": number, "area": area, "iscrowd": int(crowd), "ignore": int(crowd)}
                    self.gt_dataset.append(index, label, annotation)
            found = zip(image.labels.tolist(), image.areas[self.kind].tolist(), image.scores.tolist(), strict=True)
            for label, area, score in found:
                if label in wanted:
                    number += 1
                    self.dt_dataset.append(index, label, {"id": number, "area": area, "score": score})

    def computeIoU(self, imgId: int, catId: int) -> Any:  # noqa: N802, N803  the library's names
        return self.images[imgId].iou[self.kind].get(catId, [])
