"""Mask AP of dense masks against torchmetrics, measured in pairs, and the memory that a large evaluation takes.

    python scripts/bench/mask_ap.py                           # 200 images of 15 objects at 480x640
    python scripts/bench/mask_ap.py --only memory             # 5,000 images of 100 predictions

Time: encoding and scoring, from whole maps `(15, 480, 640)` of found and of true objects to the numbers. Each image is
drawn once and given to every contestant in turn; the ratio is that of their sums, over several rounds. Ours gives mask
and box AP, torchmetrics mask AP alone. Memory: the highest resident size over that after the imports, in a process of
its own, masks being drawn as runs on the way. Aims: at least 2 times torchmetrics' speed with its default back end, at
most 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segladder.masks import areas, boxes, encode, from_uncompressed, objects_of
from segladder.metrics import AveragePrecision
from segladder.types import DatasetInfo, Instances

CLASSES = 3
OURS = "segladder"
INFO = DatasetInfo(
    name="ellipses",
    classes=("background", *(f"class {index}" for index in range(1, CLASSES + 1))),
    palette=((0, 0, 0),) * (CLASSES + 1),
    things=(False,) + (True,) * CLASSES,
)


def scene(index: int, count: int, size: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """True objects and the same a few pixels off, as whole maps, with classes and scores."""
    draw = np.random.default_rng(index)
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    true, found = np.zeros((2, count, *size), dtype=bool)
    for here, there in zip(true, found, strict=True):
        a, b = draw.uniform(5, size[0] / 6, 2)
        y, x = draw.uniform(0, size[0]), draw.uniform(0, size[1])
        here[:] = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1
        y, x = y + draw.normal(0, a / 6), x + draw.normal(0, b / 6)
        there[:] = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1
    kept = true.any((1, 2))
    labels = draw.integers(1, CLASSES + 1, count)
    return {"true": true[kept], "labels": labels[kept], "found": found, "guesses": labels, "scores": draw.random(count)}


class Ours:
    def __init__(self) -> None:
        self.metric = AveragePrecision(INFO)

    def update(self, index: int, drawn: dict[str, NDArray[Any]]) -> None:
        size = drawn["true"].shape[1:]
        masks = encode(drawn["found"])
        found = Instances(
            masks=masks, boxes=boxes(masks), labels=drawn["guesses"], scores=drawn["scores"], size=(size[0], size[1])
        )
        truth = objects_of(encode(drawn["true"]), drawn["labels"], size=(size[0], size[1]))
        self.metric.update([found], [truth], [str(index)])

    def compute(self) -> float:
        return self.metric.compute()[0]["mask_ap"]


class Torchmetrics:
    def __init__(self, backend: str) -> None:
        from torchmetrics.detection import MeanAveragePrecision

        self.metric: Any = MeanAveragePrecision(iou_type="segm", backend=backend)

    def update(self, index: int, drawn: dict[str, NDArray[Any]]) -> None:
        found = {"masks": drawn["found"], "labels": drawn["guesses"], "scores": drawn["scores"]}
        truth = {"masks": drawn["true"], "labels": drawn["labels"]}
        self.metric.update(*([{k: torch.from_numpy(v) for k, v in part.items()}] for part in (found, truth)))

    def compute(self) -> float:
        return float(self.metric.compute()["map"])


def speed(options: argparse.Namespace) -> None:
    size = options.height, options.width
    makers: dict[str, Callable[[], Any]] = {
        OURS: Ours,
        "torchmetrics (pycocotools, its default)": lambda: Torchmetrics("pycocotools"),
        "torchmetrics (faster_coco_eval)": lambda: Torchmetrics("faster_coco_eval"),
    }
    rounds = []
    for _ in range(options.rounds):
        contestants = {name: make() for name, make in makers.items()}
        seconds = dict.fromkeys(makers, 0.0)
        for index in range(options.images):
            drawn = scene(index, options.objects, size)
            for name, contestant in contestants.items():
                start = time.perf_counter()
                contestant.update(index, drawn)
                seconds[name] += time.perf_counter() - start
        values = {}
        for name, contestant in contestants.items():
            start = time.perf_counter()
            values[name] = contestant.compute()
            seconds[name] += time.perf_counter() - start
        if max(values.values()) - min(values.values()) > 2e-3:
            sys.exit(f"The contestants disagree: {values}.")
        rounds.append(seconds)
    print(
        f"{options.images} images of {options.objects} objects, {size[0]}x{size[1]}, {options.rounds} rounds,"
        f" {torch.get_num_threads()} threads of {os.cpu_count()}; AP"
        f" {', '.join(f'{v:.6f}' for v in values.values())}\n"
    )
    print("| | s | ratio to ours (of each round) |\n|---|---:|---:|")
    for name in makers:
        ratios = [seconds[name] / seconds[OURS] for seconds in rounds]
        median = statistics.median(seconds[name] for seconds in rounds)
        print(f"| {name} | {median:.2f} | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |")


def memory(options: argparse.Namespace) -> None:
    code = f"from mask_ap import measured; print(measured({options.many}, {options.predictions}))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    found = json.loads(done.stdout)
    print(
        f"\n{options.many:,} images of {options.predictions} predictions: {found['peak']:.2f} GB over"
        f" {found['baseline']:.2f} GB; update {found['update']:.1f} s, compute {found['compute']:.1f} s for mask and"
        f" box AP of {found['classes']} classes; {found['area']:,.0f} pixels a mask"
    )


def measured(images: int, predictions: int, classes: int = 80) -> str:
    """GB and seconds of one evaluation, as JSON. Masks are stripes of runs, drawn without a map."""
    info = DatasetInfo(
        name="many",
        classes=tuple(f"class {index}" for index in range(classes)),
        palette=((0, 0, 0),) * classes,
        things=(True,) * classes,
    )
    draw, size = np.random.default_rng(0), (480, 640)
    metric = AveragePrecision(info)
    torch.zeros(1)
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, area = 0.0, 0.0
    for index in range(images):
        masks = [stripes(draw, size) for _ in range(predictions)]
        area += float(areas(masks).mean()) / images
        labels = draw.integers(0, classes, predictions)
        true = draw.choice(predictions, 8, replace=False)
        truth = objects_of([masks[i] for i in true], labels[true], size=size)
        found = Instances(masks=masks, boxes=boxes(masks), labels=labels, scores=draw.random(predictions), size=size)
        start = time.perf_counter()
        metric.update([found], [truth], [str(index)])
        seconds += time.perf_counter() - start
    start = time.perf_counter()
    metric.compute()
    compute = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gigabytes = {"peak": (peak - baseline) / 2**20, "baseline": baseline / 2**20}
    return json.dumps(gigabytes | {"update": seconds, "compute": compute, "classes": classes, "area": area})


def stripes(draw: np.random.Generator, size: tuple[int, int]) -> Any:
    """A parallelogram as runs."""
    height, width = size
    h, w = int(draw.integers(5, 150)), int(draw.integers(5, 150))
    top, left = int(draw.integers(0, height - h - 1)), int(draw.integers(0, width - w))
    counts = [left * height + top]
    for _ in range(w):
        counts += [h, height - h]
    counts[-1] = height * width - sum(counts[:-1])
    return from_uncompressed(counts, size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["speed", "memory"])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--objects", type=int, default=15)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=5000, help="images of the memory test (default 5000)")
    parser.add_argument("--predictions", type=int, default=100, help="in each of them (default 100)")
    options = parser.parse_args()
    if options.only != "memory":
        speed(options)
    if options.only != "speed":
        memory(options)


if __name__ == "__main__":
    main()
