"""What is true or found in one image besides classes of pixels: objects with masks and boxes, and partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Rle(TypedDict):
    """A binary mask as COCO's compressed run lengths, column by column."""

    size: list[int]
    """Height and width in pixels."""
    counts: bytes


class Objects:
    """The true objects of one image, compact: what the instance rung is scored against.

    Attributes (N objects):
        masks: the visible part of each, at the image's own size.
        boxes: `(N, 4)` float64, x1 y1 x2 y2 in pixels, as annotated.
        labels: `(N,)` int64, indices into `DatasetInfo.classes`.
        iscrowd: `(N,)` bool, True where a mask stands for many objects that nobody told apart.
        areas: `(N,)` float64, pixels as annotated (COCO's own areas are those of its polygons).
        ids: `(N,)` int64, the annotations' own numbers.
        size: height and width of the image.
        void: where nothing is known, and what is found there is forgiven; None where the data set has no such mask.
    """

    __slots__ = ("areas", "boxes", "ids", "iscrowd", "labels", "masks", "size", "void")

    def __init__(
        self,
        *,
        masks: Sequence[Rle],
        boxes: NDArray[np.float64],
        labels: NDArray[np.int64],
        iscrowd: NDArray[np.bool_],
        areas: NDArray[np.float64],
        ids: NDArray[np.int64],
        size: tuple[int, int],
        void: Rle | None = None,
    ) -> None:
        lengths = {len(masks), len(boxes), len(labels), len(iscrowd), len(areas), len(ids)}
        if len(lengths) != 1:
            raise ValueError(f"The parts of {len(masks)} objects have lengths {sorted(lengths)}.")
        self.masks = list(masks)
        self.boxes = boxes
        self.labels = labels
        self.iscrowd = iscrowd
        self.areas = areas
        self.ids = ids
        self.size = size
        self.void = void

    def __len__(self) -> int:
        return len(self.masks)


class Instances:
    """The objects that a network found in one image.

    Attributes (N objects):
        masks: each at the image's own size; None where boxes alone are known.
        boxes: `(N, 4)` float64, x1 y1 x2 y2 in pixels.
        labels: `(N,)` int64, indices into `DatasetInfo.classes`.
        scores: `(N,)` float64 in [0, 1].
        size: height and width of the image.
    """

    __slots__ = ("boxes", "labels", "masks", "scores", "size")

    def __init__(
        self,
        *,
        masks: Sequence[Rle] | None,
        boxes: NDArray[np.float64],
        labels: NDArray[np.int64],
        scores: NDArray[np.float64],
        size: tuple[int, int],
    ) -> None:
        lengths = {len(boxes), len(labels), len(scores)} | (set() if masks is None else {len(masks)})
        if len(lengths) != 1:
            raise ValueError(f"The parts of {len(boxes)} instances have lengths {sorted(lengths)}.")
        self.masks = None if masks is None else list(masks)
        self.boxes = boxes
        self.labels = labels
        self.scores = scores
        self.size = size

    def __len__(self) -> int:
        return len(self.boxes)


class Segments:
    """A panoptic partition of one image, true or found: each pixel belongs to one segment or to none.

    Attributes (N segments):
        id_map: `(H, W)` integer, the number of each pixel's segment; 0 where there is none (void).
        ids: `(N,)` int64, the segments' numbers, above 0, each once.
        labels: `(N,)` int64, indices into `DatasetInfo.classes`.
        iscrowd: `(N,)` bool, True where a true segment stands for many objects that nobody told apart.
        areas: `(N,)` int64, pixels.
    """

    __slots__ = ("areas", "id_map", "ids", "iscrowd", "labels")

    def __init__(
        self,
        *,
        id_map: NDArray[Any],
        ids: NDArray[np.int64],
        labels: NDArray[np.int64],
        iscrowd: NDArray[np.bool_],
        areas: NDArray[np.int64],
    ) -> None:
        lengths = {len(ids), len(labels), len(iscrowd), len(areas)}
        if len(lengths) != 1:
            raise ValueError(f"The parts of {len(ids)} segments have lengths {sorted(lengths)}.")
        if id_map.ndim != 2:
            raise ValueError(f"id_map is {id_map.shape}; segments are of one image, (H, W).")
        self.id_map = id_map
        self.ids = ids
        self.labels = labels
        self.iscrowd = iscrowd
        self.areas = areas

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.id_map.shape
        return height, width
