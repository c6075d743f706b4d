"""Panoptic quality (Kirillov et al., CVPR 2019) over a data set: panopticapi's values, void and crowds included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

from segladder.masks.segments import joint_runs
from segladder.metrics.panoptic_counts import SegmentCounts, mean_of_known, qualities
from segladder.types import DatasetInfo, Segments, UserError

VOID = 0
"""The number of pixels that are in no segment."""

MEASURES = ("pq", "sq", "rq")
"""Panoptic quality, and the two that it is the product of: segmentation and recognition quality."""

NAMES = (*MEASURES, *(f"{measure}_{kind}" for kind in ("things", "stuff") for measure in MEASURES))
"""What `PanopticQuality` gives for a data set."""

_SMALL = 2**16
"""Numbers below it are few enough for a table of them."""

_UNIT = 2.0**40
"""IoUs are added up as multiples of 1 / 2**40: the sum is then the same in any order and on any device."""


class PanopticQuality(Metric):
    """PQ, SQ and RQ over everything seen and over all processes, counted as `segment_counts` says."""

    is_differentiable = False
    full_state_update = False
    higher_is_better = True
    iou: Tensor
    counts: Tensor

    def __init__(self, info: DatasetInfo, **kwargs: Any) -> None:
        """
        Args:
            info: the classes, and which of them are things.
            kwargs: torchmetrics' own.
        """
        super().__init__(**kwargs)
        self.info = info
        C = info.num_classes
        self.add_state("iou", torch.zeros(C, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("counts", torch.zeros(3, C, dtype=torch.int64), dist_reduce_fx="sum")

    def update(
        self,
        found: Sequence[Segments],
        truth: Sequence[Segments],
        image_ids: Sequence[str],
        *,
        per_image: Callable[[list[SegmentCounts]], None] | None = None,
    ) -> None:
        """Compares a batch of images.

        Args:
            found: B.
            truth: B.
            image_ids: B names, for messages.
            per_image: called with what each image added, where given.

        Raises:
            ValueError: the three differ in length.
            UserError: map and table of an image do not fit each other, or prediction and truth do not.
        """
        if not len(found) == len(truth) == len(image_ids):
            raise ValueError(f"{len(found)} predictions of {len(truth)} images with {len(image_ids)} names.")
        batch = [
            segment_counts(one, true, info=self.info, image_id=str(name))
            for one, true, name in zip(found, truth, image_ids, strict=True)
        ]
        for added in batch:
            self.iou += torch.from_numpy(np.rint(added.iou * _UNIT).astype(np.int64)).to(self.iou.device)
            counts = torch.from_numpy(np.stack([added.tp, added.fp, added.fn]))
            self.counts += counts.to(self.counts.device)
        if per_image is not None:
            per_image(batch)

    def compute(self) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Scores of everything seen, over all processes: every process must call it.

        Returns:
            Fractions in [0, 1] by name: `pq sq rq`, the means over the classes that occur, and `pq_things …
            rq_stuff` likewise; NaN where no class does. Then `pq sq rq` -> class -> value.
        """
        tp, fp, fn = self.counts.cpu().numpy()
        values = qualities(self.iou.cpu().numpy() / _UNIT, tp, fp, fn)
        totals = {name: float(mean_of_known(values[measure][kept])) for name, measure, kept in groups(self.info.things)}
        names = self.info.classes
        return totals, {one: dict(zip(names, values[one].tolist(), strict=True)) for one in MEASURES}


def segment_counts(found: Segments, truth: Segments, *, info: DatasetInfo, image_id: str) -> SegmentCounts:
    """Which found segments of an image match which true ones, as panopticapi decides it.

    A pair of one class matches where its IoU is above 0.5; the union leaves out what of the found segment lies on
    void. Crowds are neither matched nor missed. A found segment without a match is forgiven where more than half of it
    lies on void and on the crowd of its class (of several such crowds in a table, the last). A true segment without a
    pixel is missed. `Segments.areas` are not read, nor is `iscrowd` of what was found.

    Args:
        found: of the image.
        truth: of the same size.
        info: the classes.
        image_id: for messages.

    Raises:
        UserError: map and table of an image do not fit each other, or prediction and truth do not.
    """
    _check(found, truth, info, image_id)
    C = info.num_classes
    pixels = intersections(found, truth, image_id=image_id)
    on_void, pairs = pixels[0, 1:], pixels[1:, 1:]
    true_area, area = pixels[1:].sum(1), pixels[:, 1:].sum(0)
    if (area == 0).any():
        absent = int(found.ids[area == 0][0])
        raise UserError(
            f"The table of image '{image_id}' in the prediction names segment {absent}, of which the map has no pixel."
            " Leave it out of the table, or write the map that belongs to it."
        )
    kin = (truth.labels[:, None] == found.labels[None]) & ~truth.iscrowd[:, None]
    union = true_area[:, None] + area[None] - pairs - on_void[None]
    iou = np.divide(pairs, union, out=np.zeros(pairs.shape), where=kin & (pairs > 0))
    matches = iou > 0.5
    matched, best = matches.any(1), iou.max(1, initial=0.0)
    labels = truth.labels[matched]
    forgiven = on_void.copy()
    for label in np.unique(truth.labels[truth.iscrowd]):
        crowd = np.flatnonzero(truth.iscrowd & (truth.labels == label))[-1]
        forgiven += np.where(found.labels == label, pairs[crowd], 0)
    false = ~matches.any(0) & ~(forgiven / np.maximum(area, 1) > 0.5)
    missed = ~matched & ~truth.iscrowd
    return SegmentCounts(
        iou=np.bincount(labels, weights=best[matched], minlength=C).astype(np.float64),
        tp=np.bincount(labels, minlength=C),
        fp=np.bincount(found.labels[false], minlength=C),
        fn=np.bincount(truth.labels[missed], minlength=C),
    )


def intersections(found: Segments, truth: Segments, *, image_id: str) -> NDArray[np.int64]:
    """Pixels that each true segment shares with each found one.

    Args:
        found: P segments.
        truth: T segments, of the same size.
        image_id: for messages.

    Returns:
        `(T + 1, P + 1)`: rows are void and the true segments in the order of their table, columns the found ones.

    Raises:
        UserError: a map holds a number that its table lacks.
    """
    T, P = len(truth), len(found)
    starts, lengths = joint_runs(truth.id_map, found.id_map)
    row = _places(truth, starts, f"the labels of image '{image_id}'")
    column = _places(found, starts, f"the prediction for image '{image_id}'")
    # sums of floats are exact up to 2**53 pixels
    pixels = np.bincount(row * (P + 1) + column, weights=lengths, minlength=(T + 1) * (P + 1))
    return pixels.astype(np.int64).reshape(T + 1, P + 1)


def groups(things: Sequence[bool]) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """Name of each score of `NAMES`, its measure, and the classes that it is the mean of, `(C,)` bool."""
    thing = np.array(things, dtype=bool)
    return [
        (f"{measure}{kind}", measure, kept)
        for kind, kept in (("", np.ones_like(thing)), ("_things", thing), ("_stuff", ~thing))
        for measure in MEASURES
    ]


def _places(segments: Segments, starts: NDArray[np.int64], where: str) -> NDArray[np.int64]:
    """The place of each stretch's segment in its table, from 1; 0 for void."""
    ids = np.concatenate([[VOID], segments.ids])
    values = segments.id_map.reshape(-1)[starts]
    most = int(ids.max())
    if most < _SMALL and (not len(values) or 0 <= int(values.min()) <= int(values.max()) <= most):
        # a table from number to place is several times as quick as a search
        table = np.zeros(most + 1, dtype=np.int64)
        table[ids] = np.arange(len(ids))
        found: NDArray[np.int64] = table[values]
    else:
        order = np.argsort(ids)
        found = order[np.searchsorted(ids, values, sorter=order).clip(max=len(ids) - 1)]
    unknown = ids[found] != values
    if unknown.any():
        raise UserError(
            f"The map in {where} holds segment {int(values[unknown][0])}, which its table of {len(segments)} segments"
            " lacks. Add it to the table, or write 0 where no segment is."
        )
    return found


def _check(found: Segments, truth: Segments, info: DatasetInfo, image_id: str) -> None:
    if found.size != truth.size:
        raise UserError(
            f"The prediction for image '{image_id}' is {found.size[0]}x{found.size[1]}, but its labels are"
            f" {truth.size[0]}x{truth.size[1]} (height x width). Predict at the image's own size."
        )
    for segments, where in ((found, "the prediction for"), (truth, "the labels of")):
        known = (segments.labels >= 0) & (segments.labels < info.num_classes)
        if not known.all():
            raise UserError(
                f"A segment in {where} image '{image_id}' has label {int(segments.labels[~known][0])}, which is none"
                f" of the {info.num_classes} classes of data set '{info.name}'."
            )
        ids = np.sort(segments.ids)
        if len(ids) and (ids[0] <= VOID or (ids[1:] == ids[:-1]).any()):
            wrong = ids[0] if ids[0] <= VOID else ids[1:][ids[1:] == ids[:-1]][0]
            raise UserError(
                f"The table in {where} image '{image_id}' names segment {int(wrong)}"
                f" {'although 0 stands for no segment' if wrong <= VOID else 'twice'}. Number segments from 1, each"
                " once."
            )
