"""The textbook's lab against `experiment=lab`: 300 training steps and the whole command, run in turn.

    python scripts/bench/lab.py                      # against the plain loop below
    python scripts/bench/lab.py --raw PATH --runs 5  # against the textbook's own script

Ours runs as shipped, start-up, scoring of 1,024 images, pictures and offline W&B included. The peer's loop is timed
by a clock set before and after its only top-level `for`; its wall time is that of the untouched script.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

PLAIN = """
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
draw = np.random.default_rng(0)

def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(True), nn.Conv2d(b, b, 3, padding=1), nn.ReLU(True))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([block(1, 16), block(16, 32), block(32, 64)])
        self.lift = nn.ModuleList([nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)])
        self.up = nn.ModuleList([block(64, 32), block(32, 16)])
        self.head = nn.Conv2d(16, 2, 1)

    def forward(self, x):
        skips = []
        for i, stage in enumerate(self.down):
            x = stage(x if i == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        for lift, stage, skip in zip(self.lift, self.up, skips[1::-1]):
            x = stage(torch.cat([lift(x), skip], 1))
        return self.head(x)

def one():
    image = draw.normal(0.2, 0.1, (64, 64)).astype(np.float32)
    y, x = draw.integers(16, 48, 2)
    r = draw.integers(8, 14)
    rows, columns = np.mgrid[:64, :64]
    disk = (rows - y) ** 2 + (columns - x) ** 2 <= r * r
    image[disk] += 0.7
    return torch.from_numpy(image)[None], torch.from_numpy(disk.astype(np.int64))

net = Net()
adam = torch.optim.Adam(net.parameters(), 1e-3)
for step in range(300):
    images, labels = map(torch.stack, zip(*[one() for _ in range(16)]))
    loss = nn.functional.cross_entropy(net(images), labels)
    adam.zero_grad()
    loss.backward()
    adam.step()
with torch.no_grad():
    images, labels = map(torch.stack, zip(*[one() for _ in range(64)]))
    found = net(images).argmax(1) == 1
    print("IoU", ((found & (labels == 1)).sum() / (found | (labels == 1)).sum()).item())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, help="the textbook's script; default: a plain loop of the same work")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source = options.raw.read_text() if options.raw else PLAIN
        raw, timed = Path(scratch, "raw.py"), Path(scratch, "timed.py")
        raw.write_text(source)
        timed.write_text(with_clock(source))
        rows = []
        for run in range(options.runs + 1):
            row = {"raw wall": wall([sys.executable, str(raw)]), "raw steps": clocked(timed)}
            row |= ours(run, Path(scratch, "outputs"))
            if run:  # the first round warms the disk's cache
                rows.append(row)
                print(f"round {run}: " + ", ".join(f"{name} {value:.2f} s" for name, value in row.items()))
    print(f"\n{len(rows)} rounds in turn, median (min to max) of the ratio ours / raw on {os.cpu_count()} cores:")
    for name, a, b in (
        ("300 steps", "our steps", "raw steps"),
        ("300 steps with 3 validations", "our fit", "raw steps"),
        ("whole command", "our wall", "raw wall"),
        ("whole command without fit / raw steps", "our rest", "raw steps"),
    ):
        ratios = [row[a] / row[b] for row in rows]
        print(f"| {name} | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |")


def with_clock(source: str) -> str:
    """The script with its first top-level loop timed, ended right after it."""
    tree = ast.parse(source)
    at = next(index for index, node in enumerate(tree.body) if isinstance(node, ast.For))
    before = ast.parse("import time as _time\n_began = _time.perf_counter()").body
    after = ast.parse("print('LOOP', _time.perf_counter() - _began)\nraise SystemExit").body
    tree.body = [*tree.body[:at], *before, tree.body[at], *after]
    return ast.unparse(tree)


def wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - began


def clocked(script: Path) -> float:
    out = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    return float(out.rsplit("LOOP", 1)[1])


def ours(seed: int, outputs: Path) -> dict[str, float]:
    command = [sys.executable, "train.py", "experiment=lab", f"seed={seed}", f"paths.outputs={outputs}"]
    seconds = wall(command)
    [result] = outputs.glob(f"single/*-s{seed}-*/result.json")
    times = json.loads(result.read_text())["time"]
    return {
        "our steps": times["steps"],
        "our fit": times["fit"],
        "our wall": seconds,
        "our rest": seconds - times["fit"],
    }


if __name__ == "__main__":
    main()
