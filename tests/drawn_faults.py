"""A folder set with one fault of each kind, and the same without: `from drawn_faults import draw_clean, plant`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = ("background", "leaf", "stem")
SIZE = (48, 64)
"""Height and width."""


def draw_clean(root: Path, *, counts: dict[str, int] | None = None) -> Path:
    """Coloured textures with blocks of three classes, every image of its own; all in one heap with split files."""
    draw = np.random.default_rng(7)
    number = 0
    for split, count in (counts or {"train": 12, "val": 4, "test": 4}).items():
        names = []
        for _ in range(count):
            names.append(f"{number:03d}")
            write_pair(root, names[-1], *drawn(draw))
            number += 1
        (root / "splits").mkdir(parents=True, exist_ok=True)
        (root / "splits" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    (root / "dataset.json").write_text(json.dumps({"classes": list(CLASSES), "ignore_index": 255}))
    return root


def drawn(draw: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image `(H, W, 3)` and its label `(H, W)` with all three classes."""
    label = np.kron(draw.permutation(12).reshape(3, 4) % 3, np.ones((16, 16))).astype(np.uint8)
    ground = np.kron(draw.integers(0, 180, (6, 8, 3)), np.ones((8, 8, 1)))
    return (ground + draw.integers(0, 20, (*SIZE, 3)) + 25 * label[..., None]).astype(np.uint8), label


def write_pair(root: Path, name: str, image: NDArray[np.uint8], label: NDArray[np.uint8]) -> None:
    for kind, pixels in (("images", image), ("labels", label)):
        (root / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / kind / f"{name}.png")


def plant(root: Path) -> dict[str, str]:
    """Plants faults into a set of `draw_clean`.

    Returns:
        Kind of finding -> a part of the file that it must name.
    """
    draw = np.random.default_rng(8)
    images, labels = root / "images", root / "labels"
    whole = (images / "000.png").read_bytes()
    (images / "000.png").write_bytes(whole[: len(whole) // 2])
    (labels / "001.png").write_bytes(b"no picture at all")
    (labels / "002.png").unlink()
    Image.fromarray(drawn(draw)[1][:-8]).save(labels / "003.png")
    bad = drawn(draw)[1]
    bad[:2, :5] = 7
    Image.fromarray(bad).save(labels / "004.png")
    Image.fromarray(np.full(SIZE, 255, dtype=np.uint8)).save(labels / "005.png")
    Image.fromarray(drawn(draw)[0][..., 0].astype(np.uint16) * 200).save(images / "006.png")
    # the image is stored on its side, with the word that turns it; its label is drawn on the upright one
    image = np.asarray(Image.open(images / "007.png"))
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(image)))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(images / "007.png", exif=exif)
    Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(Image.open(labels / "007.png"))))).save(labels / "007.png")
    shutil.copy(images / "012.png", images / "008.png")
    Image.open(images / "016.png").convert("RGB").save(images / "009.jpg", quality=60)
    (images / "009.png").unlink()
    Image.fromarray(drawn(draw)[1]).save(labels / "lonely.png")
    names = [f"{number:03d}" for number in range(12)]
    lines = [*names[:10], "", "010  ", "011", "011", "gone"]
    (root / "splits" / "train.txt").write_bytes("\r\n".join(lines).encode())
    return {
        "unreadable-image": "images/000.png",
        "unreadable-label": "labels/001.png",
        "missing-label": "images/002.png",
        "size": "labels/003.png",
        "values": "labels/004.png",
        "all-ignored": "labels/005.png",
        "depth": "images/006.png",
        "exif-size": "labels/007.png",
        "copy": "images/008.png",
        "alike": "images/009.jpg",
        "orphan-label": "labels/lonely.png",
        "split-file": "splits/train.txt",
        "double-entry": "splits/train.txt",
        "missing-image": "splits/train.txt",
    }
