"""Draws a tiny set in COCO's layout: polygons, both kinds of run lengths, a crowd, an empty image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as coco_mask
from PIL import Image

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def draw_coco(
    root: Path,
    *,
    counts: Mapping[str, int] | None = None,
    annotations: str = "annotations/instances_{split}.json",
    images: str = "{split}",
    mode: str = "RGB",
) -> Path:
    """A data set below `root`; in each split every third image is empty."""
    for split, count in (counts or {"train2017": 6, "val2017": 3}).items():
        content: dict[str, Any] = {"images": [], "annotations": [], "categories": CATEGORIES}
        for number in range(count):
            height, width = 40 + 8 * (number % 2), 64
            name = f"{split}_{number:03d}.png"
            # ids with gaps, and not in order
            image = {"id": 1000 - 10 * number, "file_name": name, "height": height, "width": width}
            content["images"].append(image)
            objects = [] if number % 3 == 2 else objects_of(image)
            content["annotations"] += objects
            grey = np.full((height, width), 60, dtype=np.uint8)
            grey[4:20, 6:30] += 80 * bool(objects)
            path = root / images.replace("{split}", split) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grey).convert(mode).save(path)
        path = root / annotations.replace("{split}", split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return root


def objects_of(image: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A cat as a polygon, before it a small dog as compressed run lengths, and a crowd of cats as a list of them."""
    height, width, number = image["height"], image["width"], image["id"]
    cat = [[6, 4, 30, 4, 30, 20, 6, 20]]
    dog = np.zeros((height, width), dtype=np.uint8)
    dog[10:16, 20:40] = 1
    crowd = np.zeros((height, width), dtype=np.uint8)
    crowd[2:30, 26:60] = 1
    common = {"image_id": number}
    return [
        {**common, "id": 10 * number, "category_id": 3, "iscrowd": 0, "segmentation": cat}
        | {"bbox": [6, 4, 24, 16], "area": 384.5},
        {**common, "id": 10 * number + 1, "category_id": 7, "iscrowd": 0, "segmentation": compressed(dog)}
        | {"bbox": [20, 10, 20, 6], "area": 120},
        {**common, "id": 10 * number + 2, "category_id": 3, "iscrowd": 1, "segmentation": uncompressed(crowd)}
        | {"bbox": [26, 2, 34, 28], "area": 952},
    ]


def compressed(mask: np.ndarray) -> dict[str, Any]:
    rle = coco_mask.encode(np.asfortranarray(mask))
    return {"size": list(mask.shape), "counts": rle["counts"].decode()}


def uncompressed(mask: np.ndarray) -> dict[str, Any]:
    flat = mask.flatten(order="F").astype(int)
    changes = np.flatnonzero(np.diff(flat)) + 1
    bounds = [0, *([0] if flat[0] else []), *changes.tolist(), flat.size]
    return {"size": list(mask.shape), "counts": np.diff(bounds).tolist()}
