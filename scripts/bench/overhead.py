"""What the framework adds to a training step: a tiny network trained by `segladder train` and by a plain loop.

    python scripts/bench/overhead.py --steps 400

Same network, loss, images and optimizer; ours with metrics.csv, offline W&B, checkpoints and everything else on. The
difference of the times per step is the overhead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TINY = ["model=unet_lab", "model.base_channels=2", "data.size=34", "data.batch_size=2", "data.counts.val=2"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for run in range(options.runs):
            rows.append((ours(run, options.steps, Path(scratch)), plain(options.steps)))
            print(f"round {run}: ours {rows[-1][0]:.2f} ms a step, plain loop {rows[-1][1]:.2f} ms")
    added = [a - b for a, b in rows]
    print(
        f"\noverhead: {statistics.median(added):.2f} ms a step ({min(added):.2f} to {max(added):.2f}),"
        f" {options.runs} rounds of {options.steps} steps, {os.cpu_count()} cores"
    )


def ours(seed: int, steps: int, outputs: Path) -> float:
    words = [*TINY, f"data.counts.train={2 * steps}", "data.counts.test=2", "trainer.max_epochs=1", f"seed={seed}"]
    env = os.environ | {"WANDB_MODE": "offline"}
    command = [sys.executable, "train.py", *words, f"paths.outputs={outputs}"]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=env)
    [result] = outputs.glob(f"single/*-s{seed}-*/result.json")
    return 1e3 * json.loads(result.read_text())["time"]["steps"] / steps


def plain(steps: int) -> float:
    """The same steps in a process of its own."""
    code = f"from overhead import plain_loop; print(plain_loop({steps}))"
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=Path(__file__).parent
    )
    return float(out.stdout)


def plain_loop(steps: int) -> float:
    import torch

    from segladder.config.machine import keep_freed_buffers
    from segladder.data import DisksDataModule
    from segladder.models import UNet

    keep_freed_buffers()
    data = DisksDataModule(batch_size=2, size=34, counts={"train": 2 * steps, "val": 2, "test": 2})
    net = UNet(1, 2, depth=2, base_channels=2, batch_norm=False).to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
    began = time.perf_counter()
    for batch in data.train_dataloader():
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        loss = torch.nn.functional.cross_entropy(net(image), batch["semantic"])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return 1e3 * (time.perf_counter() - began) / steps


if __name__ == "__main__":
    main()
