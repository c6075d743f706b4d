"""Average precision of instances as Cityscapes defines it: unlike COCO's, it forgives void and has no limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.masks.measure import areas, overlaps
from segladder.types import DatasetInfo, Instances, Objects, UserError

THRESHOLDS = np.arange(0.5, 1.0, 0.05)
SMALLEST = 100
"""Pixels; smaller true objects are neither to be found nor held against what finds them."""


@dataclass(frozen=True, slots=True)
class _OfClass:
    """One image and class: D objects found, G true ones."""

    scores: NDArray[np.float64]
    """`(D,)`."""
    pixels: NDArray[np.float64]
    """`(D,)`."""
    forgiven: NDArray[np.float64]
    """`(D,)` pixels on void, on groups and on small objects."""
    iou: NDArray[np.float64]
    """`(D, G)`."""
    wanted: NDArray[np.bool_]
    """`(G,)`: neither a group nor small."""


class CityscapesPrecision:
    """`cityscapes_ap` and `cityscapes_ap50`: the values of cityscapesScripts; the same on one process or many.

    A prediction that matches no true object of its class is left out where more of it than the threshold lies on void,
    on groups, or on objects of fewer than 100 pixels; else it is a false positive. Of several that match an object the
    best is right and the others are wrong. The curve of precision over recall is integrated step by step, without
    interpolation.
    """

    NAMES = ("cityscapes_ap", "cityscapes_ap50")

    def __init__(self, info: DatasetInfo) -> None:
        """
        Args:
            info: the classes.
        """
        self.info = info
        self._images: dict[str, dict[int, _OfClass]] = {}

    def update(self, found: Sequence[Instances], truth: Sequence[Objects], image_ids: Sequence[str]) -> None:
        """Compares a batch of images.

        Args:
            found: B, with masks.
            truth: B, groups among them as crowds.
            image_ids: B names, each new.

        Raises:
            UserError: an image came before.
        """
        for one, objects, name in zip(found, truth, image_ids, strict=True):
            if str(name) in self._images:
                raise UserError(f"Image '{name}' was scored twice. Give every image of a split an id of its own.")
            self._images[str(name)] = _compared(one, objects)

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            `cityscapes_ap` and `cityscapes_ap50` in [0, 1], NaN where there is no true object; and each -> class of
            objects -> value.
        """
        images = list(self._gathered().values())
        classes: dict[str, dict[str, float]] = {name: {} for name in self.NAMES}
        every = []
        for label, name in enumerate(self.info.classes):
            if self.info.things[label]:
                ap = _precision([image[label] for image in images if label in image])
                every.append(ap)
                for measure, value in zip(self.NAMES, (ap.mean(), ap[0]), strict=True):
                    classes[measure][name] = float(value)
        known = np.array([ap for ap in every if np.isfinite(ap).all()]).reshape(-1, len(THRESHOLDS))
        if not len(known):
            return dict.fromkeys(self.NAMES, float("nan")), classes
        return dict(zip(self.NAMES, (float(known.mean()), float(known[:, 0].mean())), strict=True)), classes

    def reset(self) -> None:
        """Starts over."""
        self._images = {}

    def _gathered(self) -> dict[str, dict[int, _OfClass]]:
        import torch.distributed as dist

        if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
            return self._images
        parts: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(parts, self._images)
        return {name: image for part in parts for name, image in part.items()}


def _compared(found: Instances, truth: Objects) -> dict[int, _OfClass]:
    """What is known of each class that is found or true in an image."""
    assert found.masks is not None, "Cityscapes scores masks alone"
    pixels = areas(found.masks)
    # an empty mask counts for nothing
    kept = pixels > 0
    void = _covered(found.masks, pixels, [] if truth.void is None else [truth.void]).sum(1)
    sizes = areas(truth.masks)
    small = sizes < SMALLEST
    image = {}
    for label in np.union1d(found.labels[kept], truth.labels).tolist():
        mine, theirs = np.flatnonzero(kept & (found.labels == label)), np.flatnonzero(truth.labels == label)
        shared = _covered([found.masks[i] for i in mine], pixels[mine], [truth.masks[i] for i in theirs])
        # a group that is small is forgiven twice, as cityscapesScripts adds it up
        times = truth.iscrowd[theirs].astype(np.float64) + small[theirs]
        image[label] = _OfClass(
            scores=found.scores[mine],
            pixels=pixels[mine],
            forgiven=void[mine] + shared @ times,
            iou=shared / (pixels[mine][:, None] + sizes[theirs] - shared),
            wanted=~truth.iscrowd[theirs] & ~small[theirs],
        )
    return image


def _covered(masks: Sequence[Any], pixels: NDArray[np.float64], others: Sequence[Any]) -> NDArray[np.float64]:
    """Pixels that each mask shares with each of the others, `(D, G)`."""
    shares = overlaps(list(masks), list(others), [True] * len(others))
    covered: NDArray[np.float64] = np.rint(shares * pixels[:, None])
    return covered


def _precision(images: Sequence[_OfClass]) -> NDArray[np.float64]:
    """AP of a class at each threshold, `(T,)`; NaN where no object is wanted."""
    if not any(image.wanted.any() for image in images):
        return np.full(len(THRESHOLDS), np.nan)
    return np.array([_at(images, threshold) for threshold in THRESHOLDS])


def _at(images: Sequence[_OfClass], threshold: float) -> float:
    right: list[float] = []
    wrong: list[float] = []
    missed = 0
    for image in images:
        matches = image.iou > threshold
        for column in matches[:, image.wanted].T:
            best, *others = sorted(image.scores[column], reverse=True) or [None]
            if best is None:
                missed += 1
            else:
                right.append(best)
                wrong += others
        strangers = ~matches.any(1) & (image.forgiven <= threshold * image.pixels)
        wrong += image.scores[strangers].tolist()
    return _area(np.array(right), np.array(wrong), missed)


def _area(right: NDArray[np.float64], wrong: NDArray[np.float64], missed: int) -> float:
    """Area under precision over recall: each precision weighs half the recall between its neighbours."""
    if not len(right):
        return 0.0
    falling = np.unique(np.concatenate([right, wrong]))
    tp = np.array([(right >= score).sum() for score in falling])
    fp = np.array([(wrong >= score).sum() for score in falling])
    precision = np.append(tp / (tp + fp), 1.0)
    recall = np.append(tp / (len(right) + missed), 0.0)
    padded = np.concatenate([recall[:1], recall, [0.0]])
    return float(precision @ ((padded[:-2] - padded[2:]) / 2))
