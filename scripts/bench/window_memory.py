"""What a sliding-window prediction needs beyond network and image: peak memory and seconds, each in a fresh process.

    python scripts/bench/window_memory.py                       # 10,000 x 10,000 pixels, 5 classes, minutes
    python scripts/bench/window_memory.py --side 2000

The network is a U-Net of 2 channels, so that what is measured is the protocol's own. Aim: below 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=10_000, help="height and width of the image (default 10000)")
    parser.add_argument("--classes", type=int, default=5)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--overlaps", type=float, nargs="+", default=[0.25, 0.5])
    options = parser.parse_args()
    print(f"{options.side} x {options.side} x 3 uint8, {options.classes} classes, window {options.window}")
    for overlap in options.overlaps:
        found = in_own_process(options.side, options.classes, options.window, overlap)
        print(
            f"overlap {overlap:g}: {found['windows']:,} windows, {found['peak']:.2f} GB over network and image"
            f" ({found['baseline']:.2f} GB), {found['seconds']:.1f} s; the network alone {found['network']:.1f} s,"
            f" all scores at once would be {found['dense']:.2f} GB"
        )


def in_own_process(*arguments: float) -> dict[str, float]:
    """The measurement in a process of its own, whose peak nothing else has raised."""
    code = f"from window_memory import measured; print(measured{arguments})"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measured(side: int, classes: int, window: int, overlap: float) -> str:
    """GB, seconds and numbers of one prediction, as JSON."""
    import torch

    from segladder.inference import Inference, Segmenter
    from segladder.models import UNet
    from segladder.types import DatasetInfo

    torch.manual_seed(0)
    info = DatasetInfo(
        name="noise",
        classes=tuple(f"class {index}" for index in range(classes)),
        palette=((0, 0, 0),) * classes,
        things=(False,) * classes,
    )
    network = Segmenter(UNet(3, classes, depth=2, base_channels=2), info).eval()
    image = torch.randint(0, 256, (3, side, side), dtype=torch.uint8)
    inference = Inference(window=window, overlap=overlap)
    # the libraries' own buffers belong to the network
    inference.classes(network, image[:, :window, :window])
    baseline = resident()

    spent = Stopwatch(network)
    began = time.perf_counter()
    inference.classes(spent, image)
    return json.dumps(
        {
            "windows": spent.windows,
            "baseline": baseline,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 * 1.024 - baseline,
            "seconds": time.perf_counter() - began,
            "network": spent.seconds,
            "dense": classes * side * side * 4 / 1e9,
        }
    )


class Stopwatch:
    """A network that knows how long it was at work."""

    def __init__(self, network: Any) -> None:
        self.network, self.seconds, self.windows = network, 0.0, 0

    def images(self, raw: Any) -> Any:
        return self._timed(self.network.images, raw)

    def logits(self, images: Any) -> Any:
        self.windows += len(images)
        return self._timed(self.network.logits, images)

    def _timed(self, function: Callable[[Any], Any], tensor: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(tensor)
        finally:
            self.seconds += time.perf_counter() - began


def resident() -> float:
    """GB that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


if __name__ == "__main__":
    main()
