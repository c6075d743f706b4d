"""Mask and box average precision over a data set, as COCO defines them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segladder.metrics.coco_protocol import MEASURES, evaluate, names
from segladder.metrics.match_table import by_number
from segladder.metrics.overlaps import KINDS, ImageOverlaps, image_overlaps
from segladder.types import DatasetInfo, Instances, Objects, UserError


class AveragePrecision:
    """The values of pycocotools, crowds and areas included; the same on one process or many.

    Areas of true objects are the annotated ones for masks and boxes alike; the area of what was found is that of its
    mask for masks and of its box for boxes. Of an image only overlaps, scores and areas are kept, no masks.
    """

    def __init__(self, info: DatasetInfo, *, max_detections: int = 100) -> None:
        """
        Args:
            info: the classes.
            max_detections: so many detections of an image and class count, best scores first; COCO's 100 unless
                images hold more objects.
        """
        if max_detections < 1:
            raise ValueError(f"max_detections is {max_detections}; at least one detection must count.")
        self.info = info
        self.max_detections = max_detections
        self._images: dict[str, ImageOverlaps] = {}

    def __len__(self) -> int:
        return len(self._images)

    @property
    def names(self) -> list[str]:
        """What `compute` gives for the data set, in this order."""
        return [f"{kind}_{name}" for kind in KINDS for name in names(self.max_detections)]

    def update(
        self, found: Sequence[Instances], truth: Sequence[Objects], image_ids: Sequence[str]
    ) -> list[ImageOverlaps]:
        """Compares a batch of images.

        Args:
            found: B, with masks in every image or in none.
            truth: B.
            image_ids: B names, each new.

        Returns:
            What is known of each image now.

        Raises:
            ValueError: the three differ in length.
            UserError: an image came before, or what was found in it is no prediction of these data.
        """
        if not len(found) == len(truth) == len(image_ids):
            raise ValueError(f"{len(found)} predictions of {len(truth)} images with {len(image_ids)} names.")
        batch = [
            image_overlaps(one, objects, info=self.info, max_detections=self.max_detections, image_id=str(name))
            for one, objects, name in zip(found, truth, image_ids, strict=True)
        ]
        for name, overlaps in zip(image_ids, batch, strict=True):
            _add(self._images, str(name), overlaps)
        return batch

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            Fractions in [0, 1] by name: `mask_ap mask_ap50 mask_ap75 mask_ap_small mask_ap_medium mask_ap_large`,
            `mask_ar1 mask_ar10 mask_ar100` (the last is called after `max_detections`), `mask_ar_small mask_ar_medium
            mask_ar_large`, and `box_...` likewise; NaN where there is no true object, and for masks where boxes alone
            are known. Then `mask_ap mask_ap50 mask_ap75 box_ap box_ap50 box_ap75` -> class of objects -> value, and
            `objects` -> class -> number of true ones, crowds left out.

        Raises:
            UserError: two processes scored the same image, or some images have masks and others boxes alone.
        """
        gathered = self._gathered()
        # equal scores of different images are ranked in their order, so it must not hang on who saw them
        images = [gathered[name] for name in sorted(gathered, key=by_number)]
        boxes_alone = any(image.boxes_alone for image in images)
        if boxes_alone and any(image.kind() == "mask" and len(image.labels) for image in images):
            raise UserError("Some images have masks and others boxes alone. Give masks for all, or for none.")
        totals: dict[str, float] = {}
        classes: dict[str, dict[str, float]] = {}
        things = [(index, name) for index, name in enumerate(self.info.classes) if self.info.things[index]]
        for kind in KINDS:
            values: dict[str, float] = dict.fromkeys(names(self.max_detections), float("nan"))
            by_label: dict[str, dict[int, float]] = {}
            if kind == "box" or not boxes_alone:
                values, by_label = evaluate(images, kind, max_detections=self.max_detections)
            totals |= {f"{kind}_{name}": value for name, value in values.items()}
            for measure in MEASURES:
                known = by_label.get(measure, {})
                classes[f"{kind}_{measure}"] = {name: known.get(index, float("nan")) for index, name in things}
        counts = np.zeros(self.info.num_classes, dtype=np.int64)
        for image in images:
            counts += np.bincount(image.true_labels[~image.iscrowd], minlength=len(counts))
        classes["objects"] = {name: float(counts[index]) for index, name in things}
        return totals, classes

    def reset(self) -> None:
        """Starts over."""
        self._images = {}

    def _gathered(self) -> dict[str, ImageOverlaps]:
        import torch.distributed as dist

        if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
            return self._images
        parts: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(parts, self._images)
        whole: dict[str, ImageOverlaps] = {}
        for part in parts:
            for name, overlaps in part.items():
                _add(whole, name, overlaps)
        return whole


def _add(images: dict[str, ImageOverlaps], name: str, overlaps: ImageOverlaps) -> None:
    if name in images:
        raise UserError(
            f"Image '{name}' was scored twice. Give every image of a split an id of its own, and each process its own"
            " images."
        )
    images[name] = overlaps
