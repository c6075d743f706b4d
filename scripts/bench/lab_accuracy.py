"""Foreground IoU and Dice of `experiment=lab` and of the plain script, both on segladder's 1,024 test images.

    python scripts/bench/lab_accuracy.py                   # the plain loop of lab.py
    python scripts/bench/lab_accuracy.py --raw PATH --seeds 5

The script's training is run as it stands with its two seeds replaced; its largest
module is then scored.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from lab import PLAIN  # noqa: E402  the script's own folder must be on the path first

SCORE = """
from segladder.data import DisksDataModule
from segladder.metrics import SemanticMetrics
_data = DisksDataModule(eval_batch_size=64)
_metrics = SemanticMetrics(_data.info, boundary=False)
_found = [value for value in list(globals().values()) if isinstance(value, torch.nn.Module)]
_net = max(_found, key=lambda module: sum(p.numel() for p in module.parameters())).eval()
with torch.no_grad():
    for _batch in _data.test_dataloader():
        _metrics.update(_net(_batch["image"]), _batch["semantic"])
_classes = _metrics.compute()[1]
print("SCORES", _classes["iou"]["disk"], _classes["dice"]["disk"])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, help="the textbook's script; default: a plain loop of the same work")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    source = options.raw.read_text() if options.raw else PLAIN
    found: dict[str, list[tuple[float, float]]] = {"plain script": [], "experiment=lab": []}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(options.seeds):
            found["plain script"].append(plain(source, seed, Path(scratch)))
            found["experiment=lab"].append(ours(seed, Path(scratch)))
            print(f"seed {seed}: " + ", ".join(f"{name} IoU {rows[-1][0]:.4f}" for name, rows in found.items()))
    for name, rows in found.items():
        for index, metric in enumerate(("IoU", "Dice")):
            values = [row[index] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"| {name} | {metric} | {statistics.mean(values):.4f} +- {spread:.4f} |")
    gap = statistics.mean(r[0] for r in found["experiment=lab"]) - statistics.mean(r[0] for r in found["plain script"])
    print(f"difference of the mean IoU: {gap:+.4f}")


def plain(source: str, seed: int, scratch: Path) -> tuple[float, float]:
    """Trains with the script's code up to its loop's end, then scores."""
    tree = ast.parse(source)
    last = next(index for index, node in enumerate(tree.body) if isinstance(node, ast.For))
    tree.body = tree.body[: last + 1]
    for node in ast.walk(tree):
        seeding = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("manual_seed", "default_rng"))
        if seeding and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            node.args = [ast.Constant(seed)]
    script = scratch / "trained.py"
    script.write_text(ast.unparse(tree) + SCORE)
    out = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout
    iou, dice = out.rsplit("SCORES", 1)[1].split()
    return float(iou), float(dice)


def ours(seed: int, scratch: Path) -> tuple[float, float]:
    words = ["experiment=lab", f"seed={seed}", f"paths.outputs={scratch}", "logger=csv"]
    subprocess.run([sys.executable, "train.py", *words], check=True, capture_output=True, cwd=ROOT)
    [result] = scratch.glob(f"single/*-s{seed}-*/result.json")
    classes = json.loads(result.read_text())["per_class"]["test"]
    return classes["iou"]["disk"], classes["dice"]["disk"]


if __name__ == "__main__":
    main()
