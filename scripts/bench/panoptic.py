"""Contestants of scripts/bench/metrics.py that count segments and the boundaries of classes, ours beside their peers.

panopticapi and boundary-iou-api are on no package index: `metrics.py panopticapi=FOLDER boundary_iou_api=FOLDER` names
checkouts of them. Without these, their cores as written out here stand in for them, and say so.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.panoptic.colors import ids_of_rgb, rgb_of_ids
from segladder.masks import segments_of
from segladder.metrics import PanopticQuality
from segladder.metrics.boundary_iou import boundary_iou_counts, boundary_width
from segladder.metrics.panoptic_quality import segment_counts
from segladder.types import DatasetInfo, Segments

Runs = dict[str, Callable[[], Any]]
SEGMENTS = 33
TORCHMETRICS = "torchmetrics PanopticQuality (no crowds)"


def partition(classes: int, height: int, width: int, *, seed: int) -> tuple[Segments, Segments, DatasetInfo]:
    """A map of 33 cells around random points and the same a few pixels off; void in both, and one crowd."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    near, truth = np.full((height, width), np.inf, dtype=np.float32), np.zeros((height, width), dtype=np.int32)
    wave = 12 * np.sin(columns / 23) + 9 * np.sin(rows / 17)
    for number in range(1, SEGMENTS + 1):
        far = (rows + wave - draw.uniform(0, height)) ** 2 + (columns + wave - draw.uniform(0, width)) ** 2
        truth[far < near] = number
        near = np.minimum(near, far)
    found = np.roll(truth, (7, 11), (0, 1))
    found[:, -width // 12 :] = 0
    truth[: height // 10] = 0
    kept = [np.unique(one[one > 0]) for one in (found, truth)]
    labels = draw.integers(0, classes, SEGMENTS + 1)
    info = DatasetInfo(
        name="cells",
        classes=tuple(f"class {index}" for index in range(classes)),
        palette=((0, 0, 0),) * classes,
        things=tuple(index % 2 == 0 for index in range(classes)),
    )
    crowd = np.arange(len(kept[1])) == 0
    return (
        segments_of(found, kept[0], labels[kept[0]]),
        segments_of(truth, kept[1], labels[kept[1]], iscrowd=crowd),
        info,
    )


def pq_of_ids(found: Segments, truth: Segments, info: DatasetInfo) -> Runs:
    """Name -> maps of numbers to the counts `(C, 4)` or, of torchmetrics, to its PQ."""

    def segladder() -> NDArray[np.float64]:
        one = segment_counts(found, truth, info=info, image_id="a")
        return np.stack([one.iou, one.tp, one.fp, one.fn], axis=1)

    runs: Runs = {"segladder": segladder}
    runs["panopticapi's core, written out again"] = lambda: joint_ids(found, truth, info)
    if not np.allclose(runs["panopticapi's core, written out again"](), segladder(), atol=1e-9):
        sys.exit("The core written out again counts otherwise.")
    from torchmetrics.detection import PanopticQuality as Theirs

    pairs = [torch.from_numpy(category_and_number(one, info))[None] for one in (found, truth)]

    def torchmetrics() -> float:
        things = {index for index, thing in enumerate(info.things) if thing}
        metric = Theirs(things, set(range(info.num_classes)) - things, allow_unknown_preds_category=True)
        metric.update(*pairs)
        return float(metric.compute())

    runs[TORCHMETRICS] = torchmetrics
    return runs


def pq_of_pngs(found: Segments, truth: Segments, info: DatasetInfo, folder: str | None) -> Runs:
    """Name -> decoded panoptic PNGs to counts; panopticapi's own function reads colours, so ours does here, too."""
    colours = [rgb_of_ids(one.id_map) for one in (found, truth)]

    def segladder() -> NDArray[np.float64]:
        maps = [ids_of_rgb(one) for one in colours]
        pair = [
            Segments(id_map=m, ids=one.ids, labels=one.labels, iscrowd=one.iscrowd, areas=one.areas)
            for m, one in zip(maps, (found, truth), strict=True)
        ]
        one = segment_counts(*pair, info=info, image_id="a")
        return np.stack([one.iou, one.tp, one.fp, one.fn], axis=1)

    evaluation = checkout(folder, "panopticapi.evaluation", "panopticapi")
    if evaluation is None:
        return {"segladder": segladder}
    # its function opens files: it gets what they would decode to
    evaluation.Image = SimpleNamespace(open=lambda path: colours["truth" in path])
    categories = {index: {"isthing": int(thing)} for index, thing in enumerate(info.things)}

    def panopticapi() -> NDArray[np.float64]:
        both = [
            {
                "image_id": 1,
                "file_name": "map.png",
                "segments_info": [
                    {"id": int(i), "category_id": int(c), "iscrowd": int(w), "area": int(a)}
                    for i, c, w, a in zip(one.ids, one.labels, one.iscrowd, one.areas, strict=True)
                ],
            }
            for one in (truth, found)
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            stat = evaluation.pq_compute_single_core(0, [both], "truth", "found", categories)
        rows = [stat.pq_per_cat[c] for c in range(info.num_classes)]
        return np.array([[row.iou, row.tp, row.fp, row.fn] for row in rows])

    if not np.allclose(panopticapi(), segladder(), atol=1e-9):
        sys.exit("panopticapi counts otherwise.")
    return {"segladder": segladder, "panopticapi, its own pq_compute_single_core": panopticapi}


def void_columns(height: int, width: int, classes: int, *, seed: int) -> tuple[float, float]:
    """Our PQ and torchmetrics' where every third column of the prediction is void."""
    found, truth, info = partition(classes, height, width, seed=seed)
    hollow = found.id_map.copy()
    hollow[:, ::3] = 0
    kept = np.isin(found.ids, np.unique(hollow))
    found = segments_of(hollow, found.ids[kept], found.labels[kept])
    truth = segments_of(truth.id_map, truth.ids, truth.labels)
    metric = PanopticQuality(info)
    metric.update([found], [truth], ["a"])
    return metric.compute()[0]["pq"], pq_of_ids(found, truth, info)[TORCHMETRICS]()


def joint_ids(found: Segments, truth: Segments, info: DatasetInfo) -> NDArray[np.float64]:
    """What panopticapi does with two maps of numbers: sorts them and their pairs, then walks over dictionaries."""
    out = np.zeros((info.num_classes, 4))
    offset = 256**3
    area = dict(zip(*(part.tolist() for part in np.unique(found.id_map, return_counts=True)), strict=True))
    joint = truth.id_map.astype(np.uint64) * offset + found.id_map.astype(np.uint64)
    pairs = {
        (int(key) // offset, int(key) % offset): int(n)
        for key, n in zip(*np.unique(joint, return_counts=True), strict=True)
    }
    true_area = dict(zip(truth.ids.tolist(), truth.areas.tolist(), strict=True))
    guess = dict(zip(found.ids.tolist(), found.labels.tolist(), strict=True))
    label = dict(zip(truth.ids.tolist(), truth.labels.tolist(), strict=True))
    crowd = {n for n, is_crowd in zip(truth.ids.tolist(), truth.iscrowd, strict=True) if is_crowd}
    done: set[tuple[str, int]] = set()
    for (t, p), shared in pairs.items():
        if t not in label or p not in guess or t in crowd or label[t] != guess[p]:
            continue
        iou = shared / (area[p] + true_area[t] - shared - pairs.get((0, p), 0))
        if iou > 0.5:
            out[label[t]] += [iou, 1, 0, 0]
            done |= {("true", t), ("found", p)}
    crowds = {label[t]: t for t in label if t in crowd}
    for t, c in label.items():
        out[c, 3] += t not in crowd and ("true", t) not in done
    for p, c in guess.items():
        if ("found", p) not in done:
            forgiven = pairs.get((0, p), 0) + (pairs.get((crowds[c], p), 0) if c in crowds else 0)
            out[c, 2] += not forgiven / area[p] > 0.5
    return out


def category_and_number(one: Segments, info: DatasetInfo) -> NDArray[np.int64]:
    """torchmetrics' form: class and instance of each pixel, `(H, W, 2)`; void is a class of its own."""
    labels = np.full(int(one.ids.max()) + 1, info.num_classes)
    labels[one.ids] = one.labels
    return np.stack([labels[one.id_map], one.id_map], axis=-1)


def boundary_iou_contestants(pred: Tensor, target: Tensor, classes: int, folder: str | None) -> Runs:
    """Name -> class maps without ignored pixels to intersections and both areas, `(3, C)`."""
    runs: Runs = {"segladder": lambda: boundary_iou_counts(pred, target, num_classes=classes)}
    api = checkout(folder, "boundary_iou.utils.boundary_utils", "boundary_iou_api")
    if api is not None:
        runs["boundary-iou-api's mask_to_boundary per class"] = lambda: per_class(
            pred, target, classes, api.mask_to_boundary
        )
    else:
        runs["square minimum filter of SciPy per class, written here"] = lambda: per_class(
            pred, target, classes, minimum_filter
        )
    expected = runs["segladder"]()
    for name, run in runs.items():
        if not torch.equal(run(), expected):
            sys.exit(f"{name} counts otherwise.")
    return runs


def per_class(pred: Tensor, target: Tensor, classes: int, region: Callable[[Any], Any]) -> Tensor:
    counts = np.zeros((3, classes), dtype=np.int64)
    p, t = pred[0].numpy(), target[0].numpy()
    for c in range(classes):
        a, b = (region((m == c).astype(np.uint8)).astype(bool) for m in (p, t))
        counts[:, c] = (a & b).sum(), a.sum(), b.sum()
    return torch.from_numpy(counts)


def minimum_filter(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from scipy.ndimage import minimum_filter as least

    eroded: NDArray[np.uint8] = least(mask, 2 * boundary_width(*mask.shape) + 1, mode="constant", cval=0)
    return mask - eroded


def checkout(folder: str | None, module: str, name: str) -> Any:
    """A module of a checkout, or None with a word to the reader."""
    if folder is None:
        print(f"({name}=FOLDER is not given: left out)", file=sys.stderr)
        return None
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    except ImportError as error:
        sys.exit(f"{name}={folder} cannot be imported: {error}.")
