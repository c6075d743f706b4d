"""Times segladder's metrics beside their peers, interleaved in one process, and prints Markdown tables.

    python scripts/bench/metrics.py              # 1024x2048, 19 classes; about three minutes on two cores
    python scripts/bench/metrics.py rounds=3 height=512 width=1024 only=segments
    python scripts/bench/metrics.py panopticapi=FOLDER boundary_iou_api=FOLDER    # checkouts, on no package index

`only` is matrix, outlines or segments. `clock=cpu` takes the process's own time on the processor instead of seconds
that pass: with OMP_NUM_THREADS=1, for a machine that has other work. Every peer runs as it stands, on the same logits
and labels; each row is checked to give the same counts before it is timed (torchmetrics' PQ apart, which differs).
Peers that are not installed are left out and named. Ratios are medians of the per-round ratios peer / ours, with the
smallest and the largest: above 1 means that ours is faster.
"""

from __future__ import annotations

import importlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from panoptic import TORCHMETRICS, boundary_iou_contestants, partition, pq_of_ids, pq_of_pngs, void_columns
from torch import Tensor

from segladder.metrics import ConfusionMatrix, boundary_counts, classes_of

DEFAULTS = {"rounds": 7, "classes": 19, "height": 1024, "width": 2048, "tolerance": 3, "seed": 0}
PARTS = ("matrix", "outlines", "segments")
IGNORE = 255
CLOCK = [time.perf_counter]
"""What tells the time: the last."""


def main(arguments: list[str]) -> None:
    settings = dict(DEFAULTS)
    words: dict[str, str] = {}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if argument == "clock=cpu":
            CLOCK.append(time.process_time)
        elif name in ("panopticapi", "boundary_iou_api") or (name == "only" and value in PARTS):
            words[name] = value
        elif name in settings and value.isdigit():
            settings[name] = int(value)
        else:
            known = f"{', '.join(settings)} as name=number, only={'|'.join(PARTS)}, clock=cpu"
            sys.exit(f"'{argument}' is no setting. Give any of {known}, panopticapi=FOLDER, boundary_iou_api=FOLDER.")
    torch.manual_seed(settings["seed"])
    C, H, W = (settings[k] for k in ("classes", "height", "width"))
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()},"
        f" torch {torch.__version__}, Python {platform.python_version()};"
        f" MALLOC_MMAP_THRESHOLD_={os.environ.get('MALLOC_MMAP_THRESHOLD_', 'default')};"
        f" ({C}, {H}, {W}), {settings['rounds']} interleaved rounds, medians.\n"
    )
    logits, target = scene(C, H, W)
    wanted = [words["only"]] if "only" in words else PARTS
    if "matrix" in wanted:
        matrices(logits, target, settings)
    if "outlines" in wanted:
        outlines(logits, target, settings, words.get("boundary_iou_api"))
    if "segments" in wanted:
        segments(settings, words.get("panopticapi"))


def matrices(logits: Tensor, target: Tensor, settings: dict[str, int]) -> None:
    C, rounds = settings["classes"], settings["rounds"]
    for layout, memory_format in (
        ("NCHW", torch.contiguous_format),
        ("channels_last", torch.channels_last),
    ):
        these = logits.contiguous(memory_format=memory_format)
        table(
            f"Confusion matrix from {layout} logits, ignore included",
            matrix_contestants(these, target, C),
            rounds,
        )
        table(
            f"Classes of {layout} logits alone",
            {"segladder": lambda x=these: classes_of(x), "argmax(1)": lambda x=these: x.argmax(1)},
            rounds,
        )
    half = logits.bfloat16()
    table(
        "Confusion matrix from NCHW bfloat16 logits",
        {k: v for k, v in matrix_contestants(half, target, C).items() if k in ("segladder", BINCOUNT)},
        rounds,
    )


def outlines(logits: Tensor, target: Tensor, settings: dict[str, int], boundary_iou_api: str | None) -> None:
    C, tolerance = settings["classes"], settings["tolerance"]
    pred = classes_of(logits)
    table(
        f"Boundary F1, {tolerance} px, class maps given",
        {
            "segladder": lambda: boundary_counts(pred, target, num_classes=C, tolerance=tolerance),
            "scipy distance transforms per class": lambda: scipy_boundary(pred, target, C, tolerance),
        },
        min(settings["rounds"], 3),
    )
    known = target.masked_fill(target == IGNORE, 0)
    runs = boundary_iou_contestants(pred, known, C, boundary_iou_api)
    table("Boundary IoU, class maps without ignored pixels given", runs, settings["rounds"])


def segments(settings: dict[str, int], panopticapi: str | None) -> None:
    C, H, W = (settings[k] for k in ("classes", "height", "width"))
    found, truth, info = partition(C, H, W, seed=settings["seed"])
    parts = f"{len(found)} segments found, {len(truth)} true, void and a crowd"
    runs = pq_of_ids(found, truth, info)
    slow = {name: runs[name] for name in ("segladder", TORCHMETRICS)}
    table(f"PQ from maps of numbers, {parts}", slow, min(settings["rounds"], 3))
    # apart: seconds of another's work leave our milliseconds cold caches
    quick = {name: run for name, run in runs.items() if name != TORCHMETRICS}
    table("The same, without torchmetrics", quick, settings["rounds"])
    table(
        f"PQ from the colours of panoptic PNGs, {parts}",
        pq_of_pngs(found, truth, info, panopticapi),
        settings["rounds"],
    )
    ours, theirs = void_columns(H, W, C, seed=settings["seed"])
    print(f"Every third column predicted as void: PQ {ours:.3f}, by torchmetrics {theirs:.3f}.")


def scene(classes: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Smooth regions with noisy logits, and labels that mostly agree, with a tenth ignored."""
    smooth = torch.nn.functional.interpolate(
        torch.randn(1, classes, height // 32 + 2, width // 32 + 2), size=(height, width), mode="bicubic"
    )
    target = (smooth + 0.1 * torch.randn_like(smooth)).argmax(1)
    target[:, : height // 10] = IGNORE
    return smooth + 0.3 * torch.randn_like(smooth), target


BINCOUNT = "argmax + bincount of an int16 index"


def matrix_contestants(logits: Tensor, target: Tensor, num_classes: int) -> dict[str, Callable[[], Any]]:
    """Name -> logits to matrix. Peers that give the matrix are compared with ours first."""
    C = num_classes
    ours = ConfusionMatrix(C, IGNORE)

    def segladder() -> Tensor:
        ours.reset()
        ours.update(logits, target)
        return ours.matrix

    def masked_bincount() -> Tensor:
        pred, keep = logits.argmax(1), target != IGNORE
        return torch.bincount(target[keep] * C + pred[keep], minlength=C * C).view(C, C)

    def int16_bincount() -> Tensor:
        # needs C * 256 < 32,768, and labels known to be bytes
        index = target.to(torch.int16).mul_(C).add_(logits.argmax(1).to(torch.int16)).flatten()
        return torch.bincount(index, minlength=256 * C).view(256, C)[:C]

    runs: dict[str, Callable[[], Any]] = {"segladder": segladder, BINCOUNT: int16_bincount}
    runs["argmax + torch.bincount with a mask"] = masked_bincount

    from torchmetrics.classification import MulticlassConfusionMatrix

    for checked in (True, False):
        peer = MulticlassConfusionMatrix(C, ignore_index=IGNORE, validate_args=checked)

        def torchmetrics(peer: Any = peer) -> Tensor:
            peer.reset()
            peer.update(logits.argmax(1), target)
            return peer.confmat

        checks = "" if checked else ", validate_args=False"
        runs[f"argmax + torchmetrics MulticlassConfusionMatrix{checks}"] = torchmetrics
    sklearn = optional("sklearn.metrics")
    if sklearn:

        def sklearn_matrix() -> Tensor:
            pred, true = logits.argmax(1).numpy().ravel(), target.numpy().ravel()
            keep = true != IGNORE
            return torch.from_numpy(sklearn.confusion_matrix(true[keep], pred[keep], labels=range(C)))

        runs["argmax + sklearn confusion_matrix"] = sklearn_matrix
    city = optional("cityscapesscripts.evaluation.addToConfusionMatrix")
    if city:

        def cityscapes_matrix() -> Tensor:
            pred, true = (x[0].to(torch.uint8).numpy() for x in (logits.argmax(1), target))
            matrix = np.zeros((256, 256), dtype=np.ulonglong)
            matrix = city.cEvaluatePair(pred, true, matrix, list(range(C)))
            return torch.from_numpy(matrix.astype(np.int64))[:C, :C]

        runs["argmax + cityscapesScripts, compiled"] = cityscapes_matrix
    expected = segladder()
    for name, run in runs.items():
        if not torch.equal(run(), expected):
            sys.exit(f"{name} gives another matrix.")
    smp = optional("segmentation_models_pytorch.metrics")
    if smp:  # gives tp, fp, fn, tn per image, no matrix

        def smp_stats() -> Any:
            return smp.get_stats(logits.argmax(1), target, mode="multiclass", num_classes=C, ignore_index=IGNORE)

        tp = smp_stats()[0].sum(0)
        if not torch.equal(tp, expected.diagonal()):
            sys.exit("smp.metrics.get_stats counts other true positives.")
        runs["argmax + smp.metrics.get_stats"] = smp_stats
    return runs


def scipy_boundary(pred: Tensor, target: Tensor, num_classes: int, tolerance: int) -> Tensor:
    """The plain way: per class, the distance of each boundary pixel to the other map's nearest."""
    from scipy.ndimage import distance_transform_edt

    known = target[0].numpy() != IGNORE
    maps = [(m, edges(m, known)) for m in (pred[0].numpy(), target[0].numpy())]
    counts = np.zeros((4, num_classes), dtype=np.int64)
    for c in range(num_classes):
        a, b = (edge & (m == c) for m, edge in maps)
        for row, here, there in ((0, a, b), (2, b, a)):
            counts[row, c] = here.sum()
            if there.any() and here.any():
                counts[row + 1, c] = (distance_transform_edt(~there)[here] <= tolerance).sum()
    return torch.from_numpy(counts)


def edges(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """True where a 4-neighbour is known and of another class."""
    found = np.zeros(labels.shape, dtype=bool)
    for first, second in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        differ = (labels[first] != labels[second]) & known[first] & known[second]
        found[first] |= differ
        found[second] |= differ
    return found


def table(title: str, runs: dict[str, Callable[[], Any]], rounds: int) -> None:
    """Runs all in turn, `rounds` times, the first of them being ours."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start = CLOCK[-1]()
            run()
            times[name].append(CLOCK[-1]() - start)
    own = times[next(iter(runs))]
    print(f"### {title}\n\n| | ms | ratio to ours |\n|---|---:|---:|")
    for name, taken in times.items():
        ratios = sorted(t / o for t, o in zip(taken, own, strict=True))
        spread = "" if taken is own else f" ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"| {name} | {statistics.median(taken) * 1e3:.1f} | {statistics.median(ratios):.2f}x{spread} |")
    print(flush=True)


def optional(module: str) -> Any:
    """The module, or None with a word to the reader."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"({module} is not installed: left out)", file=sys.stderr)
        return None


if __name__ == "__main__":
    main(sys.argv[1:])
