"""Sufficient statistics of each image, kept on disk: intervals, paired tests and worst images need them.

Format of `per_image.npz` (NumPy, no pickles), N images in the order they were evaluated, C classes:

| array       | shape    | type  | meaning                                                            |
|-------------|----------|-------|--------------------------------------------------------------------|
| `format`    | `()`     | int64 | version of this table, 1                                           |
| `classes`   | `(C,)`   | str   | class names in the order of their indices                          |
| `image_id`  | `(N,)`   | str   | unique                                                             |
| `tp`        | `(N, C)` | int64 | pixels of the class that were predicted as it                      |
| `fp`        | `(N, C)` | int64 | pixels predicted as the class that are another                     |
| `fn`        | `(N, C)` | int64 | pixels of the class that were predicted others                     |
| `confusion` | `(C, C)` | int64 | pixels of all images by true class (row) and predicted one         |

Where pixels may be predicted as no class, `confusion` is `(C, C + 1)` and its last column counts these; files of older
versions lack it. Ignored pixels are in none of them. Sums over N give the data set's IoU tp / (tp + fp + fn) and Dice
exactly. `cityscapes.image_counts` adds arrays where the data set has categories, `match_table` and `panoptic_table` add
those of their rungs; a reader leaves aside what it does not know.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.cityscapes.image_counts import ImageCounts
from segladder.metrics.cityscapes.match_counts import MatchCounts
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
_COUNTS = ("tp", "fp", "fn")


class PerImage:
    """True positives, false positives and false negatives of each class in each image, and all images' confusion."""

    def __init__(self, classes: Sequence[str], *, categories: ImageCounts | None = None) -> None:
        """
        Args:
            classes: their names.
            categories: gets what each image adds to the scores of categories; empty.
        """
        self.classes = tuple(classes)
        self.categories = categories
        self._ids: list[str] = []
        self._known: set[str] = set()
        # tensors stay where they were counted until someone asks: a GPU is not waited for per batch
        self._batches: list[Any] = []
        self._confusions: list[Any] = []
        # images of a file without a matrix leave the sum unknown
        self._has_confusion = True

    @classmethod
    def of(cls, info: DatasetInfo) -> PerImage:
        """An empty one for a data set."""
        categories = None if info.categories is None else ImageCounts(info.categories, info.things)
        return cls(info.classes, categories=categories)

    def __len__(self) -> int:
        return len(self._ids)

    def update(self, image_ids: Iterable[str], matrices: Tensor, *, weighted: Tensor | None = None) -> None:
        """Adds a batch.

        Args:
            image_ids: B names, each new.
            matrices: their confusion matrices, `(B, C, C)` int64, rows are true classes; or `(B, C + 1, C + 1)`, where
                the last stands for no class.
            weighted: see `ImageCounts.update`.

        Raises:
            ValueError: the number of names or classes does not fit.
            UserError: an image came before.
        """
        ids = [str(i) for i in image_ids]
        C = len(self.classes)
        if tuple(matrices.shape) not in ((len(ids), C, C), (len(ids), C + 1, C + 1)):
            raise ValueError(
                f"{len(ids)} images of {C} classes need matrices ({len(ids)}, {C}, {C}), got {tuple(matrices.shape)}."
            )
        self._add_ids(ids)
        tp = matrices.diagonal(dim1=1, dim2=2)[:, :C]
        self._batches.append(_stacked(tp, matrices.sum(1)[:, :C] - tp, matrices.sum(2)[:, :C] - tp))
        self._add_confusion(matrices[:, :C].sum(0))
        if self.categories is not None:
            self.categories.update(matrices, weighted)

    def merge(self, other: PerImage) -> None:
        """Appends what another process or part saw.

        Raises:
            ValueError: the classes differ.
            UserError: both saw an image.
        """
        if other.classes != self.classes:
            raise ValueError(f"Statistics of classes {other.classes} cannot join those of classes {self.classes}.")
        self._add_ids(other._ids)
        self._batches.extend(other._batches)
        self._confusions.extend(other._confusions)
        self._has_confusion &= other._has_confusion
        if self.categories is not None and other.categories is not None:
            self.categories.merge(other.categories)
        else:
            self.categories = None

    def reset(self) -> None:
        """Forgets all images."""
        self._ids, self._known, self._batches = [], set(), []
        self._confusions, self._has_confusion = [], True
        if self.categories is not None:
            self.categories.reset()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the file format, by name: also what one process sends to another."""
        parts = [np.asarray(b.cpu() if hasattr(b, "cpu") else b, dtype=np.int64) for b in self._batches]
        counts = np.concatenate([np.zeros((3, 0, len(self.classes)), np.int64), *parts], axis=1)
        self._batches = [counts]
        confusion = {"confusion": self._confusion()} if self._has_confusion else {}
        return {
            "format": np.array(FORMAT, dtype=np.int64),
            "classes": np.array(self.classes, dtype=np.str_),
            "image_id": np.array(self._ids, dtype=np.str_),
            **dict(zip(_COUNTS, counts, strict=True)),
            **confusion,
            **({} if self.categories is None else self.categories.arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> PerImage:
        """The opposite of `arrays`."""
        self = cls([str(c) for c in arrays["classes"]])
        self._add_ids([str(i) for i in arrays["image_id"]])
        self._batches = [np.stack([np.asarray(arrays[k], dtype=np.int64) for k in _COUNTS])]
        self._has_confusion = "confusion" in arrays
        self._confusions = [np.asarray(arrays["confusion"], dtype=np.int64)] if self._has_confusion else []
        self.categories = ImageCounts.from_arrays(arrays) if ImageCounts.shapes(arrays) else None
        return self

    def miou(self) -> NDArray[np.float64]:
        """Each image's mean IoU over the classes true or predicted in it, `(N,)`; NaN where none."""
        arrays = self.arrays()
        union = arrays["tp"] + arrays["fp"] + arrays["fn"]
        occurs = union > 0
        iou = np.divide(arrays["tp"], union, out=np.zeros(union.shape), where=occurs)
        classes = occurs.sum(1)
        mean: NDArray[np.float64] = np.divide(iou.sum(1), classes, out=np.full(len(iou), np.nan), where=classes > 0)
        return mean

    def save(self, path: str | Path) -> None:
        """Writes the file whole or not at all.

        Raises:
            UserError: it cannot be written.
        """
        write_arrays(path, self.arrays())

    @classmethod
    def load(cls, path: str | Path) -> PerImage:
        """Reads a file that `save` wrote.

        Raises:
            UserError: there is none, or it is not of this format.
        """
        return cls.from_arrays(read_arrays(path))

    def _add_confusion(self, matrix: Tensor) -> None:
        # one sum where it was counted, so that a test set of any size holds one matrix
        last: Any = self._confusions[-1] if self._confusions else None
        if hasattr(last, "cpu") and last.shape == matrix.shape and last.device == matrix.device:
            self._confusions[-1] = last + matrix
        else:
            self._confusions.append(matrix)

    def _confusion(self) -> NDArray[np.int64]:
        parts = [np.asarray(m.cpu() if hasattr(m, "cpu") else m, dtype=np.int64) for m in self._confusions]
        C = len(self.classes)
        whole = np.zeros((C, max((part.shape[1] for part in parts), default=C)), dtype=np.int64)
        for part in parts:
            whole[:, : part.shape[1]] += part
        self._confusions = [whole]
        return whole

    def _add_ids(self, ids: list[str]) -> None:
        new = set(ids)
        if len(new) != len(ids) or not self._known.isdisjoint(new):
            seen: set[str] = set(self._known)
            for i in ids:
                if i in seen:
                    raise UserError(
                        f"Image '{i}' was scored twice. Give every image of a split an id of its own, and"
                        f" each process"
                        f" its own images."
                    )
                seen.add(i)
        self._known |= new
        self._ids += ids


def write_arrays(path: str | Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes a file of arrays whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UserError(
            f"'{path}' cannot be written: {error.strerror or error}. Make room, or make the folder writable."
        ) from error


def read_arrays(path: str | Path, *, more: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Reads `per_image.npz`.

    Args:
        path: of the file.
        more: arrays that it must hold beside those of `PerImage`.

    Raises:
        UserError: there is none, or it is not of this format.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise UserError(f"There is no '{path}'. Evaluate the run first: it leaves per_image.npz.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"'{path}' cannot be read as NumPy arrays: it was cut short or changed. Evaluate the run again."
        ) from error
    missing = [k for k in ("format", "classes", "image_id", *_COUNTS, *more) if k not in arrays]
    if missing:
        what = "matches of objects" if missing[0] in more else "per-image statistics"
        raise UserError(f"'{path}' has no array '{missing[0]}': it holds no {what}. Evaluate the run again.")
    if int(arrays["format"]) > FORMAT:
        raise UserError(
            f"'{path}' is of format {int(arrays['format'])}, this version reads up to {FORMAT}. Update segladder."
        )
    N, C = len(arrays["image_id"]), len(arrays["classes"])
    known = dict.fromkeys(_COUNTS, (N, C)) | ImageCounts.shapes(arrays) | MatchCounts.shapes(arrays)
    for name, shape in known.items():
        if arrays[name].shape != shape:
            raise UserError(
                f"'{path}' has '{name}' of shape {arrays[name].shape} instead of {shape}. Evaluate the run again."
            )
    matrix = arrays.get("confusion")
    if matrix is not None and matrix.shape not in ((C, C), (C, C + 1)):
        raise UserError(
            f"'{path}' has 'confusion' of shape {matrix.shape} instead of {(C, C)}. Evaluate the run again."
        )
    return arrays


def _stacked(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    import torch

    return torch.stack([tp, fp, fn])
