"""DeepLabV3 over ResNet-50 against torchvision's: training steps and whole-image prediction, measured in pairs.

    python scripts/bench/deeplab.py
    python scripts/bench/deeplab.py --device cuda --rounds 30
    python scripts/bench/deeplab.py --only predict --rounds 9

Both have the same weights, output stride 8, and get raw uint8 images. A training step is normalisation, network, cross
entropy, backward and SGD with momentum, at 513x513 in batches of 2: ours by `Segmenter` and `LossSum`, torchvision's
in a plain loop. A prediction is one 2048x1024 image to its map of classes. In every round each runs once, in changing
order; the ratio is the median over the rounds, its 95 % interval a bootstrap of them. Memory is the highest the process
took (`cuda`: that torch allocated), each in a process of its own. glibc keeps freed buffers, for both.
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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segladder.inference import Segmenter
from segladder.losses import CrossEntropy, LossSum
from segladder.models import Backbone, DeepLabV3
from segladder.types import DatasetInfo

CLASSES = 21
KEEP = {"MALLOC_MMAP_THRESHOLD_": str(2**31 - 1), "MALLOC_TRIM_THRESHOLD_": str(2**34)}
INFO = DatasetInfo(
    name="random",
    classes=tuple(f"class {index}" for index in range(CLASSES)),
    palette=((0, 0, 0),) * CLASSES,
    things=(False,) * CLASSES,
)
Work = Callable[[], object]


def torchvisions() -> nn.Module:
    from torchvision.models.segmentation import deeplabv3_resnet50

    torch.manual_seed(0)
    return deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=CLASSES)


def ours() -> nn.Module:
    """Our network with the weights of torchvision's."""
    net = DeepLabV3(
        3, CLASSES, backbone=Backbone(name="resnet50", source="torchvision"), output_stride=8, atrous_rates=[12, 24, 36]
    )
    theirs = torchvisions().state_dict()
    net.load_state_dict({name.replace("backbone.", "backbone.net.", 1): value for name, value in theirs.items()})
    return net


def batch(count: int, height: int, width: int, device: str) -> tuple[Tensor, Tensor]:
    """Raw images and labels of which a tenth is ignored."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, CLASSES, (count, height, width), generator=generator)
    labels[torch.rand(labels.shape, generator=generator) < 0.1] = INFO.ignore_index
    return images.to(device), labels.to(device)


def normalised(raw: Tensor) -> Tensor:
    mean, std = (torch.tensor(values, device=raw.device).view(1, 3, 1, 1) for values in (INFO.mean, INFO.std))
    return (raw.float() / 255 - mean) / std


def training(who: str, device: str, size: int, count: int) -> Work:
    images, labels = batch(count, size, size, device)
    if who == "ours":
        segmenter = Segmenter(ours(), INFO).to(device).train()
        loss = LossSum({"ce": CrossEntropy()}, {"ce": 1.0}, num_classes=CLASSES)
        fused = torch.optim.SGD(segmenter.parameters(), 1e-3, momentum=0.9, fused=True)

        def step() -> None:
            fused.zero_grad()
            loss(segmenter(images), labels)[0].backward()
            fused.step()

        return step
    net = torchvisions().to(device).train()
    plain = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)

    def plain_step() -> None:
        plain.zero_grad()
        F.cross_entropy(net(normalised(images))["out"], labels, ignore_index=INFO.ignore_index).backward()
        plain.step()

    return plain_step


def prediction(who: str, device: str, height: int, width: int) -> Work:
    raw = batch(1, height, width, device)[0]
    if who == "ours":
        segmenter = Segmenter(ours(), INFO).to(device).eval()

        def predict() -> Tensor:
            with torch.inference_mode():
                return segmenter.inference.classes(segmenter, raw[0])

        return predict
    net = torchvisions().to(device).eval()

    def plain_predict() -> Tensor:
        with torch.inference_mode():
            return net(normalised(raw))["out"][0].argmax(0).to(torch.uint8)

    return plain_predict


def work(row: str, who: str, options: argparse.Namespace) -> Work:
    if row == "train":
        return training(who, options.device, options.crop, options.batch)
    return prediction(who, options.device, *options.image)


def seconds(run: Work, device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def paired(row: str, options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Seconds of ours and of torchvision's, round by round."""
    contestants = {who: work(row, who, options) for who in ("ours", "torchvision")}
    taken: dict[str, list[float]] = {who: [] for who in contestants}
    for number in range(options.rounds + options.warmup):
        order = sorted(contestants, reverse=bool(number % 2))
        for who in order:
            spent = seconds(contestants[who], options.device)
            if number >= options.warmup:
                taken[who].append(spent)
    return taken["ours"], taken["torchvision"]


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % interval of the median, by 10,000 resamples."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(10_000))
    return medians[250], medians[9_749]


def peak(row: str, who: str, options: argparse.Namespace) -> float:
    """Highest memory of two runs in this process, in MiB."""
    run = work(row, who, options)
    for _ in range(2):
        run()
    if options.device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def peak_elsewhere(row: str, who: str, options: argparse.Namespace) -> str:
    """`peak` in a process of its own; a dash where the system has no /proc."""
    if options.device == "cpu" and not Path("/proc/self/status").exists():
        return "-"
    command = [sys.executable, __file__, "--memory-of", row, who, "--device", options.device]
    command += ["--threads", str(options.threads), "--crop", str(options.crop), "--batch", str(options.batch)]
    command += ["--image", *map(str, options.image)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{float(done.stdout.split()[-1]):,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--crop", type=int, default=513)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--image", type=int, nargs=2, default=[1024, 2048], metavar=("H", "W"))
    parser.add_argument("--only", choices=("train", "predict"))
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="leave the memory columns out")
    parser.add_argument("--memory-of", nargs=2, metavar=("ROW", "WHO"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        print(peak(*options.memory_of, options))
        return
    if options.device == "cpu" and any(os.environ.get(key) != value for key, value in KEEP.items()):
        # glibc reads these once, when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP})
    names = {
        "train": f"training step, {options.batch} x {options.crop}x{options.crop}",
        "predict": f"prediction, {options.image[1]}x{options.image[0]}",
    }
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{options.threads} threads"
    print(f"DeepLabV3-R50, output stride 8, {CLASSES} classes, float32, {options.rounds} rounds, {where},")
    print(f"torch {torch.__version__}\n")
    print("| | ours, ms | torchvision, ms | ours / torchvision (95 %) | ours, MiB | torchvision, MiB |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    for row in [options.only] if options.only else names:
        mine, theirs = paired(row, options)
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        low, high = interval(ratios)
        memory = [peak_elsewhere(row, who, options) if options.memory else "-" for who in ("ours", "torchvision")]
        print(
            f"| {names[row]} | {1e3 * statistics.median(mine):,.0f} | {1e3 * statistics.median(theirs):,.0f}"
            f" | {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f}) | {' | '.join(memory)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
