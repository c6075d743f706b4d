"""pycocotools on our types, and random scenes of objects to compare it on."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from drawn_masks import drawn
from segladder.masks import boxes, encode, objects_of
from segladder.types import DatasetInfo, Instances, Objects

INFO = DatasetInfo(
    name="toy",
    classes=("background", "cell", "disk", "rod"),
    palette=((0, 0, 0),) * 4,
    things=(False, True, True, True),
)
NAMES = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"]
NAMES += ["ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"]


def scene(
    seed: int, *, images: int = 6, crowds: bool = True, size: tuple[int, int] = (150, 130)
) -> tuple[list[Instances], list[Objects], list[str]]:
    """What was found and what is true in some images; some empty, with ties among scores and overlaps."""
    rng = np.random.default_rng(seed)
    found, truth = [], []
    for _ in range(images):
        G, D = rng.integers(0, 9, 2) * rng.integers(0, 2, 2)
        true = drawn(rng, G, *size)
        labels = rng.integers(1, 3, G)
        # some are the true ones moved a little, so that overlaps lie around the thresholds
        moved = [np.roll(true[rng.integers(G)], rng.integers(-9, 9, 2), (0, 1)) for _ in range(D if G else 0)]
        guesses = np.concatenate([np.array(moved, dtype=bool).reshape(-1, *size), drawn(rng, 3, *size)])
        masks = encode(guesses)
        truth.append(
            objects_of(
                encode(true),
                labels,
                size=size,
                iscrowd=rng.random(G) < (0.3 if crowds else 0),
                areas=true.sum((1, 2)) * rng.uniform(0.8, 1.2, G),
            )
        )
        found.append(
            Instances(
                masks=masks,
                boxes=boxes(masks) + rng.integers(-1, 2, (len(masks), 4)) * 0.25,
                labels=rng.integers(1, 4, len(masks)),
                scores=rng.integers(0, 8, len(masks)) / 8,
                size=size,
            )
        )
    return found, truth, [str(8 + index) for index in range(images)]


def reference(
    found: list[Instances], truth: list[Objects], *, kind: str, max_detections: int = 100
) -> tuple[np.ndarray, COCOeval]:
    """pycocotools' twelve numbers, NaN for its -1, and its evaluation."""
    images, annotations, results = [], [], []
    for index, (one, objects) in enumerate(zip(found, truth, strict=True)):
        images.append({"id": index, "height": one.size[0], "width": one.size[1]})
        for g in range(len(objects)):
            annotation = {"id": len(annotations) + 1, "image_id": index, "category_id": int(objects.labels[g])}
            annotation |= {"area": float(objects.areas[g]), "iscrowd": int(objects.iscrowd[g])}
            annotation |= {"bbox": _sides(objects.boxes[g]), "segmentation": dict(objects.masks[g])}
            annotations.append(annotation)
        for d in range(len(one)):
            result = {"image_id": index, "category_id": int(one.labels[d]), "score": float(one.scores[d])}
            what = {"segmentation": dict(one.masks[d])} if kind == "mask" else {"bbox": _sides(one.boxes[d])}
            results.append(result | what)
    with contextlib.redirect_stdout(io.StringIO()):
        gt, dt = COCO(), COCO()
        categories = [{"id": index, "name": name} for index, name in enumerate(INFO.classes) if index]
        gt.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
        gt.createIndex()
        if results:
            dt = gt.loadRes(results)
        else:
            dt.dataset = {"images": images, "annotations": [], "categories": categories}
            dt.createIndex()
        run = COCOeval(gt, dt, "segm" if kind == "mask" else "bbox")
        run.params.maxDets = [1, min(10, max_detections), max_detections]
        run.evaluate()
        run.accumulate()
    return _twelve(run), run


def _twelve(run: COCOeval) -> np.ndarray:
    """`COCOeval.summarize` for any number of detections."""
    precision, recall = run.eval["precision"], run.eval["recall"]
    parts = [precision[..., 0, 2], precision[0, ..., 0, 2], precision[5, ..., 0, 2]]
    parts += [precision[..., area, 2] for area in (1, 2, 3)]
    parts += [recall[..., 0, limit] for limit in (0, 1, 2)] + [recall[..., area, 2] for area in (1, 2, 3)]
    return np.array([part[part > -1].mean() if (part > -1).any() else np.nan for part in parts])


def _sides(box: np.ndarray) -> list[float]:
    return [float(v) for v in (box[0], box[1], box[2] - box[0], box[3] - box[1])]
