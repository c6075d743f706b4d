"""Which level of a feature pyramid serves each true object: by its size for RoIAlign, by its anchors for proposals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segladder.data.progress import with_progress
from segladder.data.samples import Samples
from segladder.data.speed.workers import available_cores
from segladder.types import Objects

FIRST_LEVEL, LAST_LEVEL = 2, 5
"""Levels that RoIAlign reads from, P2 to P5, of strides 4 to 32: those of most encoders. Anchors live on one more."""

STRIDES = (4, 8, 16, 32, 64)
"""Of the levels that have anchors, P2 to P6."""

_CANONICAL_SIZE, _CANONICAL_LEVEL = 224, 4
"""An object of ImageNet's size belongs to P4 (Lin et al., CVPR 2017)."""

DIVISIBLE = 32
"""Sides of images are padded to multiples of the coarsest level's stride that RoIAlign reads from."""

_EPSILON = 1e-6  # torchvision's: a size on the border of two levels belongs to the coarser one in spite of rounding


@dataclass(frozen=True, kw_only=True)
class AnchorShapes:
    """The boxes that a proposal network starts from, one group for each level from P2 on."""

    sizes: tuple[tuple[float, ...], ...]
    """Of each level: square roots of areas, in pixels of the resized image."""
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Height over width."""

    @property
    def levels(self) -> range:
        return range(FIRST_LEVEL, FIRST_LEVEL + len(self.sizes))


@dataclass(frozen=True, kw_only=True)
class Served:
    """The objects of a set of images, crowds left out, and what serves each of the N."""

    images: int
    crowds: int
    """Regions of many objects that nobody told apart: nothing is learnt from them."""
    labels: NDArray[np.int64]
    """`(N,)`, indices into `DatasetInfo.classes`."""
    sizes: NDArray[np.float64]
    """`(N,)`, square roots of the boxes' areas, in pixels of the resized image."""
    levels: NDArray[np.int64]
    """`(N,)`, the level that RoIAlign reads, 2 to 5."""
    anchor_levels: NDArray[np.int64]
    """`(N,)`, the level of the anchor that fits best, from 2 on."""
    ious: NDArray[np.float64]
    """`(N,)`, the IoU of the object's box with that anchor, in [0, 1]."""


def served(
    samples: Samples, *, anchors: AnchorShapes, min_size: int | None = None, max_size: int | None = None
) -> Served:
    """Reads the objects of every sample once, without a look at the images.

    Args:
        samples: of a data set in its instance view.
        anchors: what the network's proposals start from.
        min_size: see `resized`, as `max_size`.
    """
    # their masks are let go one by one: those of COCO would fill gigabytes
    found = [(objects.boxes, objects.labels, objects.iscrowd, objects.size) for objects in _objects(samples)]
    boxes, labels, crowd = (np.concatenate([each[part] for each in found]) for part in range(3))
    before = np.repeat(np.array([size for *_, size in found]), [len(each[0]) for each in found], axis=0)
    after = resized(before, min_size=min_size, max_size=max_size)
    kept = ~crowd
    boxes = (boxes * np.tile((after / before)[:, ::-1], 2))[kept]
    ious, anchor_levels = best_anchors(boxes, after[kept], anchors)
    return Served(
        images=len(found),
        crowds=int(len(kept) - kept.sum()),
        labels=labels[kept].astype(np.int64),
        sizes=_sizes(boxes),
        levels=fpn_levels(boxes),
        anchor_levels=anchor_levels,
        ious=ious,
    )


def fpn_levels(boxes: NDArray[np.floating]) -> NDArray[np.int64]:
    """The level from which RoIAlign reads each box, 2 to 5 (Lin et al., CVPR 2017, equation 1).

    `floor(4 + log2(sqrt(w h) / 224))`, as torchvision's `MultiScaleRoIAlign` has it.

    Args:
        boxes: `(N, 4)`, x1 y1 x2 y2 in pixels of the resized image.
    """
    with np.errstate(divide="ignore"):  # a box without area goes to the finest level
        level = np.floor(_CANONICAL_LEVEL + np.log2(_sizes(boxes) / _CANONICAL_SIZE) + _EPSILON)
    return np.clip(level, FIRST_LEVEL, LAST_LEVEL).astype(np.int64)


def level_ranges() -> dict[int, tuple[float, float]]:
    """Level -> the sizes (square roots of areas, in pixels) that RoIAlign reads from it: from the first up to the
    second."""
    starts = [_CANONICAL_SIZE * 2.0 ** (level - _CANONICAL_LEVEL) for level in range(FIRST_LEVEL + 1, LAST_LEVEL + 1)]
    return dict(
        zip(range(FIRST_LEVEL, LAST_LEVEL + 1), zip([0.0, *starts], [*starts, np.inf], strict=True), strict=True)
    )


def best_anchors(
    boxes: NDArray[np.floating], sizes: NDArray[np.integer], anchors: AnchorShapes
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The anchor that fits each box best, among all of torchvision's `AnchorGenerator`.

    Of anchors of one shape the one whose centre is nearest overlaps most, so that no grid need be laid out.

    Args:
        boxes: `(N, 4)`, x1 y1 x2 y2 in pixels of the resized image.
        sizes: height and width of each box's image, `(N, 2)`.
        anchors: their shapes.

    Returns:
        IoU in [0, 1] and level of that anchor, the finer of equals: `(N,)` float64 and `(N,)` int64.
    """
    corners: NDArray[np.float64] = boxes.astype(np.float64)
    areas = _sizes(corners) ** 2
    padded = -(-sizes // DIVISIBLE) * DIVISIBLE
    best, levels = np.zeros(len(corners)), np.full(len(corners), FIRST_LEVEL)
    for level, level_sizes in zip(anchors.levels, anchors.sizes, strict=True):
        rows, columns = (_nearest(corners[:, axis::2], padded[:, 1 - axis], 2**level) for axis in (1, 0))
        for size in level_sizes:
            for ratio in anchors.ratios:
                # rounded as torchvision rounds them
                height, width = np.rint(size * ratio**0.5 / 2) * 2, np.rint(size / ratio**0.5 / 2) * 2
                shared = _overlap(corners[:, 1::2], rows, height) * _overlap(corners[:, 0::2], columns, width)
                iou = shared / np.maximum(areas + height * width - shared, 1e-12)
                better = iou > best
                best[better], levels[better] = iou[better], level
    return best, levels


def resized(sizes: NDArray[np.integer], *, min_size: int | None, max_size: int | None) -> NDArray[np.int64]:
    """Heights and widths after the network's own resizing: the shorter side to `min_size`, the longer to at most
    `max_size`.

    Args:
        sizes: `(N, 2)`.
        min_size: pixels; None leaves images as they are.
        max_size: pixels; None for no limit.
    """
    whole = sizes.astype(np.int64)
    if min_size is None:
        return whole
    short, long = whole.min(1, keepdims=True), whole.max(1, keepdims=True)
    after = whole * min_size // short
    if max_size is not None:
        after = np.where(min_size * long <= max_size * short, after, whole * max_size // long)
    return np.asarray(np.maximum(after, 1))


def _objects(samples: Samples) -> Iterator[Objects]:
    """The objects of each sample, in order; files are decoded on all cores."""
    indices = range(len(samples))
    if samples.source.synthetic:
        yield from with_progress(map(samples.objects, indices), len(samples), "reading objects")
        return
    with ThreadPoolExecutor(min(8, available_cores())) as pool:
        try:
            yield from with_progress(pool.map(samples.objects, indices), len(samples), "reading objects")
        finally:
            # after an error or Ctrl-C what is queued is not worth waiting for
            pool.shutdown(wait=False, cancel_futures=True)


def _sizes(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])), dtype=np.float64)


def _nearest(spans: NDArray[np.float64], padded: NDArray[np.integer], stride: int) -> NDArray[np.float64]:
    """The anchor centre nearest to the middle of each span, along one side of the image."""
    cells = -(-padded // stride)
    step = padded // cells  # of a side that the stride does not divide it is less than the stride, as in torchvision
    return np.asarray(np.clip(np.rint(spans.mean(1) / step), 0, cells - 1) * step)


def _overlap(spans: NDArray[np.float64], centres: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """What each span shares with one of `length` about its centre."""
    low, high = np.maximum(spans[:, 0], centres - length / 2), np.minimum(spans[:, 1], centres + length / 2)
    return np.asarray(np.maximum(high - low, 0))
