"""What the benchmarks of sweeps share: a sweep as a user types it, timed, its records, and how figures are told."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TINY = (
    "model=unet_lab",
    "model.base_channels=2",
    "data.size=34",
    "data.batch_size=2",
    "data.counts.train=2",
    "data.counts.val=2",
    "data.counts.test=2",
    "trainer.max_epochs=1",
    "logger=csv",
)
"""A run of one step on one batch, all else as shipped: checkpoints, pictures, scores, record."""


def sweep(words: Sequence[str], outputs: Path, *, check: bool = True) -> tuple[float, str]:
    """Seconds that `python train.py -m …` took, and what it printed; W&B, where it is not left out, is offline.

    Raises:
        SystemExit: it failed, and `check` is set.
    """
    command = [sys.executable, str(ROOT / "train.py"), "-m", *words, f"paths.outputs={outputs}"]
    return timed(command, check=check)


def timed(command: Sequence[str], *, check: bool = True) -> tuple[float, str]:
    """Seconds that a command took, and what it printed; likewise."""
    env = os.environ | {"WANDB_MODE": "offline", "COLUMNS": "160"}
    # as on a user's machine: modules are compiled once, not at every start
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if check and done.returncode:
        sys.exit(f"It failed with exit code {done.returncode}: {' '.join(command)}\n{done.stdout}{done.stderr}")
    return seconds, done.stdout


def records(outputs: Path) -> Iterator[dict[str, Any]]:
    """The records of all runs in an outputs folder."""
    for path in sorted(outputs.glob("*/*/result.json")):
        yield json.loads(path.read_text())


def require_finished(outputs: Path, count: int) -> list[dict[str, Any]]:
    """The records, if as many have finished as should have: a fast sweep that ran too little is none.

    Raises:
        SystemExit: they have not.
    """
    found = list(records(outputs))
    finished = [record for record in found if record["status"] == "finished"]
    if len(finished) != count or len(found) != count:
        sys.exit(f"{len(finished)} of {len(found)} runs in {outputs} have finished; {count} should have.")
    return finished


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """`median (smallest to largest)`, or the one value there is."""
    middle = form.format(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))} to {form.format(max(values))})"
