"""What each image adds to IoU of categories and to instance-weighted IoU, kept on disk: intervals need it.

More arrays of `per_image.npz` (see `per_image`), where the data set has categories. N images, C classes, K categories,
T classes of objects:

| array              | shape       | type    | meaning                                                         |
|--------------------|-------------|---------|-----------------------------------------------------------------|
| `categories`       | `(K,)`      | str     | names, in the order in which they first occur among the classes |
| `class_category`   | `(C,)`      | int64   | index of each class's category                                  |
| `category_tp`      | `(N, K)`    | int64   | pixels of the category that were predicted as it                |
| `category_fp`      | `(N, K)`    | int64   | pixels predicted as the category that are of another            |
| `category_fn`      | `(N, K)`    | int64   | pixels of the category that were predicted others               |
| `weighted_classes` | `(T,)`      | int64   | indices of the classes of objects                               |
| `weighted`         | `(N, T, 4)` | float64 | weighted pixels of objects of the class, predicted as it, as    |
|                    |             |         | others, as its category, as other categories                    |

T = 0 where the objects of an image were not known. False positives have no weight: they are `fp` and `category_fp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

ARRAYS = (
    "categories",
    "class_category",
    "category_tp",
    "category_fp",
    "category_fn",
    "weighted_classes",
    "weighted",
)
_COUNTS = ("category_tp", "category_fp", "category_fn")
_WEIGHTED = 4


class ImageCounts:
    """Counts of categories, and weighted pixels of objects, of each image."""

    def __init__(self, categories: Sequence[str], things: Sequence[bool]) -> None:
        """
        Args:
            categories: C names, the category of each class.
            things: whether each class is of objects.
        """
        self.categories = tuple(dict.fromkeys(categories))
        self._category = [self.categories.index(name) for name in categories]
        self._classes = [index for index, thing in enumerate(things) if thing]
        # tensors stay where they were counted until someone asks
        self._counts: list[Any] = []
        self._weighted: list[Any] = []
        self._known = True

    def update(self, matrices: Tensor, weighted: Tensor | None) -> None:
        """Adds a batch.

        Args:
            matrices: see `PerImage.update`.
            weighted: `(B, C, 4)` float64, as `WeightedIou.update` returns it; None where nobody knows the objects.
        """
        self._counts.append(_of_categories(matrices, self._category))
        if weighted is None:
            self._known = False
        else:
            self._weighted.append(weighted[:, self._classes])

    def merge(self, other: ImageCounts) -> None:
        """Appends what another process or part saw of the same classes."""
        self._counts += other._counts
        self._weighted += other._weighted
        self._known &= other._known

    def reset(self) -> None:
        """Forgets all images."""
        self._counts, self._weighted, self._known = [], [], True

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the file format, by name."""
        K, T = len(self.categories), len(self._classes)
        counts = np.concatenate([np.zeros((3, 0, K), np.int64), *map(_array, self._counts)], axis=1)
        self._counts = [counts]
        if self._known:
            weighted = np.concatenate([np.zeros((0, T, _WEIGHTED)), *map(_array, self._weighted)])
            self._weighted = [weighted]
        else:
            weighted = np.zeros((counts.shape[1], 0, _WEIGHTED))
        return {
            "categories": np.array(self.categories, dtype=np.str_),
            "class_category": np.array(self._category, dtype=np.int64),
            **dict(zip(_COUNTS, counts, strict=True)),
            "weighted_classes": np.array(self._classes if self._known else [], dtype=np.int64),
            "weighted": weighted,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> ImageCounts:
        """The opposite of `arrays`."""
        names = [str(name) for name in arrays["categories"]]
        objects = set(arrays["weighted_classes"].tolist())
        category = arrays["class_category"].tolist()
        self = cls([names[index] for index in category], [index in objects for index in range(len(category))])
        self._counts = [np.stack([np.asarray(arrays[name], dtype=np.int64) for name in _COUNTS])]
        self._weighted = [np.asarray(arrays["weighted"], dtype=np.float64)]
        self._known = bool(objects)
        return self

    @staticmethod
    def shapes(arrays: dict[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
        """Name of each of these arrays -> the shape it must have; nothing where a file does not have all of them."""
        if any(name not in arrays for name in ARRAYS):
            return {}
        N, C = len(arrays["image_id"]), len(arrays["classes"])
        K, T = arrays["categories"].size, arrays["weighted_classes"].size
        return {
            "categories": (K,),
            "class_category": (C,),
            **dict.fromkeys(_COUNTS, (N, K)),
            "weighted_classes": (T,),
            "weighted": (N, T, _WEIGHTED),
        }


def resampled_categories(arrays: dict[str, NDArray[Any]], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU of categories over many choices of the images at once, each of the whole choice, no mean over images.

    Args:
        arrays: of `per_image.npz` with those of `ImageCounts`, N images.
        weights: `(B, N)`, how often each image counts in each choice.

    Returns:
        `(B, K)`; NaN for a category that does not occur, and the mean over the others is `category_iou`.
    """
    tp, fp, fn = (weights.astype(np.float64) @ np.asarray(arrays[name], dtype=np.float64) for name in _COUNTS)
    return _ratio(tp, tp + fp + fn)


def resampled_weighted(
    arrays: dict[str, NDArray[Any]], weights: NDArray[np.int64], *, of_categories: bool
) -> NDArray[np.float64]:
    """Instance-weighted IoU over many choices of the images at once.

    Args:
        arrays: see `resampled_categories`, with objects that are known.
        weights: see there.
        of_categories: of those categories of which every class is of objects, else of classes of objects.

    Returns:
        `(B, T)`, or one column for each such category; NaN for what does not occur, and the mean over the others is
        `iiou`, or `category_iiou`.
    """
    factors, classes = weights.astype(np.float64), arrays["weighted_classes"]
    weighted = np.tensordot(factors, arrays["weighted"], axes=1)
    if not of_categories:
        found, missed = weighted[:, :, 0], weighted[:, :, 1]
        fp = (factors @ np.asarray(arrays["fp"], dtype=np.float64))[:, classes]
        return _ratio(found, found + missed + fp)
    category = arrays["class_category"]
    stuff = np.delete(category, classes)
    whole = np.setdiff1d(category, stuff)
    member = (category[classes][:, None] == whole).astype(np.float64)
    found, missed = weighted[:, :, 2] @ member, weighted[:, :, 3] @ member
    fp = factors @ np.asarray(arrays["category_fp"][:, whole], dtype=np.float64)
    return _ratio(found, found + missed + fp)


def _of_categories(matrices: Tensor, category: Sequence[int]) -> Tensor:
    """True and false positives and false negatives of each category, `(3, B, K)` int64."""
    import torch

    B, C, K = len(matrices), len(category), max(category) + 1
    group = torch.tensor(category, device=matrices.device)
    by_true = matrices.new_zeros(B, K, matrices.shape[2]).index_add_(1, group, matrices[:, :C])
    # what is predicted as no class is of no category: missed
    both = matrices.new_zeros(B, K, K).index_add_(2, group, by_true[:, :, :C].contiguous())
    tp = both.diagonal(dim1=1, dim2=2)
    return torch.stack([tp, both.sum(1) - tp, by_true.sum(2) - tp])


def _array(part: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.asarray(part.cpu() if hasattr(part, "cpu") else part)
    return array


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return ratio
