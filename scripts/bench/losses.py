"""Our losses against their peers: time and memory of forward + backward, measured in turns.

    python scripts/bench/losses.py                    # glibc's allocator as it comes
    python scripts/bench/losses.py --allocator keep   # freed buffers kept, as segladder trains by default
    python scripts/bench/losses.py --size 4 21 512 512 --rounds 15 --layout channels_last

Time: every contestant runs once per round, in changing order, so that a busy machine slows all alike; the table has
medians, and the ratio to the fastest peer as the median over rounds of the two times of one round. Memory: what the
process's resident size peaks at above its size before the call, minus the logits' gradient, in a process of its own
with glibc told to map every buffer of 64 KiB and more afresh, so that freed memory leaves at once (Linux only).

Peers run as they stand, from segmentation_models_pytorch, kornia and monai, with the ignore rule they have or, for
monai, which has none, with a mask made from the labels. kornia's Dice and Tversky take the mean over images.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from segladder.losses import CrossEntropy, Dice, Focal, LossSum, Tversky

IGNORE = 255
KEEP = {"MALLOC_MMAP_THRESHOLD_": str(2**31 - 1), "MALLOC_TRIM_THRESHOLD_": str(2**34)}
MAP_ALL = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
Loss = Callable[[Tensor, Tensor], Tensor]
ROWS = ("dice+ce", "ce", "dice", "focal", "tversky")
ABSENT = "absent"


def ours(row: str) -> Loss:
    """The sum that `loss=row` builds."""
    made = {"ce": CrossEntropy, "dice": Dice, "focal": Focal, "tversky": Tversky}
    names = row.split("+")
    loss = LossSum({name: made[name]() for name in names}, dict.fromkeys(names, 1.0), ignore_index=IGNORE)
    return lambda logits, target: loss(logits, target)[0]


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target, ignore_index=IGNORE)


def smp(row: str) -> Loss:
    losses = importlib.import_module("segmentation_models_pytorch.losses")
    return {
        "dice": losses.DiceLoss("multiclass", ignore_index=IGNORE),
        "focal": losses.FocalLoss("multiclass", ignore_index=IGNORE),
        "tversky": losses.TverskyLoss("multiclass", ignore_index=IGNORE, alpha=0.3, beta=0.7),
    }[row]


def kornia(row: str) -> Loss:
    losses = importlib.import_module("kornia.losses")

    def tversky(logits: Tensor, target: Tensor) -> Tensor:
        return losses.tversky_loss(logits, target, alpha=0.3, beta=0.7, ignore_index=IGNORE)

    def focal(logits: Tensor, target: Tensor) -> Tensor:
        return losses.focal_loss(logits, target, alpha=None, gamma=2.0, reduction="mean", ignore_index=IGNORE)

    def dice(logits: Tensor, target: Tensor) -> Tensor:
        return losses.dice_loss(logits, target, average="macro", ignore_index=IGNORE)

    return {"dice": dice, "focal": focal, "tversky": tversky}[row]


def monai(row: str) -> Loss:
    losses = importlib.import_module("monai.losses")
    masked = {
        "dice": lambda: losses.MaskedDiceLoss(to_onehot_y=True, softmax=True, batch=True, smooth_nr=0, smooth_dr=1e-8),
        "tversky": lambda: losses.TverskyLoss(to_onehot_y=True, softmax=True, batch=True, alpha=0.3, beta=0.7),
        "focal": lambda: losses.FocalLoss(to_onehot_y=True, use_softmax=True, reduction="none"),
    }[row]()

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        valid = (target != IGNORE).unsqueeze(1)
        labels = target.unsqueeze(1).where(valid, 0)
        if row == "dice":
            return masked(logits, labels, mask=valid.float())
        if row == "focal":
            return (masked(logits, labels) * valid).sum() / valid.sum()
        # no mask here: the ignored pixels take part, which makes it no slower
        return masked(logits, labels)

    return loss


LIBRARIES: dict[str, Callable[[str], Loss]] = {"smp": smp, "kornia": kornia, "monai": monai}


def peers(row: str) -> dict[str, Loss | None]:
    """The contestants of a row by name; None for a library that is not installed."""
    if row == "ce":
        return {"torch F.cross_entropy": cross_entropy}
    found: dict[str, Loss | None] = {}
    for library, make in LIBRARIES.items():
        name = f"F.cross_entropy + {library}" if "+" in row else library
        try:
            single = make(row.split("+")[0])
        except ModuleNotFoundError:
            found[name] = None
            continue
        found[name] = (lambda z, t, s=single: cross_entropy(z, t) + s(z, t)) if "+" in row else single
    if row == "focal":

        def from_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
            ce = F.cross_entropy(logits, target, ignore_index=IGNORE, reduction="none")
            return ((1 - (-ce).exp()) ** 2 * ce).sum() / (target != IGNORE).sum()

        found["from F.cross_entropy"] = from_cross_entropy
    return found


def batch(size: list[int], layout: str) -> tuple[Tensor, Tensor]:
    """Logits that need a gradient, and labels of which a tenth is ignored."""
    torch.manual_seed(0)
    images, classes, height, width = size
    logits = 3 * torch.randn(images, classes, height, width)
    target = torch.randint(0, classes, (images, height, width))
    target[torch.rand(target.shape) < 0.1] = IGNORE
    return logits.contiguous(memory_format=getattr(torch, layout)).requires_grad_(), target


def step(loss: Loss, logits: Tensor, target: Tensor) -> float:
    """Seconds of one forward and backward."""
    logits.grad = None
    start = time.perf_counter()
    loss(logits, target).backward()
    return time.perf_counter() - start


def times(contestants: dict[str, Loss], size: list[int], layout: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each round, by contestant."""
    logits, target = batch(size, layout)
    order, taken = list(contestants), {name: [] for name in contestants}
    for number in range(rounds + 2):
        random.Random(number).shuffle(order)
        for name in order:
            seconds = step(contestants[name], logits, target)
            if number >= 2:
                taken[name].append(seconds)
    return taken


def resident(field: str) -> float:
    """A size of this process in MiB, from /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def memory(row: str, name: str, size: list[int], layout: str) -> float:
    """Extra MiB of one step, measured in this process."""
    loss = ours(row) if name == "segladder" else peers(row)[name]
    assert loss is not None
    logits, target = batch(size, layout)
    for _ in range(2):
        step(loss, logits, target)
    logits.grad = None
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    step(loss, logits, target)
    return resident("VmHWM") - before - logits.numel() * logits.element_size() / 2**20


def measured_memory(row: str, name: str, arguments: argparse.Namespace) -> str:
    """Extra MiB of one step, measured in a process of its own; a dash where the system has no /proc."""
    if not Path("/proc/self/clear_refs").exists():
        return "-"
    command = [sys.executable, __file__, "--layout", arguments.layout, "--threads", str(arguments.threads)]
    command += ["--memory-of", row, name, "--size", *map(str, arguments.size)]
    done = subprocess.run(command, env={**os.environ, **MAP_ALL}, capture_output=True, text=True, check=True)
    return f"{float(done.stdout.split()[-1]):.0f}"


def table(arguments: argparse.Namespace) -> None:
    """Print the Markdown table."""
    images, classes, height, width = arguments.size
    print(f"\nForward + backward, ({images}, {classes}, {height}, {width}) {arguments.layout}, 10 % ignored,")
    print(f"float32, eager, {arguments.threads} threads, allocator: {arguments.allocator}, {arguments.rounds} rounds,")
    print(f"torch {torch.__version__}, {platform.machine()}\n")
    print("| loss | by | ms | ours / it | extra MiB |\n|---|---|---:|---:|---:|", flush=True)
    for row in arguments.rows:
        rivals = peers(row)
        taken = times(
            {"segladder": ours(row), **{name: loss for name, loss in rivals.items() if loss is not None}},
            arguments.size,
            arguments.layout,
            arguments.rounds,
        )
        for name in sorted(taken, key=lambda each: statistics.median(taken[each])):
            ratio = statistics.median(a / b for a, b in zip(taken["segladder"], taken[name], strict=True))
            shown = "" if name == "segladder" else f"{ratio:.2f}"
            extra = measured_memory(row, name, arguments) if arguments.memory else "-"
            print(f"| {row} | {name} | {1000 * statistics.median(taken[name]):.1f} | {shown} | {extra} |", flush=True)
        for name in (name for name, loss in rivals.items() if loss is None):
            print(f"| {row} | {name} | {ABSENT} | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--allocator", choices=("default", "keep"), default="default", help="glibc's freed buffers")
    parser.add_argument("--size", nargs=4, type=int, default=[4, 21, 512, 512], metavar=("B", "C", "H", "W"))
    parser.add_argument("--layout", choices=("contiguous_format", "channels_last"), default="contiguous_format")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="leave the memory column out")
    parser.add_argument("--memory-of", nargs=2, metavar=("ROW", "NAME"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory_of:
        print(memory(*arguments.memory_of, arguments.size, arguments.layout))
    elif arguments.allocator == "keep" and any(os.environ.get(key) != value for key, value in KEEP.items()):
        # glibc reads these once, when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP})
    else:
        table(arguments)


if __name__ == "__main__":
    main()
