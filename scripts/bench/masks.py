"""Times run-length masks beside their peers, interleaved in one process, and prints a Markdown table.

    python scripts/bench/masks.py                    # 100 detections and 15 objects at 480x640, 300 ids
    python scripts/bench/masks.py --height 1024 --width 2048 --rounds 5

Each row is first checked to give the same runs, byte for byte. Peers: torchvision's `paste_masks_in_image`, then
`> 0.5` and pycocotools' encode; pycocotools' encode of whole maps; one comparison and encode per id; one decode and
assignment per mask. Ratios are medians of the per-round ratios peer / ours: above 1 means that ours is faster. Aim for
network output to runs: at least 10.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pycocotools import mask as pycocotools
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image

from segladder.masks import encode, from_id_map, paint, paste

SIDE = 28
Work = Callable[[], Any]


def detections(count: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Soft blobs `(count, 28, 28)` and boxes of 16 to 300 pixels inside the image."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(count, 1, 5, 5, generator=generator)
    soft = torch.nn.functional.interpolate(noise, size=(SIDE, SIDE), mode="bicubic")[:, 0].clamp(0, 1)
    limit = torch.tensor([size[1], size[0]])
    sides = 16 * (300 / 16) ** torch.rand(count, 2, generator=generator)
    first = torch.rand(count, 2, generator=generator) * (limit - sides).clamp(min=0)
    return soft, torch.cat([first, torch.minimum(first + sides, limit)], dim=1)


def ellipses(count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Whole maps `(count, H, W)`."""
    draw = np.random.default_rng(0)
    rows, columns = np.mgrid[: size[0], : size[1]]
    maps = np.zeros((count, *size), dtype=np.uint8)
    for one in maps:
        a, b = draw.uniform(10, size[0] / 4, 2)
        y, x = draw.uniform(0, size[0]), draw.uniform(0, size[1])
        one[:] = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1
    return maps


def nuclei(count: int, size: tuple[int, int]) -> NDArray[np.uint16]:
    """An id map of small disks."""
    draw = np.random.default_rng(1)
    ids = np.zeros(size, dtype=np.uint16)
    for number in range(1, count + 1):
        y, x, r = draw.integers(0, size[0]), draw.integers(0, size[1]), int(draw.integers(4, 12))
        rows, columns = np.ogrid[max(y - r, 0) : y + r, max(x - r, 0) : x + r]
        part = ids[max(y - r, 0) : y + r, max(x - r, 0) : x + r]
        part[((rows - y) ** 2 + (columns - x) ** 2 < r * r)[: part.shape[0], : part.shape[1]]] = number
    return ids


def whole_maps(maps: NDArray[Any]) -> list[bytes]:
    """pycocotools' encode of `(N, H, W)`, which wants columns."""
    return [rle["counts"] for rle in pycocotools.encode(np.asfortranarray(maps.transpose(1, 2, 0)))]


def rows_of(size: tuple[int, int]) -> dict[str, tuple[Work, Work]]:
    """Name -> our work and the peer's, both giving the same."""
    soft, boxes = detections(100, size)
    maps = ellipses(15, size)
    rles = encode(maps)
    ids = nuclei(300, size)

    def torchvisions() -> list[bytes]:
        pasted = paste_masks_in_image(soft[:, None], boxes, size)[:, 0] > 0.5
        return whole_maps(pasted.numpy().astype(np.uint8))

    def one_by_one() -> list[bytes]:
        return [whole_maps((ids == value)[None].astype(np.uint8))[0] for value in np.unique(ids)[1:]]

    def decoded() -> bytes:
        painted = np.zeros(size, dtype=np.int32)
        for value, rle in enumerate(rles, 1):
            painted[pycocotools.decode([rle])[:, :, 0].astype(bool)] = value
        return painted.tobytes()

    return {
        "network output to runs, 100 detections": (lambda: strings(paste(soft, boxes, size)), torchvisions),
        "whole maps to runs, 15 objects": (lambda: strings(encode(maps)), lambda: whole_maps(maps)),
        "id map to runs, 300 ids": (lambda: strings(from_id_map(ids)[0]), one_by_one),
        "runs to one map, 15 objects": (lambda: paint(rles, range(1, 16), size, fill=0).tobytes(), decoded),
    }


def strings(rles: list[Any]) -> list[bytes]:
    return [rle["counts"] for rle in rles]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default 15)")
    options = parser.parse_args()
    size = options.height, options.width
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()},"
        f" torch {torch.__version__}, {size[0]}x{size[1]}, {options.rounds} interleaved rounds, medians.\n"
    )
    print("| | segladder, ms | peer, ms | ratio (of each round) |\n|---|---:|---:|---:|")
    for name, (ours, peer) in rows_of(size).items():
        if ours() != peer():
            sys.exit(f"{name}: the peer gives something else.")
        times = [(clocked(ours), clocked(peer)) for _ in range(options.rounds)]
        mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
        ratios = [b / a for a, b in times]
        spread = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        print(f"| {name} | {mine * 1e3:.2f} | {theirs * 1e3:.2f} | {spread} |", flush=True)


def clocked(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
