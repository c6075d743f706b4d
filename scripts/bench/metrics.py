"""Times segladder's metrics beside their peers, interleaved in one process, and prints Markdown tables.

    python scripts/bench/metrics.py              # 1024x2048, 19 classes; about a minute on two cores
    python scripts/bench/metrics.py rounds=3 height=512 width=1024

Every peer runs as it stands, on the same logits and labels; each row is checked to give the same matrix before it
is timed. Peers that are not installed are left out and named. Ratios are medians of the per-round ratios
peer / ours: above 1 means that ours is faster.
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
from torch import Tensor

from segladder.metrics import ConfusionMatrix, boundary_counts, classes_of

DEFAULTS = {"rounds": 7, "classes": 19, "height": 1024, "width": 2048, "tolerance": 3, "seed": 0}
IGNORE = 255


def main(arguments: list[str]) -> None:
    settings = dict(DEFAULTS)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in settings or not value.isdigit():
            sys.exit(f"'{argument}' is no setting. Give any of {', '.join(settings)} as name=number.")
        settings[name] = int(value)
    torch.manual_seed(settings["seed"])
    C, H, W, rounds = (settings[k] for k in ("classes", "height", "width", "rounds"))
    logits, target = scene(C, H, W)
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()},"
        f" torch {torch.__version__}, Python {platform.python_version()};"
        f" MALLOC_MMAP_THRESHOLD_={os.environ.get('MALLOC_MMAP_THRESHOLD_', 'default')};"
        f" ({C}, {H}, {W}), {rounds} interleaved rounds, medians.\n"
    )
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
    pred = classes_of(logits)
    tolerance = settings["tolerance"]
    table(
        f"Boundary F1, {tolerance} px, class maps given",
        {
            "segladder": lambda: boundary_counts(pred, target, num_classes=C, tolerance=tolerance),
            "scipy distance transforms per class": lambda: scipy_boundary(pred, target, C, tolerance),
        },
        min(rounds, 3),
    )


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
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    own = times[next(iter(runs))]
    print(f"### {title}\n\n| | ms | ratio to ours |\n|---|---:|---:|")
    for name, taken in times.items():
        ratio = statistics.median(t / o for t, o in zip(taken, own, strict=True))
        print(f"| {name} | {statistics.median(taken) * 1e3:.1f} | {ratio:.2f}x |")
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
