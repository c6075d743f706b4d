"""The nouns every part of segladder speaks: a sample, what a data set is, and what a network predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from segladder.errors import Interrupted as Interrupted
from segladder.errors import UserError as UserError
from segladder.objects import Instances as Instances
from segladder.objects import Objects as Objects
from segladder.objects import Rle as Rle
from segladder.objects import Segments as Segments

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

IGNORE_INDEX = 255
"""The label of pixels that count for nothing, unless a data set says otherwise."""


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

    def panoptic(self) -> Segments:
        """One segment for each class that occurs, numbered by its index + 1: its objects are not told apart.

        Ignored pixels are void.
        """
        import numpy as np

        classes = self.numpy()
        id_map = np.where(classes == self.info.ignore_index, 0, classes + 1)
        pixels = np.bincount(id_map.reshape(-1))
        ids = 1 + np.flatnonzero(pixels[1:])
        return Segments(
            id_map=id_map, ids=ids, labels=ids - 1, iscrowd=np.zeros(len(ids), dtype=bool), areas=pixels[ids]
        )

    def numpy(self) -> np.ndarray[Any, Any]:
        """The class map as a NumPy array, `(H, W)` int64."""
        array: np.ndarray[Any, Any] = self.semantic().cpu().numpy()
        return array
