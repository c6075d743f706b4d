"""Predictions of Cityscapes made from the truth: moved, relabelled, split, merged, empty, void, and given twice."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def semantic_ids(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Label ids, moved by three pixels, cars named trucks on the left, riders persons, a band of no class."""
    ids = np.roll(truth, 3, axis=1)
    half = ids[:, : ids.shape[1] // 2]
    half[half == 26] = 27
    ids[ids == 25] = 24
    ids[: max(1, len(ids) // 20)] = 0
    return ids


def instances(truth: NDArray[np.uint16]) -> list[tuple[NDArray[np.bool_], int, float]]:
    """Mask, label id and score of what a network might have found, from an instanceIds map."""
    found = []
    every = [int(value) for value in np.unique(truth) if value >= 24]
    for place, value in enumerate(every):
        label = value // 1000 if value >= 1000 else value
        mask = truth == value
        score = ((place * 37) % 100 + 1) / 101
        kind = place % 7
        if kind == 0:
            mask = np.roll(mask, 2, axis=1)
        elif kind == 1:
            label = 26 if label != 26 else 24
        elif kind == 2:
            # split: the left and the right half
            middle = int(np.median(np.nonzero(mask)[1]))
            right = mask & (np.arange(mask.shape[1]) > middle)
            found.append((right, label, score * 0.9))
            mask = mask & ~right
        elif kind == 3:
            # merged with whatever comes next
            mask = mask | (truth == every[(place + 1) % len(every)])
        elif kind == 4:
            mask = np.zeros_like(mask)
        elif kind == 5:
            # found twice, with one score
            found.append((mask.copy(), label, score))
        found.append((mask, label, score))
    height, width = truth.shape
    on_void = np.zeros((height, width), dtype=bool)
    on_void[-height // 5 :, : width // 4] = True
    found.append((on_void, 26, 0.97))
    return found


def write_semantic(truth: Path, folder: Path) -> None:
    """A label PNG for each `*_labelIds.png` below `truth`, named as the benchmark names them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(truth.glob("*/*_gtFine_labelIds.png")):
        ids = semantic_ids(np.asarray(Image.open(path)))
        Image.fromarray(ids).save(folder / path.name.replace("_gtFine_labelIds", "_labelIds"))


def write_instances(truth: Path, folder: Path) -> None:
    """A text file and its masks for each `*_instanceIds.png` below `truth`."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    for path in sorted(truth.glob("*/*_gtFine_instanceIds.png")):
        stem = path.name.removesuffix("_gtFine_instanceIds.png")
        lines = []
        for number, (mask, label, score) in enumerate(instances(np.asarray(Image.open(path)))):
            Image.fromarray((mask * 255).astype(np.uint8)).save(folder / "masks" / f"{stem}_{number}.png")
            lines.append(f"masks/{stem}_{number}.png {label} {score:.6f}\n")
        (folder / f"{stem}.txt").write_text("".join(lines))
