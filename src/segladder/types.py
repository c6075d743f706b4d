"""The nouns every part of segladder speaks: a sample, what a data set is, and what a network predicts."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

IGNORE_INDEX = 255
"""The label of pixels that count for nothing, unless a data set says otherwise."""


class UserError(ValueError):
    """Something the user can mend: shown as its sentence alone, without a traceback, exit code 1."""


class Interrupted(Exception):  # noqa: N818  it is no error
    """A run was asked to stop and has stopped with its state saved."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}")


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


class Sample(TypedDict, total=False):
    """One image and what is true of it, for every rung of the ladder.

    Keys that a data set does not have are absent.
    """

    image: Tensor
    """`(C, H, W)` uint8, or float32 in data units for synthetic and 16-bit images."""
    semantic: Tensor
    """`(H, W)` int64 class of each pixel; `DatasetInfo.ignore_index` where nothing is known. Absent in a split
    without labels."""
    objects: Objects
    """The true objects as they were read; of a data set in its instance view."""
    masks: Tensor
    """`(N, H, W)` bool, the visible part of each object; with boxes, labels and iscrowd in training samples of the
    instance view, after augmentation."""
    boxes: Tensor
    """`(N, 4)` float32, x1 y1 x2 y2 in pixels, the masks' own."""
    labels: Tensor
    """`(N,)` int64 class of each object."""
    iscrowd: Tensor
    """`(N,)` bool."""
    jitter: Tensor
    """`(10,)` int32, the change of colours that is left to the device (`augment.device=gpu`), see `Jitter.packed`."""
    object_ids: Tensor
    """`(H, W)` int32, `n * C + c` on the n-th object (from 1) of class c of C, 0 on none; in tests alone, of a data set
    with `DatasetInfo.mean_areas`."""
    image_id: str
    """Unique within its split: the file's path below the root without its suffix, or a number."""
    size: tuple[int, int]
    """Height and width before any transform."""


class Batch(TypedDict, total=False):
    """Samples of one step: stacked where they are of one size, else lists of tensors."""

    image: Tensor | list[Tensor]
    """`(B, C, H, W)`, or B tensors `(C, H, W)`."""
    semantic: Tensor | list[Tensor]
    """`(B, H, W)`, or B tensors `(H, W)`."""
    objects: list[Objects]
    masks: list[Tensor]
    """B tensors `(N, H, W)`; N differs from image to image, and nothing is padded."""
    boxes: list[Tensor]
    labels: list[Tensor]
    iscrowd: list[Tensor]
    object_ids: list[Tensor]
    jitter: Tensor
    """`(B, 10)`, until the batch has reached its device."""
    image_id: list[str]
    size: list[tuple[int, int]]
    skipped: list[tuple[str, str]]
    """Samples that could not be read, with the reason; absent where there are none."""


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What a data set is: it flows from the DataModule to model, loss, metric, picture and report."""

    name: str
    classes: tuple[str, ...]
    """Class names in the order of their indices, background included where it is a class."""
    palette: tuple[tuple[int, int, int], ...]
    """One RGB colour per class, 0..255."""
    things: tuple[bool, ...]
    """True for countable classes (objects), False for stuff."""
    ignore_index: int = IGNORE_INDEX
    channels: int = 3
    """Channels of an image as the network gets it."""
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    """Per channel, in units of the image scaled to [0, 1] (float images: in their own units)."""
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    label_ids: tuple[int, ...] | None = None
    """What stands for each class in the data set's own label files (Cityscapes' labelIds, 0 and 255 of a mask);
    None for the class index itself."""
    categories: tuple[str, ...] | None = None
    """The group of each class, for `category_iou`; None where the benchmark has none."""
    mean_areas: tuple[float, ...] | None = None
    """Pixels of an average object of each class, 0 for stuff; with these, `iiou` and `cityscapes_ap` are scored as
    cityscapesScripts does. Comes with `categories`."""

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    def __post_init__(self) -> None:
        for field, length in (("palette", len(self.palette)), ("things", len(self.things))):
            if length != len(self.classes):
                raise UserError(
                    f"Data set '{self.name}' names {len(self.classes)} classes but gives {length} entries in"
                    f" '{field}'. Give one entry per class."
                )
        if self.label_ids is not None and len(self.label_ids) != len(self.classes):
            raise UserError(
                f"Data set '{self.name}' names {len(self.classes)} classes but gives {len(self.label_ids)} label ids."
                " Give one per class."
            )
        for field, length in (("mean", len(self.mean)), ("std", len(self.std))):
            if length != self.channels:
                raise UserError(
                    f"Data set '{self.name}' has {self.channels} channels but {length} values in '{field}'."
                    f" Give one value per channel."
                )
        if len(set(self.classes)) != len(self.classes):
            raise UserError(f"Data set '{self.name}' names a class twice: {', '.join(self.classes)}.")


class Prediction:
    """What a network says of one image, readable in the ways its rung makes sense of.

    A semantic prediction holds per-class scores or a finished class map; instance, panoptic and promptable
    rungs add their own readouts by subclassing the one readout they can give.
    """

    def __init__(self, *, classes: Tensor, info: DatasetInfo, probabilities: Tensor | None = None) -> None:
        """
        Args:
            classes: predicted class of each pixel, `(H, W)` integer.
            info: the data set whose classes the indices mean.
            probabilities: `(C, H, W)` float in [0, 1], where kept.
        """
        if classes.ndim != 2:
            raise ValueError(f"classes is {tuple(classes.shape)}; a prediction is of one image, (H, W).")
        self._classes = classes
        self.info = info
        self.probabilities = probabilities

    def semantic(self) -> Tensor:
        """Class of each pixel, `(H, W)` int64."""
        return self._classes.long()

    def instances(self) -> Any:
        """Objects as masks, labels, scores and boxes.

        Raises:
            UserError: a semantic prediction tells no objects apart.
        """
        raise UserError("A semantic prediction tells no objects apart: it has no instances() readout.")

    def panoptic(self) -> Any:
        """Id map and segments.

        Raises:
            UserError: a semantic prediction tells no objects apart.
        """
        raise UserError("A semantic prediction tells no objects apart: it has no panoptic() readout.")

    def numpy(self) -> np.ndarray[Any, Any]:
        """The class map as a NumPy array, `(H, W)` int64."""
        array: np.ndarray[Any, Any] = self.semantic().cpu().numpy()
        return array
