"""Which found objects of each image match a true one, kept on disk: intervals of AP and the worst images need them.

Format: `per_image.npz` of `per_image`, which stays readable as such, with more arrays. N images, C classes, D objects
found in all of them, T = 10 IoU thresholds 0.50, 0.55 ... 0.95:

| array         | shape    | type    | meaning                                                             |
|---------------|----------|---------|---------------------------------------------------------------------|
| `kind`        | `()`     | str     | what overlaps: "mask", or "box" where boxes alone are known         |
| `truths`      | `(N, C)` | int64   | true objects of the class, without crowds                           |
| `det_image`   | `(D,)`   | int64   | index of the image, rising                                          |
| `det_class`   | `(D,)`   | int64   | index of the class, rising within an image                          |
| `det_score`   | `(D,)`   | float64 | falling within an image and class                                   |
| `det_matched` | `(D, T)` | bool    | a true object is matched                                            |
| `det_ignored` | `(D, T)` | bool    | a crowd is matched: counts for nothing                              |

Of an image and class the best `max_detections` are kept. `average_precision` gives the data set's AP of any choice of
the images exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.cityscapes.match_counts import MatchCounts
from segladder.metrics.matching import THRESHOLDS, matches_of
from segladder.metrics.per_image import PerImage, read_arrays, write_arrays
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from torch import Tensor

    from segladder.metrics.overlaps import ImageOverlaps

RECALLS = np.linspace(0.0, 1.0, 101)
_SINGLE = {"ap50": 0, "ap75": 5}
"""Names of the scores at one threshold -> its place."""
GOOD_SCORE = 0.5
"""Objects found with less are left out of an image's F1."""
Matches = dict[str, NDArray[Any]]


class MatchTable:
    """The matches of each found object, and the pixel counts of the semantic readout beside them."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.pixels = PerImage(classes)
        self.cityscapes: MatchCounts | None = None
        self._parts: list[Matches] = []
        self._boxes_alone = False

    @classmethod
    def of(cls, info: DatasetInfo) -> MatchTable:
        """An empty one for a data set, with what its own benchmark scores."""
        self = cls(info.classes)
        self.pixels = PerImage.of(info)
        self.cityscapes = None if info.mean_areas is None else MatchCounts(info.num_classes)
        return self

    def __len__(self) -> int:
        return len(self.pixels)

    def update(
        self,
        image_ids: Iterable[str],
        matrices: Tensor,
        overlaps: Sequence[ImageOverlaps],
        *,
        cityscapes: Sequence[dict[str, NDArray[Any]]] | None = None,
    ) -> None:
        """Adds a batch.

        Args:
            image_ids: B names, each new.
            matrices: confusion matrices of the semantic readout; see `PerImage.update`.
            overlaps: B, what was found in each image.
            cityscapes: see `MatchCounts.update`.

        Raises:
            ValueError: the number of names, matrices or overlaps does not fit.
            UserError: an image came before.
        """
        if len(overlaps) != len(matrices):
            raise ValueError(f"{len(overlaps)} images' overlaps for {len(matrices)} images' matrices.")
        first = len(self)
        self.pixels.update(image_ids, matrices)
        for index, image in enumerate(overlaps):
            self._parts.append(matches_of(image, index=first + index, num_classes=len(self.classes)))
            self._boxes_alone |= image.boxes_alone
        if self.cityscapes is not None:
            self.cityscapes.update(cityscapes)

    def merge(self, other: MatchTable) -> None:
        """Appends what another process or part saw.

        Raises:
            ValueError: the classes differ.
            UserError: both saw an image.
        """
        first = len(self)
        self.pixels.merge(other.pixels)
        self._parts += [{**part, "det_image": part["det_image"] + first} for part in other._parts]
        self._boxes_alone |= other._boxes_alone
        if self.cityscapes is not None and other.cityscapes is not None:
            self.cityscapes.merge(other.cityscapes)
        else:
            self.cityscapes = None

    def reset(self) -> None:
        """Forgets all images."""
        self.pixels.reset()
        self._parts, self._boxes_alone = [], False
        if self.cityscapes is not None:
            self.cityscapes.reset()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the file format, by name: also what one process sends to another."""
        empty = _empty(len(self.classes))
        joined = {name: np.concatenate([empty[name], *(part[name] for part in self._parts)]) for name in empty}
        self._parts = [joined]
        benchmark = {} if self.cityscapes is None else self.cityscapes.arrays()
        kind = np.array("box" if self._boxes_alone else "mask")
        return {**self.pixels.arrays(), "kind": kind, **joined, **benchmark}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> MatchTable:
        """The opposite of `arrays`."""
        self = cls([str(c) for c in arrays["classes"]])
        self.pixels = PerImage.from_arrays(arrays)
        self._parts = [{name: arrays[name] for name in _empty(0)}]
        self._boxes_alone = str(arrays["kind"]) == "box"
        self.cityscapes = MatchCounts.from_arrays(arrays) if MatchCounts.shapes(arrays) else None
        return self

    def save(self, path: str | Path) -> None:
        """Writes the file whole or not at all.

        Raises:
            UserError: it cannot be written.
        """
        write_arrays(path, self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> MatchTable:
        """Reads a file that `save` wrote.

        Raises:
            UserError: there is none, or it is not of this format.
        """
        arrays = read_arrays(path, more=("kind", *_empty(0)))
        N, D = len(arrays["image_id"]), len(arrays["det_image"])
        for name, empty in _empty(len(arrays["classes"])).items():
            shape = (N if name == "truths" else D, *empty.shape[1:])
            if arrays[name].shape != shape:
                raise UserError(
                    f"'{path}' has '{name}' of shape {arrays[name].shape} instead of {shape}. Evaluate the run again."
                )
        return cls.from_arrays(arrays)

    def miou(self) -> NDArray[np.float64]:
        """Each image's mean IoU in the semantic readout; see `PerImage.miou`."""
        return self.pixels.miou()

    def ranking(self) -> NDArray[np.float64]:
        """Each image's F1 of the objects found with a score of 0.5 or more, matched at IoU 0.5, `(N,)`.

        NaN where there is neither a true object nor such a found one.
        """
        arrays = self.arrays()
        good = arrays["det_score"] >= GOOD_SCORE
        right, ignored = arrays["det_matched"][:, 0], arrays["det_ignored"][:, 0]
        hits = np.bincount(arrays["det_image"][good & right], minlength=len(self))
        counted = np.bincount(arrays["det_image"][good & ~ignored], minlength=len(self)) + arrays["truths"].sum(1)
        f1: NDArray[np.float64] = np.divide(2 * hits, counted, out=np.full(len(self), np.nan), where=counted > 0)
        return f1


def average_precision(
    arrays: dict[str, NDArray[Any]], images: NDArray[np.int64] | None = None
) -> dict[str, NDArray[np.float64]]:
    """AP of a data set, or of any choice of its images, from their matches: COCO's, areas of all sizes.

    Args:
        arrays: of a `MatchTable`.
        images: indices, `(M,)`; an image that is there twice counts twice, as a bootstrap draws it. None for all, once.

    Returns:
        `ap`, `ap50` and `ap75`, `(C,)` each; NaN for a class without a true object, and their mean over the others is
        the data set's.
    """
    N = len(arrays["truths"])
    times = np.ones(N, dtype=np.int64) if images is None else np.bincount(images, minlength=N)
    return {name: values[0] for name, values in resampled_precision(arrays, times[None]).items()}


def resampled_precision(
    arrays: dict[str, NDArray[Any]], weights: NDArray[np.int64], *, names: Sequence[str] = ("ap", "ap50", "ap75")
) -> dict[str, NDArray[np.float64]]:
    """`average_precision` of many choices of the images at once: objects are ranked only once.

    Args:
        arrays: of a `MatchTable`.
        weights: `(B, N)`, how often each image counts in each choice.
        names: those that are wanted; `ap50` or `ap75` alone is ten times as quick as `ap`.

    Returns:
        Each name -> `(B, C)`; NaN for a class without a true object.
    """
    C = arrays["truths"].shape[1]
    wanted = list(range(len(THRESHOLDS))) if "ap" in names else [_SINGLE[name] for name in names]
    truths = weights @ arrays["truths"]
    # equal scores rank as `AveragePrecision` ranks them
    order = np.lexsort((_places(arrays["image_id"])[arrays["det_image"]], -arrays["det_score"], arrays["det_class"]))
    first = np.searchsorted(arrays["det_class"][order], np.arange(C + 1))
    ap = np.full((len(weights), C, len(wanted)), np.nan)
    for label in np.flatnonzero(arrays["truths"].any(0)).tolist():
        rows = order[first[label] : first[label + 1]]
        image = arrays["det_image"][rows]
        matched, ignored = (arrays[name][rows][:, wanted] for name in ("det_matched", "det_ignored"))
        for index in np.flatnonzero(truths[:, label]).tolist():
            ap[index, label] = _ap(matched, ignored, weights[index, image], int(truths[index, label]))
    found = {"ap": ap.mean(2)} if "ap" in names else {}
    return found | {name: ap[:, :, wanted.index(at)] for name, at in _SINGLE.items() if name in names}


def by_number(name: str) -> tuple[int, str]:
    """Sorts names that are numbers by their value, as pycocotools does, before others by letter."""
    return (int(name), "") if name.isdecimal() else (1 << 63, name)


def _empty(num_classes: int) -> Matches:
    T = len(THRESHOLDS)
    return {
        "truths": np.zeros((0, num_classes), dtype=np.int64),
        "det_image": np.zeros(0, dtype=np.int64),
        "det_class": np.zeros(0, dtype=np.int64),
        "det_score": np.zeros(0),
        "det_matched": np.zeros((0, T), dtype=bool),
        "det_ignored": np.zeros((0, T), dtype=bool),
    }


def _places(image_ids: NDArray[Any]) -> NDArray[np.int64]:
    """Each image's place in the order of `by_number`."""
    order = sorted(range(len(image_ids)), key=lambda i: by_number(str(image_ids[i])))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _ap(
    matched: NDArray[np.bool_], ignored: NDArray[np.bool_], weight: NDArray[np.int64], truths: int
) -> NDArray[np.float64]:
    """Interpolated precision, averaged over 101 recalls, at each threshold of the matches: `(T,)`."""
    right = np.cumsum(matched * weight[:, None], axis=0)
    wrong = np.cumsum((~matched & ~ignored) * weight[:, None], axis=0)
    precision = right / (right + wrong + np.spacing(1))
    # at each recall the best precision at it or beyond
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    values = np.zeros((matched.shape[1], len(RECALLS)))
    for t in range(matched.shape[1]):
        at = np.searchsorted(right[:, t] / truths, RECALLS)
        reached = at < len(precision)
        values[t, reached] = precision[at[reached], t]
    mean: NDArray[np.float64] = values.mean(1)
    return mean
