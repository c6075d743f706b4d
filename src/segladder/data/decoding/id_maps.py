"""Id maps into objects: one number per pixel tells the objects of an image apart, a class map says what they are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.labels import read_values
from segladder.data.errors import DataError
from segladder.masks import from_id_map, objects_of
from segladder.types import DatasetInfo, Objects

_IN_COLOR = (
    "An id map holds one number per pixel, 0 where no object is and another for each object: store it as PNG of mode"
    " P (with a palette), L or I;16."
)

_CLEAR = 0.9
"""An object of whose pixels fewer are of its class is worth a word: its id map and its label do not fit together."""


class IdMapReader:
    """Objects whose classes are those of the label map under them.

    0 is no object, every other number is one. An object's class is that of most of its pixels, those apart that the
    label ignores; an id on ignored pixels alone is ignored, too. A data set whose ids say their class by themselves
    tells in a subclass how (`meaning`).
    """

    needs_classes = True
    """Whether an id's class comes from the label map."""

    advice = "Correct the id map or the label, or name the class in 'things' of dataset.json."
    """What to do about an object whose class has no objects."""

    def __init__(self, info: DatasetInfo, *, void: Sequence[int] = ()) -> None:
        """
        Args:
            info: the classes, and which of them are objects.
            void: numbers that are no object, besides 0.
        """
        self.info = info
        self.void = (0, *void)
        self._warned = False

    def read(self, ids: NDArray[Any], classes: NDArray[Any] | None, *, path: Path) -> Objects:
        """The objects of one image, by ascending id; hundreds of them in a few passes over the image.

        Args:
            ids: `(H, W)` integer, from 0.
            classes: the class of each pixel, `(H, W)` integer, where `needs_classes`.
            path: the id map's file, for messages.

        Raises:
            DataError: an object whose class is stuff, or that is of no class.
        """
        present = np.flatnonzero(np.bincount(ids.reshape(-1)))
        labels, crowds = self.meaning(present, ids, classes, path)
        objects = labels >= 0
        masks, kept = from_id_map(ids, ignore=present[~objects].tolist())
        return objects_of(masks, labels[objects], size=_size(ids), iscrowd=crowds[objects], ids=np.asarray(kept))

    def meaning(
        self, present: NDArray[np.int64], ids: NDArray[Any], classes: NDArray[Any] | None, path: Path
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Class of each id that occurs, -1 for one that is no object, and whether it stands for a crowd.

        Args:
            present: the ids that occur, ascending, `(N,)`.
            ids: see `read`, as `classes` and `path`.

        Returns:
            `(N,)` int64 and `(N,)` bool.

        Raises:
            DataError: see `read`.
        """
        assert classes is not None
        counts = _pixels(present, ids, classes, self.info)
        labels = np.where(counts.any(1), counts.argmax(1), -1).astype(np.int64)
        labels[np.isin(present, self.void)] = -1
        stuff = np.flatnonzero((labels >= 0) & ~np.array(self.info.things)[labels])
        if len(stuff):
            raise self._no_thing(int(present[stuff[0]]), counts[stuff[0]], path)
        self._warn_of_doubt(present, counts, labels, path)
        return labels, np.zeros(len(present), dtype=np.bool_)

    def settings(self) -> dict[str, Any]:
        """What decides how ids are read: part of a split's identity."""
        return {"things": list(self.info.things), "void": list(self.void)}

    def _no_thing(self, number: int, counts: NDArray[np.int64], path: Path) -> DataError:
        things = [name for name, thing in zip(self.info.classes, self.info.things, strict=True) if thing]
        return DataError(
            f"Id {number} of '{path}' lies on {self._named(counts)} of its label: class"
            f" '{self.info.classes[int(counts.argmax())]}' has no objects (those that do: {', '.join(things)})."
            f" {self.advice}"
        )

    def _warn_of_doubt(
        self, present: NDArray[np.int64], counts: NDArray[np.int64], labels: NDArray[np.int64], path: Path
    ) -> None:
        """Once: a set whose id maps are drawn a little wider than its labels would speak of every image."""
        doubtful = np.flatnonzero((labels >= 0) & (counts.max(1, initial=0) < _CLEAR * counts.sum(1)))
        if self._warned or not len(doubtful):
            return
        self._warned = True
        at = doubtful[0]
        warnings.warn(
            f"Id {present[at]} of '{path}' lies on {self._named(counts[at])} of its label; it counts as"
            f" {self.info.classes[labels[at]]}. Further objects on several classes are read likewise, without a word.",
            stacklevel=2,
        )

    def _named(self, counts: NDArray[np.int64]) -> str:
        order = np.argsort(-counts, kind="stable")[:3]
        return " and ".join(
            f"{counts[index]:,} pixels of {self.info.classes[index]}" for index in order if counts[index]
        )


def read_ids(path: Path) -> NDArray[Any]:
    """The numbers of an id map's pixels, `(H, W)` uint8 or uint16.

    Raises:
        DataError: undecodable, a colour picture, or numbers beyond 16 bits.
    """
    return read_values(path, in_color=_IN_COLOR)


def _pixels(
    present: NDArray[np.int64], ids: NDArray[Any], classes: NDArray[Any], info: DatasetInfo
) -> NDArray[np.int64]:
    """Pixels of each class under each id, `(N, C)`; ignored ones and those of no object count nowhere."""
    rank = np.zeros(int(present[-1]) + 1 if len(present) else 1, dtype=np.int64)
    rank[present] = np.arange(len(present))
    known = (ids != 0) & (classes != info.ignore_index)
    pairs = rank[ids[known]] * info.num_classes + classes[known]
    return np.bincount(pairs, minlength=len(present) * info.num_classes).reshape(len(present), info.num_classes)


def _size(ids: NDArray[Any]) -> tuple[int, int]:
    height, width = ids.shape
    return height, width
