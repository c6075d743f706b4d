"""What each image adds to panoptic quality, kept on disk: intervals, paired tests and worst images need it.

Format: `per_image.npz` of `per_image`, which stays readable as such (its `tp`, `fp`, `fn` are pixels of the semantic
readout), with more arrays. N images, C classes:

| array    | shape    | type    | meaning                                                                              |
|----------|----------|---------|--------------------------------------------------------------------------------------|
| `pq_iou` | `(N, C)` | float64 | sum of IoU over the segments of the class that match                                 |
| `pq_tp`  | `(N, C)` | int64   | segments that match                                                                  |
| `pq_fp`  | `(N, C)` | int64   | found segments without a match, those forgiven by void and crowds left out           |
| `pq_fn`  | `(N, C)` | int64   | true segments without a match, crowds left out                                       |

Sums over N give the data set's PQ = iou / (tp + fp / 2 + fn / 2), SQ = iou / tp and RQ = tp / (tp + fp / 2 + fn / 2)
of each class exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.panoptic_counts import SegmentCounts, mean_of_known, qualities
from segladder.metrics.per_image import PerImage, read_arrays, write_arrays
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from torch import Tensor


ARRAYS = ("pq_iou", "pq_tp", "pq_fp", "pq_fn")


class PanopticTable:
    """Matches of the segments of each image, and the pixel counts of the semantic readout beside them."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.pixels = PerImage(classes)
        self._parts: list[list[NDArray[Any]]] = []

    @classmethod
    def of(cls, info: DatasetInfo) -> PanopticTable:
        """An empty one for a data set."""
        self = cls(info.classes)
        self.pixels = PerImage.of(info)
        return self

    def __len__(self) -> int:
        return len(self.pixels)

    def update(self, image_ids: Iterable[str], matrices: Tensor, counts: Sequence[SegmentCounts]) -> None:
        """Adds a batch.

        Args:
            image_ids: B names, each new.
            matrices: confusion matrices of the semantic readout; see `PerImage.update`.
            counts: B, what each image adds.

        Raises:
            ValueError: the number of names, matrices or counts does not fit.
            UserError: an image came before.
        """
        if len(counts) != len(matrices):
            raise ValueError(f"{len(counts)} images' segments for {len(matrices)} images' matrices.")
        self.pixels.update(image_ids, matrices)
        self._parts += [[one[None] for one in (image.iou, image.tp, image.fp, image.fn)] for image in counts]

    def merge(self, other: PanopticTable) -> None:
        """Appends what another process or part saw.

        Raises:
            ValueError: the classes differ.
            UserError: both saw an image.
        """
        self.pixels.merge(other.pixels)
        self._parts += other._parts

    def reset(self) -> None:
        """Forgets all images."""
        self.pixels.reset()
        self._parts = []

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the file format, by name: also what one process sends to another."""
        C = len(self.classes)
        empty = [np.zeros((0, C)), *(np.zeros((0, C), dtype=np.int64) for _ in range(3))]
        joined = [np.concatenate(column) for column in zip(empty, *self._parts, strict=True)]
        self._parts = [joined]
        return {**self.pixels.arrays(), **dict(zip(ARRAYS, joined, strict=True))}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> PanopticTable:
        """The opposite of `arrays`."""
        self = cls([str(c) for c in arrays["classes"]])
        self.pixels = PerImage.from_arrays(arrays)
        self._parts = [[arrays[name] for name in ARRAYS]]
        return self

    def save(self, path: str | Path) -> None:
        """Writes the file whole or not at all.

        Raises:
            UserError: it cannot be written.
        """
        write_arrays(path, self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> PanopticTable:
        """Reads a file that `save` wrote.

        Raises:
            UserError: there is none, or it is not of this format.
        """
        arrays = read_arrays(path, more=ARRAYS)
        shape = (len(arrays["image_id"]), len(arrays["classes"]))
        for name in ARRAYS:
            if arrays[name].shape != shape:
                raise UserError(
                    f"'{path}' has '{name}' of shape {arrays[name].shape} instead of {shape}. Evaluate the run again."
                )
        return cls.from_arrays(arrays)

    def miou(self) -> NDArray[np.float64]:
        """Each image's mean IoU in the semantic readout; see `PerImage.miou`."""
        return self.pixels.miou()

    def ranking(self) -> NDArray[np.float64]:
        """Each image's PQ, the mean over the classes that occur in it, `(N,)`; NaN where none does."""
        arrays = self.arrays()
        return mean_of_known(qualities(*(arrays[name] for name in ARRAYS))["pq"])


def resampled_quality(arrays: dict[str, NDArray[Any]], weights: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """PQ of many choices of the images at once, each of the whole choice, no mean over images.

    Args:
        arrays: of a `PanopticTable`, N images.
        weights: `(B, N)`, how often each image counts in each choice.

    Returns:
        `pq`, `sq` and `rq`, `(B, C)` each; NaN for a class that does not occur, and their mean over the others is the
        data set's.
    """
    factors = weights.astype(np.float64)
    return qualities(*(factors @ np.asarray(arrays[name], dtype=np.float64) for name in ARRAYS))
