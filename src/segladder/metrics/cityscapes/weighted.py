"""Instance-weighted IoU: a far car counts as much as a near one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from segladder.types import DatasetInfo

_STATES = ("found", "missed", "category_found", "category_missed")


class WeightedIou(Metric):
    """iIoU of classes of objects and of categories of such classes, as cityscapesScripts computes it.

    Each pixel of a true object counts its class's average area over the object's own; false positives count 1 each.
    """

    is_differentiable = False
    full_state_update = False
    found: Tensor
    missed: Tensor
    category_found: Tensor
    category_missed: Tensor
    without: Tensor

    def __init__(self, info: DatasetInfo, **kwargs: Any) -> None:
        """
        Args:
            info: with `mean_areas` and `categories`.
            kwargs: torchmetrics' own.
        """
        super().__init__(**kwargs)
        assert info.mean_areas is not None and info.categories is not None
        self.info = info
        names = list(dict.fromkeys(info.categories))
        self.categories = [
            name
            for name in names
            if all(thing for thing, of in zip(info.things, info.categories, strict=True) if of == name)
        ]
        """Those of which every class is of objects."""
        groups = [names.index(category) for category in info.categories]
        # what is predicted as no class is of no category
        self._category_of = torch.tensor([*groups, -1])
        self._areas = torch.tensor(info.mean_areas, dtype=torch.float64)
        for state in _STATES:
            self.add_state(state, torch.zeros(info.num_classes, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("without", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(
        self,
        pred: Tensor,
        object_ids: Sequence[Tensor] | None,
        *,
        per_image: Callable[[Tensor], None] | None = None,
    ) -> None:
        """Counts a batch.

        Args:
            pred: predicted classes, `(B, H, W)` integer; C where no class is predicted.
            object_ids: B maps `(H, W)` integer, see `Sample.object_ids`; None where nobody knows the objects.
            per_image: called with what each image added, `(B, C, 4)` float64 (found, missed, category found, category
                missed), where given and the objects are known.

        Raises:
            ValueError: the maps differ in number or shape.
        """
        if object_ids is None:
            self.without += len(pred)
            return
        C = self.info.num_classes
        added = torch.zeros(len(pred), len(_STATES), C, dtype=torch.float64, device=pred.device)
        for counts, classes, ids in zip(added, pred, object_ids, strict=True):
            if classes.shape != ids.shape:
                raise ValueError(f"Predicted classes {tuple(classes.shape)} against object ids {tuple(ids.shape)}.")
            inside = ids > 0
            pairs, pixels = torch.unique(ids[inside].long() * (C + 1) + classes[inside].long(), return_counts=True)
            if not len(pairs):
                continue
            guess = pairs % (C + 1)
            objects, which = torch.unique(pairs // (C + 1), return_inverse=True)
            label = (objects % C)[which]
            pixels = pixels.double()
            size = torch.zeros(len(objects), dtype=torch.float64, device=pixels.device).index_add_(0, which, pixels)
            weighted = self._areas.to(pixels.device)[label] / size[which] * pixels
            category = self._category_of.to(pixels.device)
            for right, (found, missed) in (
                (guess == label, counts[:2]),
                (category[guess] == category[label], counts[2:]),
            ):
                found.index_add_(0, label[right], weighted[right])
                missed.index_add_(0, label[~right], weighted[~right])
        for name, total in zip(_STATES, added.sum(0), strict=True):
            setattr(self, name, getattr(self, name) + total)
        if per_image is not None:
            per_image(added.transpose(1, 2))

    def compute(self) -> dict[str, Tensor] | None:
        """`found`, `missed`, `category_found` and `category_missed`: weighted pixels of each true class, `(C,)`.

        None where the objects of an image were not known.
        """
        return {name: getattr(self, name).cpu().clone() for name in _STATES} if self.without == 0 else None

    def scores(self, matrix: Tensor) -> tuple[dict[str, float], dict[str, float]] | None:
        """iIoU of everything seen, over all processes: every process must call it.

        Args:
            matrix: the confusion matrix of the same images; see `category_iou`.

        Returns:
            Class of objects -> iIoU and category -> iIoU, in [0, 1]; NaN for what is neither true nor predicted. None
            where the objects of an image were not known.
        """
        weighted = self.compute()
        if weighted is None:
            return None
        C = self.info.num_classes
        matrix = matrix.cpu()[:C, :C]
        classes = {}
        for index, name in enumerate(self.info.classes):
            if self.info.things[index]:
                fp = matrix[:, index].sum() - matrix[index, index]
                found, missed = weighted["found"][index], weighted["missed"][index]
                classes[name] = float(found / (found + missed + fp))
        categories = {}
        for name in self.categories:
            assert self.info.categories is not None
            member = torch.tensor([category == name for category in self.info.categories])
            fp = matrix[~member][:, member].sum()
            found = weighted["category_found"][member].sum()
            missed = weighted["category_missed"][member].sum()
            categories[name] = float(found / (found + missed + fp))
        return classes, categories
