"""How the objects found in an image overlap the true ones: all that average precision needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.masks.measure import areas, box_iou, iou
from segladder.types import DatasetInfo, Instances, Objects, UserError

KINDS = ("mask", "box")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOverlaps:
    """One image: D objects found, sorted by class and then the best first, and G true ones."""

    labels: NDArray[np.int64]
    """`(D,)`."""
    scores: NDArray[np.float64]
    """`(D,)`."""
    areas: dict[str, NDArray[np.float64]]
    """Kind ("mask" where masks are known, "box") -> `(D,)` pixels of what was found."""
    true_labels: NDArray[np.int64]
    """`(G,)`."""
    true_areas: NDArray[np.float64]
    """`(G,)`, as annotated, whatever the kind."""
    iscrowd: NDArray[np.bool_]
    """`(G,)`."""
    iou: dict[str, dict[int, NDArray[np.float64]]]
    """Kind -> class -> `(D of the class, G of the class)`, of classes that are both found and true."""
    boxes_alone: bool
    """Something was found, but as boxes without masks."""

    def kind(self) -> str:
        """What the image is best scored by: masks, or boxes where they alone are known."""
        return "mask" if "mask" in self.iou else "box"


def image_overlaps(
    found: Instances, truth: Objects, *, info: DatasetInfo, max_detections: int, image_id: str
) -> ImageOverlaps:
    """Compares what was found in an image with what is there.

    Args:
        found: the network's objects.
        truth: the true ones.
        info: their classes.
        max_detections: so many of a class count, those with the best scores.
        image_id: for messages.

    Raises:
        UserError: a label is no class of objects, a score or box is no number, or sizes differ.
    """
    _check(found, truth, info, image_id)
    order = _best(found, max_detections)
    labels, boxes = found.labels[order], found.boxes[order]
    sides = boxes[:, 2:] - boxes[:, :2]
    sizes = {"box": sides[:, 0] * sides[:, 1]}
    overlap: dict[str, dict[int, NDArray[np.float64]]] = {"box": {}}
    masks: list[Any] | None = None
    if found.masks is not None:
        masks = [found.masks[i] for i in order]
        sizes["mask"] = areas(masks)
        overlap["mask"] = {}
    for label in np.intersect1d(labels, truth.labels).tolist():
        mine, theirs = np.flatnonzero(labels == label), np.flatnonzero(truth.labels == label)
        crowd = truth.iscrowd[theirs]
        overlap["box"][label] = box_iou(boxes[mine], truth.boxes[theirs], crowd)
        if masks is not None:
            overlap["mask"][label] = iou([masks[i] for i in mine], [truth.masks[i] for i in theirs], crowd)
    return ImageOverlaps(
        labels=labels,
        scores=found.scores[order],
        areas=sizes,
        true_labels=truth.labels,
        true_areas=truth.areas,
        iscrowd=truth.iscrowd,
        iou=overlap,
        boxes_alone=masks is None and len(found) > 0,
    )


def _best(found: Instances, max_detections: int) -> NDArray[np.int64]:
    """Indices by class, then best score first, equal ones as given; at most so many of a class."""
    order = np.lexsort((-found.scores, found.labels))
    labels = found.labels[order]
    rank = np.arange(len(order)) - np.searchsorted(labels, labels)
    kept: NDArray[np.int64] = order[rank < max_detections]
    return kept


def _check(found: Instances, truth: Objects, info: DatasetInfo, image_id: str) -> None:
    things = np.array(info.things)
    for labels, what in ((found.labels, "found in"), (truth.labels, "true in")):
        known = (labels >= 0) & (labels < len(things))
        wrong = labels[~known | ~things[np.where(known, labels, 0)]]
        if len(wrong):
            names = [name for name, thing in zip(info.classes, info.things, strict=True) if thing]
            raise UserError(
                f"An object {what} image '{image_id}' has label {int(wrong[0])}, which is no class of objects of data"
                f" set '{info.name}'. Those are {', '.join(names) if names else 'none at all'}."
            )
    if not np.isfinite(found.scores).all() or not np.isfinite(found.boxes).all():
        raise UserError(
            f"An object found in image '{image_id}' has a score or box that is no number. Did training diverge?"
        )
    if tuple(found.size) != tuple(truth.size):
        raise UserError(
            f"Objects were found in image '{image_id}' as if it were {found.size[0]}x{found.size[1]}, but it is"
            f" {truth.size[0]}x{truth.size[1]} (height x width). Predict at the image's own size."
        )
    for rle in found.masks or ():
        if tuple(rle["size"]) != tuple(truth.size):
            raise UserError(
                f"A mask found in image '{image_id}' is {rle['size'][0]}x{rle['size'][1]}, but the image is"
                f" {truth.size[0]}x{truth.size[1]} (height x width). Predict at the image's own size."
            )
