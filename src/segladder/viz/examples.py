"""Small pictures of test images with truth and prediction: what a run keeps for a report to draw runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.types import DatasetInfo, Instances, Objects
from segladder.viz.colorize import Color, class_map
from segladder.viz.fit import fitted
from segladder.viz.grid import GridRow
from segladder.viz.image import to_rgb
from segladder.viz.instance_grid import InstanceRow
from segladder.viz.instances import check_size, object_map
from segladder.viz.matching import confident, match

LONGEST = 320
"""Longest side of a small picture in pixels."""
NONE = 65535
"""In a map of classes: no class. Such pixels of the truth are ignored."""
MOST_OBJECTS = 10_000
"""Of an image; further ones are not kept."""
HIT, WRONG, CROWD = 0, 1, 2
"""What became of an object: matched; missed, or a false alarm; a crowd, or on one."""
SURE, OVERLAP = 0.5, 0.5
"""Least score of a found object that is kept, and least IoU of a hit: those of the picture grid."""


@dataclass(frozen=True, kw_only=True)
class SmallObjects:
    """True or found objects of one small picture; number k from 1 in its map is the k-th of them."""

    labels: NDArray[np.int64]
    """`(N,)` indices of classes."""
    boxes: NDArray[np.float32]
    """`(N, 4)` x1 y1 x2 y2 in pixels of the small picture, at most `LONGEST` beyond its ends."""
    states: NDArray[np.uint8]
    """`(N,)` HIT, WRONG or CROWD."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One image."""

    image_id: str
    worst: bool
    """It is one of the run's worst; else it was drawn by chance."""
    image: NDArray[np.uint8]
    """`(h, w, 3)`, longest side at most `LONGEST`."""
    truth: NDArray[np.uint16]
    """`(h, w)`: classes or `NONE`; of objects their numbers, 0 where there is none."""
    pred: NDArray[np.uint16]
    """Likewise."""
    true_objects: SmallObjects | None = None
    found_objects: SmallObjects | None = None


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What a run keeps."""

    kind: str
    """`classes` or `objects`."""
    classes: tuple[str, ...]
    palette: tuple[Color, ...]
    items: list[Example]

    @property
    def background(self) -> int | None:
        """The class that stands for "nothing here"."""
        return 0 if self.classes[0] == "background" else None


def examples_of(items: Sequence[Example], info: DatasetInfo) -> Examples:
    """Of one data set, at least one, all of the same kind."""
    kind = "classes" if items[0].true_objects is None else "objects"
    return Examples(kind=kind, classes=info.classes, palette=info.palette, items=list(items))


def small_example(row: GridRow | InstanceRow, info: DatasetInfo, *, worst: bool) -> Example:
    """A row of the picture grid, reduced: the image by averaging, maps by their nearest pixels.

    Args:
        row: with its truth.
        info: the data set's classes.
        worst: whether the image is one of the worst, and not drawn by chance.

    Raises:
        ValueError: the row has no truth, or sizes differ.
    """
    if row.truth is None:
        raise ValueError(f"Image '{row.image_id}' has no truth to keep.")
    if isinstance(row, InstanceRow):
        return _of_objects(row, row.truth, worst=worst)
    rgb = to_rgb(row.image, size=np.shape(row.pred))
    image = _small(rgb)
    truth, pred = (_small_classes(labels, image, rgb, info.ignore_index) for labels in (row.truth, row.pred))
    return Example(image_id=row.image_id, worst=worst, image=image, truth=truth, pred=pred)


def class_maps(example: Example, *, background: int | None) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Truth and prediction as classes, those of objects among them; elsewhere the background, or `NONE`."""
    if example.true_objects is None or example.found_objects is None:
        return example.truth, example.pred
    rest = NONE if background is None else background
    truth, pred = (
        np.concatenate([[rest], objects.labels]).astype(np.uint16)[ids]
        for objects, ids in ((example.true_objects, example.truth), (example.found_objects, example.pred))
    )
    return truth, pred


def _small(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(fitted(rgb, small=0, large=LONGEST))


def _small_classes(
    labels: ArrayLike, image: NDArray[np.uint8], rgb: NDArray[np.uint8], ignore_index: int
) -> NDArray[np.uint16]:
    whole = class_map(labels)
    if whole.shape != rgb.shape[:2]:
        raise ValueError(f"An image is {rgb.shape[:2]} and its class map {whole.shape} (height, width).")
    height, width = image.shape[:2]
    # the pixel of the image at the middle of each pixel of the small picture
    rows = (2 * np.arange(height) + 1) * whole.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * whole.shape[1] // (2 * width)
    shown = whole[rows[:, None], columns]
    return np.where(shown == ignore_index, NONE, shown).astype(np.uint16)


def _of_objects(row: InstanceRow, truth: Objects, *, worst: bool) -> Example:
    rgb = to_rgb(row.image, size=row.found.size)
    for objects in (row.found, truth):
        check_size(rgb, objects, f"Image '{row.image_id}'")
    image = _small(rgb)
    found = confident(row.found, SURE)
    matching = match(found, truth, iou=OVERLAP)
    of_truth = np.where(truth.iscrowd, CROWD, np.where(matching.missed, WRONG, HIT))
    of_found = np.where(matching.hit >= 0, HIT, np.where(matching.false, WRONG, CROWD))
    return Example(
        image_id=row.image_id,
        worst=worst,
        image=image,
        truth=_numbers(truth, image),
        pred=_numbers(found, image),
        true_objects=_small_objects(truth, of_truth, image),
        found_objects=_small_objects(found, of_found, image),
    )


def _numbers(objects: Instances | Objects, image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    ids = object_map(objects, (image.shape[0], image.shape[1]))
    return np.where(ids > MOST_OBJECTS, 0, ids).astype(np.uint16)


def _small_objects(objects: Instances | Objects, states: NDArray[np.int64], image: NDArray[np.uint8]) -> SmallObjects:
    scale = np.array([image.shape[1] / objects.size[1], image.shape[0] / objects.size[0]] * 2)
    return SmallObjects(
        labels=objects.labels[:MOST_OBJECTS].astype(np.int64),
        boxes=np.clip((objects.boxes * scale)[:MOST_OBJECTS], -LONGEST, 2 * LONGEST).astype(np.float32),
        states=states[:MOST_OBJECTS].astype(np.uint8),
    )
