"""Which found objects of each image are right by Cityscapes' rules, kept on disk: intervals of its AP need it.

More arrays of `per_image.npz` beside those of `match_table`, from which they differ: there is no limit of detections,
and void, groups and small objects are forgiven. N images, C classes, D objects found in all of them, T = 10 IoU
thresholds 0.50, 0.55 ... 0.95:

| array         | shape    | type    | meaning                                                                         |
|---------------|----------|---------|---------------------------------------------------------------------------------|
| `city_truths` | `(N, C)` | int64   | true objects of the class that are to be found                                  |
| `city_image`  | `(D,)`   | int64   | index of the image, rising                                                      |
| `city_class`  | `(D,)`   | int64   | index of the class, rising within an image                                      |
| `city_score`  | `(D,)`   | float64 |                                                                                 |
| `city_right`  | `(D, T)` | uint8   | true objects of which it is the best match                                      |
| `city_wrong`  | `(D, T)` | uint8   | those that another one matches better, or 1 where it matches none, unforgiven   |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.arange(0.5, 1.0, 0.05)
ARRAYS = ("city_truths", "city_image", "city_class", "city_score", "city_right", "city_wrong")
_THRESHOLDS_OF = {"cityscapes_ap": tuple(range(len(THRESHOLDS))), "cityscapes_ap50": (0,)}
_AT_ONCE = 2**21
"""Numbers in an array of partial sums."""
Matches = dict[str, NDArray[Any]]
"""These arrays, of any number of images."""


class MatchCounts:
    """The matches of all images of a test set."""

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes
        self._parts: list[Matches] = []
        self._images = 0
        self._known = True

    def update(self, images: Sequence[Matches] | None) -> None:
        """Adds images, each as `CityscapesPrecision.update` returns it; None where there are no masks."""
        if images is None:
            self._known = False
            return
        for image in images:
            self._parts.append({**image, "city_image": image["city_image"] + self._images})
            self._images += len(image["city_truths"])

    def merge(self, other: MatchCounts) -> None:
        """Appends what another process or part saw."""
        self.update(other._parts and [other._joined()])
        self._known &= other._known

    def reset(self) -> None:
        """Forgets all images."""
        self._parts, self._images, self._known = [], 0, True

    def arrays(self) -> Matches:
        """The arrays of the file format, by name; none where an image was without masks."""
        return self._joined() if self._known else {}

    @classmethod
    def from_arrays(cls, arrays: Matches) -> MatchCounts:
        """The opposite of `arrays`."""
        self = cls(len(arrays["classes"]))
        self.update([{name: arrays[name] for name in ARRAYS}])
        return self

    @staticmethod
    def shapes(arrays: Matches) -> dict[str, tuple[int, ...]]:
        """Name of each of these arrays -> the shape it must have; nothing where a file does not have all of them."""
        if any(name not in arrays for name in ARRAYS):
            return {}
        N, D, T = len(arrays["image_id"]), arrays["city_image"].size, len(THRESHOLDS)
        found: dict[str, tuple[int, ...]] = dict.fromkeys(ARRAYS, (D,))
        return found | {"city_truths": (N, len(arrays["classes"])), "city_right": (D, T), "city_wrong": (D, T)}

    def _joined(self) -> Matches:
        empty = no_matches(self._num_classes, images=0)
        self._parts = [{name: np.concatenate([empty[name], *(part[name] for part in self._parts)]) for name in ARRAYS}]
        return self._parts[0]


def no_matches(num_classes: int, *, images: int = 1) -> Matches:
    """The arrays of images in which nothing is true or found."""
    return {
        "city_truths": np.zeros((images, num_classes), dtype=np.int64),
        "city_image": np.zeros(0, dtype=np.int64),
        "city_class": np.zeros(0, dtype=np.int64),
        "city_score": np.zeros(0),
        "city_right": np.zeros((0, len(THRESHOLDS)), dtype=np.uint8),
        "city_wrong": np.zeros((0, len(THRESHOLDS)), dtype=np.uint8),
    }


def resampled_cityscapes(
    arrays: Matches, weights: NDArray[np.int64], *, names: Sequence[str] = tuple(_THRESHOLDS_OF)
) -> dict[str, NDArray[np.float64]]:
    """Cityscapes' AP over many choices of the images at once, each of the whole choice, no mean over images.

    Args:
        arrays: those of the format.
        weights: `(B, N)`, how often each image counts in each choice.
        names: those that are wanted; `cityscapes_ap50` alone is ten times as quick.

    Returns:
        Each name -> `(B, C)`; NaN for a class without an object to be found, and the mean over the others is the data
        set's.
    """
    C = arrays["city_truths"].shape[1]
    wanted = sorted({t for name in names for t in _THRESHOLDS_OF[name]})
    truths = weights @ arrays["city_truths"]
    order = np.lexsort((-arrays["city_score"], arrays["city_class"]))
    first = np.searchsorted(arrays["city_class"][order], np.arange(C + 1))
    ap = np.full((len(weights), C, len(wanted)), np.nan)
    for label in np.flatnonzero(arrays["city_truths"].any(0)).tolist():
        rows = order[first[label] : first[label + 1]]
        step = max(1, _AT_ONCE // max(1, len(rows)))
        for start in range(0, len(weights), step):
            part = slice(start, start + step)
            known = truths[part, label] > 0
            times = weights[part][known][:, arrays["city_image"][rows]].astype(np.float64)
            for place, t in enumerate(wanted):
                right, wrong = (arrays[name][rows, t] for name in ("city_right", "city_wrong"))
                area = _area(arrays["city_score"][rows], right, wrong, times, truths[part, label][known])
                ap[np.flatnonzero(known) + start, label, place] = area
    return {name: ap[:, :, [wanted.index(t) for t in _THRESHOLDS_OF[name]]].mean(2) for name in names}


def _area(
    scores: NDArray[np.float64],
    right: NDArray[np.uint8],
    wrong: NDArray[np.uint8],
    times: NDArray[np.float64],
    truths: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Area under precision over recall, joined by straight lines from precision 1 at recall 0.

    Args:
        scores: `(D,)`, falling.
        right: `(D,)`, see the format.
        wrong: `(D,)`.
        times: `(B, D)`, how often each counts in each choice.
        truths: `(B,)`, objects to be found.

    Returns:
        `(B,)`.
    """
    counted = np.flatnonzero((right > 0) | (wrong > 0))
    if not len(counted):
        return np.zeros(len(times))
    last = np.append(np.flatnonzero(np.diff(scores[counted])), len(counted) - 1)  # equal scores are one point
    times = times[:, counted]
    tp, fp = (np.cumsum(times * one[counted], axis=1)[:, last] for one in (right, wrong))
    found = tp + fp
    precision = np.divide(tp, found, out=np.ones(tp.shape), where=found > 0)
    width = np.diff(tp, prepend=0.0) / truths[:, None]
    before = np.concatenate([np.ones((len(tp), 1)), precision[:, :-1]], axis=1)
    area: NDArray[np.float64] = ((precision + before) / 2 * width).sum(1)
    return area
