"""A sweep that has finished, started again: how long until it says so, against `import pytorch_lightning` alone.

    python scripts/bench/sweep_restart.py               # 500 jobs that really ran: ten minutes
    python scripts/bench/sweep_restart.py --jobs 10

The jobs are real, of one training step each, so that folders, records, locks and index are what a sweep leaves. The
second start finds all of them; a third one, with the index removed, has to compose and check them first.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from timed_sweep import TINY, require_finished, spread, sweep, timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--slots", type=int, default=2, help="of the first start")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    words = [*TINY, f"seed=range(1,{options.jobs + 1})"]
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        outputs = Path(scratch, "outputs")
        first, _ = sweep([*words, f"hydra.launcher.slots={options.slots}"], outputs)
        before = {record["id"]: record["updated"] for record in require_finished(outputs, options.jobs)}
        print(f"first start: {options.jobs} jobs in {first:.1f} s, {options.slots} slots", flush=True)
        for number in range(options.rounds):
            alone, _ = timed([sys.executable, "-c", "import pytorch_lightning"])
            known, _ = sweep(words, outputs)
            for index in outputs.glob(".sweep-index.json"):
                index.unlink()
            unknown, _ = sweep(words, outputs)
            rows.append((alone, known, unknown))
            print(
                f"round {number + 1}: import pytorch_lightning {alone:.1f} s, started again {known:.1f} s,"
                f" without the index {unknown:.1f} s",
                flush=True,
            )
        after = {record["id"]: record["updated"] for record in require_finished(outputs, options.jobs)}
        if before != after:
            sys.exit("The later starts touched records of finished runs.")
    print(f"\n{options.jobs} finished jobs, {options.rounds} rounds, {os.cpu_count()} cores:")
    print("\n| started again | s | / import pytorch_lightning |\n|---|---:|---:|")
    for title, at in (("with its index", 1), ("without", 2)):
        seconds, ratios = [row[at] for row in rows], [row[at] / row[0] for row in rows]
        print(f"| {title} | {spread(seconds, '{:.1f}')} | {spread(ratios)} |")


if __name__ == "__main__":
    main()
