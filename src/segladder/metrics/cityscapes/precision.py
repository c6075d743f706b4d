"""Average precision of instances as Cityscapes defines it: unlike COCO's, it forgives void and has no limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.masks.measure import areas, overlaps
from segladder.metrics.cityscapes.match_counts import (
    THRESHOLDS,
    MatchCounts,
    Matches,
    no_matches,
    resampled_cityscapes,
)
from segladder.types import DatasetInfo, Instances, Objects, UserError

SMALLEST = 100
"""Pixels; smaller true objects are neither to be found nor held against what finds them."""


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
        self._images: dict[str, Matches] = {}

    def update(self, found: Sequence[Instances], truth: Sequence[Objects], image_ids: Sequence[str]) -> list[Matches]:
        """Compares a batch of images.

        Args:
            found: B, with masks.
            truth: B, groups among them as crowds.
            image_ids: B names, each new.

        Returns:
            B, what each image adds; see `MatchCounts`.

        Raises:
            UserError: an image came before.
        """
        matches = []
        for one, objects, name in zip(found, truth, image_ids, strict=True):
            if str(name) in self._images:
                raise UserError(f"Image '{name}' was scored twice. Give every image of a split an id of its own.")
            self._images[str(name)] = _compared(one, objects, num_classes=self.info.num_classes)
            matches.append(self._images[str(name)])
        return matches

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            `cityscapes_ap` and `cityscapes_ap50` in [0, 1], NaN where there is no true object; and each -> class of
            objects -> value.
        """
        counts = MatchCounts(self.info.num_classes)
        counts.update(list(self._gathered().values()))
        arrays = counts.arrays()
        found = resampled_cityscapes(arrays, np.ones((1, len(arrays["city_truths"])), dtype=np.int64))
        things = np.flatnonzero(self.info.things).tolist()
        classes = {name: {self.info.classes[c]: float(found[name][0, c]) for c in things} for name in self.NAMES}
        totals = {}
        for name, values in classes.items():
            known = [value for value in values.values() if not np.isnan(value)]
            totals[name] = float(np.mean(known)) if known else float("nan")
        return totals, classes

    def reset(self) -> None:
        """Starts over."""
        self._images = {}

    def _gathered(self) -> dict[str, Matches]:
        import torch.distributed as dist

        if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
            return self._images
        parts: list[Any] = [None] * dist.get_world_size()
        dist.all_gather_object(parts, self._images)
        return {name: image for part in parts for name, image in part.items()}


def _compared(found: Instances, truth: Objects, *, num_classes: int) -> Matches:
    """What an image adds."""
    assert found.masks is not None, "Cityscapes scores masks alone"
    pixels = areas(found.masks)
    # an empty mask counts for nothing
    kept = pixels > 0
    void = _covered(found.masks, pixels, [] if truth.void is None else [truth.void]).sum(1)
    sizes = areas(truth.masks)
    small = sizes < SMALLEST
    wanted = ~truth.iscrowd & ~small
    parts: list[Matches] = []
    for label in np.unique(found.labels[kept]).tolist():
        mine, theirs = np.flatnonzero(kept & (found.labels == label)), np.flatnonzero(truth.labels == label)
        shared = _covered([found.masks[i] for i in mine], pixels[mine], [truth.masks[i] for i in theirs])
        # a group that is small is forgiven twice, as cityscapesScripts adds it up
        times = truth.iscrowd[theirs].astype(np.float64) + small[theirs]
        right, wrong = _matched(
            found.scores[mine],
            iou=shared / (pixels[mine][:, None] + sizes[theirs] - shared),
            wanted=wanted[theirs],
            forgiven=(void[mine] + shared @ times) / pixels[mine],
        )
        parts.append(
            {
                "city_image": np.zeros(len(mine), dtype=np.int64),
                "city_class": np.full(len(mine), label, dtype=np.int64),
                "city_score": found.scores[mine],
                "city_right": right,
                "city_wrong": wrong,
            }
        )
    image = no_matches(num_classes)
    image["city_truths"][0] = np.bincount(truth.labels[wanted], minlength=num_classes)
    return image | {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def _matched(
    scores: NDArray[np.float64],
    *,
    iou: NDArray[np.float64],
    wanted: NDArray[np.bool_],
    forgiven: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How often each found object of an image and class is right, and how often wrong, at each threshold.

    Args:
        scores: `(D,)`.
        iou: `(D, G)`.
        wanted: `(G,)`: neither a group nor small.
        forgiven: `(D,)`, the share of its pixels that lies on void, on groups and on small objects.

    Returns:
        Two `(D, T)`.
    """
    matches = iou[:, :, None] > THRESHOLDS  # (D, G, T)
    stranger = ~matches.any(1) & (forgiven[:, None] <= THRESHOLDS)
    matches = matches[:, wanted]
    right = np.zeros(stranger.shape, dtype=np.uint8)
    best = np.where(matches, scores[:, None, None], -np.inf).argmax(0)  # (G, T)
    for truth, t in np.argwhere(matches.any(0)).tolist():
        right[best[truth, t], t] += 1
    wrong = matches.sum(1) - right + stranger
    return right, wrong.astype(np.uint8)


def _covered(masks: Sequence[Any], pixels: NDArray[np.float64], others: Sequence[Any]) -> NDArray[np.float64]:
    """Pixels that each mask shares with each of the others, `(D, G)`."""
    shares = overlaps(list(masks), list(others), [True] * len(others))
    covered: NDArray[np.float64] = np.rint(shares * pixels[:, None])
    return covered
