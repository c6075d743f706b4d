"""A tiny panoptic data set in COCO's layout, drawn by code: things, stuff, crowds and void."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CATEGORIES = (
    {"id": 1, "name": "person", "isthing": 1, "color": [220, 20, 60]},
    {"id": 18, "name": "dog", "isthing": 1, "color": [0, 60, 100]},
    {"id": 200, "name": "grass-merged", "isthing": 0, "color": [90, 200, 10]},
)
SIZE = (24, 40)


def drawn_map(number: int) -> tuple[NDArray[np.int32], list[dict[str, int]]]:
    """The number of each pixel's segment, `(H, W)`, and the segments."""
    height, width = SIZE
    ids = np.zeros((height, width), dtype=np.int32)
    ids[:, 4:] = 70_000 + number  # stuff; the first columns are void
    ids[3:10, 6:14] = 5
    ids[5:20, 12 + number % 5 : 22 + number % 5] = 300
    ids[12:22, 28:38] = 16_000_000
    segments = [
        {"id": 70_000 + number, "category_id": 200, "iscrowd": 0},
        {"id": 5, "category_id": 1, "iscrowd": 0},
        {"id": 300, "category_id": 18, "iscrowd": 0},
        {"id": 16_000_000, "category_id": 1, "iscrowd": int(number % 2)},
    ]
    return ids, segments


def draw_panoptic(root: Path, *, splits: dict[str, int] | None = None) -> Path:
    """`annotations/panoptic_{split}.json`, the folder of its PNGs, and the images."""
    for split, count in (splits or {"train2017": 4, "val2017": 3}).items():
        images, annotations = [], []
        for number in range(count):
            ids, segments = drawn_map(number)
            name = f"{number + 1:012d}"
            folder = root / "annotations" / f"panoptic_{split}"
            folder.mkdir(parents=True, exist_ok=True)
            write_map(folder / f"{name}.png", ids)
            (root / split).mkdir(parents=True, exist_ok=True)
            shades = np.stack([ids % 251, ids % 13 * 19, ids % 7 * 30], axis=-1).astype(np.uint8)
            Image.fromarray(shades).save(root / split / f"{name}.jpg")
            images.append({"id": number + 1, "file_name": f"{name}.jpg", "height": SIZE[0], "width": SIZE[1]})
            annotations.append({"image_id": number + 1, "file_name": f"{name}.png", "segments_info": segments})
        content = {"images": images, "annotations": annotations, "categories": list(CATEGORIES)}
        (root / "annotations" / f"panoptic_{split}.json").write_text(json.dumps(content))
    return root


def write_map(path: Path, ids: NDArray[np.int32]) -> None:
    """A PNG whose colours are these numbers."""
    Image.fromarray(np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)).save(path)
