"""From `segladder predict` to its first image read, against `import torch, torchvision` alone, run in turn.

python scripts/bench/predict_startup.py --runs 5
python scripts/bench/predict_startup.py --runs 5 --model deeplab    # whose backbone is torchvision's
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
TRAIN = (
    "debug=fast",
    "logger=csv",
    "data.counts.train=16",
    "data.counts.val=16",
    "data.counts.test=16",
)
PROBE = """
import sys, time
from segladder.inference import pictures
read = pictures.read_picture
def timed(*arguments):
    picture = read(*arguments)
    print("READ", time.time(), file=sys.stderr)
    return picture
pictures.read_picture = timed
from segladder.commands import main
sys.exit(main())
"""
"""The command itself, telling the moment of its first image."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", default="unet_lab")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        train = [
            sys.executable,
            ROOT / "train.py",
            *TRAIN,
            f"model={options.model}",
            f"paths.outputs={folder / 'outputs'}",
        ]
        subprocess.run(train, check=True, capture_output=True)
        [result] = folder.glob("outputs/*/*/result.json")
        Image.new("L", (64, 64)).save(folder / "image.png")
        for run in range(options.runs + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import torch, torchvision"], check=True, capture_output=True)
            alone = time.perf_counter() - began
            row = (alone, first_image(result.parent, folder, run))
            if run:  # the first round warms the disk's cache
                rows.append(row)
                print(f"round {run}: import torch, torchvision {row[0]:.2f} s, to the first image {row[1]:.2f} s")
    ratios = [ours / alone for alone, ours in rows]
    print(
        f"\nto the first image / imports alone: {statistics.median(ratios):.2f}"
        f" ({min(ratios):.2f} to {max(ratios):.2f}), {len(rows)} rounds, {os.cpu_count()} cores"
    )


def first_image(run: Path, folder: Path, number: int) -> float:
    began = time.time()
    words = ["predict", f"run={run}", f"input={folder / 'image.png'}", f"output={folder / str(number)}"]
    done = subprocess.run([sys.executable, "-c", PROBE, *words], check=True, capture_output=True, text=True)
    return float(done.stderr.rpartition("READ")[2].split()[0]) - began


if __name__ == "__main__":
    main()
