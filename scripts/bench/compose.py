"""Composing and checking all jobs of a sweep before the first starts, against Hydra's own composing of them, in turn.

    python scripts/bench/compose.py                     # 500 jobs
    python scripts/bench/compose.py --jobs 20 --rounds 1

Ours is `sweep.dry=true`: the whole command from start to end, with imports, composing, checks of every job against its
data, identities, and what would be done about each. Hydra's is the same configuration with its basic sweeper and
launcher and a task that does nothing: composed once to be validated and once to be run, nothing checked.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from timed_sweep import ROOT, spread, sweep, timed

HYDRA = """
import hydra

@hydra.main(version_base="1.3", config_path={conf!r}, config_name="train")
def nothing(cfg):
    pass

nothing()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500, help="rounded up to a multiple of 50 for the four groups")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    kinds = {
        "one model, seeds": (options.jobs, [f"seed=range(0,{options.jobs})"]),
        "model x loss x optimizer x seed": four_groups(options.jobs),
    }
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch, "hydra_alone.py")
        script.write_text(HYDRA.format(conf=str(ROOT / "conf")))
        for number in range(options.rounds):
            for name, (jobs, words) in kinds.items():
                outputs = Path(scratch, f"{number}-{jobs}-{len(words)}")  # new ones, where nothing is known of any job
                ours, said = sweep([*words, "sweep.dry=true"], outputs)
                if f"{jobs} jobs" not in said:
                    sys.exit(f"It should have told of {jobs} jobs:\n{said[-2000:]}")
                rows[name].append((ours, hydra_alone(script, words, outputs)))
                a, b = rows[name][-1]
                print(
                    f"round {number + 1}, {name}: {jobs} jobs, ours {a:.1f} s, Hydra's composing {b:.1f} s", flush=True
                )
    print(f"\n{options.rounds} rounds, {os.cpu_count()} cores:")
    print("\n| jobs | dry run, s | Hydra's composing alone, s | ours / Hydra's |\n|---|---:|---:|---:|")
    for name, pairs in rows.items():
        ours, theirs = ([pair[i] for pair in pairs] for i in (0, 1))
        ratios = spread([a / b for a, b in pairs])
        print(f"| {kinds[name][0]}: {name} | {spread(ours, '{:.1f}')} | {spread(theirs, '{:.1f}')} | {ratios} |")


def four_groups(jobs: int) -> tuple[int, list[str]]:
    """At least so many jobs, and their words."""
    seeds = -(-jobs // 50)
    words = [
        "model=unet,unet_lab,fcn,deeplab,smp_fpn",
        "loss=ce,dice,focal,dice+ce,0.5*dice+focal",
        "optimizer=adam,adamw",
        f"seed=range(0,{seeds})",
    ]
    return 50 * seeds, words


def hydra_alone(script: Path, words: list[str], outputs: Path) -> float:
    own = ["hydra/launcher=basic", "hydra/sweeper=basic", f"paths.outputs={outputs}"]
    return timed([sys.executable, str(script), "-m", *own, *words])[0]


if __name__ == "__main__":
    main()
