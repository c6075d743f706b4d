"""Training steps of Mask R-CNN over ResNet-50 against torchvision's in a plain loop, measured in pairs.

    python scripts/bench/mask_rcnn.py
    python scripts/bench/mask_rcnn.py --version 2 --rounds 30
    python scripts/bench/mask_rcnn.py --device cuda --image 800 1344 --batch 4 --objects 20

Both have the same weights and get the same raw uint8 images with rectangles for objects, at their own size. A step is
normalisation, network, the sum of all losses, backward and SGD with momentum: ours by `InstanceSegmenter` and
`LossSum`, torchvision's in a plain loop. The learning rate is so small that both go on proposing the same boxes, and
both draw their samples from the same seed. In every round each runs once, in changing order; the ratio is the median
over the rounds, its 95 % interval a bootstrap of them. Memory is the highest the process took (`cuda`: that torch
allocated), each in a process of its own. glibc keeps freed buffers, for both.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segladder.inference import InstanceSegmenter
from segladder.losses import CrossEntropy, LossSum
from segladder.models import Backbone, BoxSettings, MaskRCNN, ProposalSettings
from segladder.types import DatasetInfo

THINGS = 20
RATE = 1e-6
KEEP = {"MALLOC_MMAP_THRESHOLD_": str(2**31 - 1), "MALLOC_TRIM_THRESHOLD_": str(2**34)}
INFO = DatasetInfo(
    name="rectangles",
    classes=("background", *(f"thing {index}" for index in range(THINGS))),
    palette=((0, 0, 0),) * (THINGS + 1),
    things=(False, *(True,) * THINGS),
)
Step = Callable[[], object]


def torchvisions(version: int) -> nn.Module:
    from torchvision.models import detection

    torch.manual_seed(0)
    build: Any = {1: detection.maskrcnn_resnet50_fpn, 2: detection.maskrcnn_resnet50_fpn_v2}[version]
    # it would resize to 800 pixels; without, training is the same arithmetic on both sides
    net: nn.Module = build(weights=None, weights_backbone=None, num_classes=THINGS + 1, _skip_resize=True)
    return net


def ours(version: int) -> nn.Module:
    """Our network with the weights of torchvision's."""
    deeper: dict[str, Any] = {"norm": "batch", "rpn": ProposalSettings(convs=2), "box": BoxSettings(convs=4)}
    net = MaskRCNN(
        3, THINGS, backbone=Backbone(name="resnet50", source="torchvision"), **(deeper if version == 2 else {})
    )
    renamed = {"backbone.body.": "backbone.net.", "backbone.fpn.": "fpn."}
    state = {}
    for name, value in torchvisions(version).state_dict().items():
        for old, new in renamed.items():
            name = name.replace(old, new)
        state[name] = value
    net.load_state_dict(state)
    return net


def batch(options: argparse.Namespace) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Raw images and rectangles of all sizes in them, labels from 1."""
    height, width = options.image
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (options.batch, 3, height, width), dtype=torch.uint8, generator=generator)
    targets = []
    for _ in range(options.batch):
        sides = torch.rand(options.objects, 2, generator=generator) * 0.4 + 0.05
        corners = torch.rand(options.objects, 2, generator=generator) * (1 - sides)
        boxes = (torch.cat([corners, corners + sides], dim=1) * torch.tensor([width, height] * 2)).round()
        masks = torch.zeros(options.objects, height, width, dtype=torch.bool)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.int().tolist(), strict=True):
            mask[y1:y2, x1:x2] = True
        labels = torch.randint(1, THINGS + 1, (options.objects,), generator=generator)
        targets.append({"boxes": boxes, "labels": labels, "masks": masks})
    device = options.device
    return images.to(device), [{key: value.to(device) for key, value in target.items()} for target in targets]


def training(who: str, options: argparse.Namespace) -> Step:
    images, targets = batch(options)
    if who == "ours":
        segmenter = InstanceSegmenter(ours(options.version), INFO).to(options.device).train()
        loss = LossSum({"ce": CrossEntropy()}, {"ce": 1.0}, binary=True)
        fused = torch.optim.SGD(segmenter.parameters(), RATE, momentum=0.9, fused=True)

        def step() -> None:
            fused.zero_grad()
            said = segmenter(images, targets)
            total = loss(said.mask_logits, said.mask_targets)[0]
            for part in said.losses.values():
                total = total + part
            total.backward()
            fused.step()

        return step
    net = torchvisions(options.version).to(options.device).train()
    plain = torch.optim.SGD(net.parameters(), RATE, momentum=0.9)

    def plain_step() -> None:
        plain.zero_grad()
        # it normalises by itself
        losses = net(list(images.float() / 255), targets)
        sum(losses.values()).backward()
        plain.step()

    return plain_step


def seconds(run: Step, device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def paired(options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Seconds of ours and of torchvision's, round by round."""
    contestants = {who: training(who, options) for who in ("ours", "torchvision")}
    taken: dict[str, list[float]] = {who: [] for who in contestants}
    for number in range(options.rounds + options.warmup):
        for who in sorted(contestants, reverse=bool(number % 2)):
            torch.manual_seed(number)
            spent = seconds(contestants[who], options.device)
            if number >= options.warmup:
                taken[who].append(spent)
    return taken["ours"], taken["torchvision"]


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % interval of the median, by 10,000 resamples."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(10_000))
    return medians[250], medians[9_749]


def peak(who: str, options: argparse.Namespace) -> float:
    """Highest memory of two steps in this process, in MiB."""
    step = training(who, options)
    for _ in range(2):
        step()
    if options.device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def peak_elsewhere(who: str) -> str:
    """`peak` in a process of its own; a dash where the system has no /proc."""
    if not Path("/proc/self/status").exists():
        return "-"
    done = subprocess.run([sys.executable, *sys.argv, "--memory-of", who], capture_output=True, text=True, check=True)
    return f"{float(done.stdout.split()[-1]):,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--version", type=int, choices=(1, 2), default=1, help="torchvision's first or second")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--objects", type=int, default=8, help="of each image")
    parser.add_argument("--image", type=int, nargs=2, default=[320, 416], metavar=("H", "W"))
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="leave the memory columns out")
    parser.add_argument("--memory-of", metavar="WHO", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        print(peak(options.memory_of, options))
        return
    if options.device == "cpu" and any(os.environ.get(key) != value for key, value in KEEP.items()):
        # glibc reads these once, when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP})
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads"
    height, width = options.image
    print(
        f"Mask R-CNN-R50-FPN, version {options.version}, {THINGS} classes, {options.objects} objects an image, float32,"
    )
    print(f"{options.rounds} rounds, {where}, torch {torch.__version__}\n")
    print("| | ours, ms | torchvision, ms | ours / torchvision (95 %) | ours, MiB | torchvision, MiB |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    mine, theirs = paired(options)
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    low, high = interval(ratios)
    memory = [peak_elsewhere(who) if options.memory else "-" for who in ("ours", "torchvision")]
    print(
        f"| training step, {options.batch} x {width}x{height} | {1e3 * statistics.median(mine):,.0f}"
        f" | {1e3 * statistics.median(theirs):,.0f} | {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
        f" | {' | '.join(memory)} |"
    )


if __name__ == "__main__":
    main()
