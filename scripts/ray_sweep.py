"""A sweep on a Ray cluster: on yours, or on one of two nodes that is started on this machine to see how it goes.

    python scripts/ray_sweep.py                              # two nodes of one CPU each on this machine, some minutes
    python scripts/ray_sweep.py auto gpus=0.25               # on the cluster that this machine is part of
    python scripts/ray_sweep.py 10.0.0.1:6379 study=loss_ablation

Words of the form key=value go to the sweep (gpus=, cpus= and slots= to its launcher); paths.outputs must lie on a disk
that all nodes share. Started again, it runs only what is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRAIN = Path(__file__).resolve().parent.parent / "train.py"
SWEEP = ("experiment=lab", "loss=ce,dice", "seed=1,2", "study_name=on_ray")
"""Four runs of a small network on drawn disks, 300 steps each."""

TWO_NODES = """
import sys
from ray.cluster_utils import Cluster

small = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
cluster.add_node(**small)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


def main(argv: list[str]) -> int:
    if any(word in ("-h", "--help") for word in argv):
        print(__doc__)
        return 0
    words = [word for word in argv if "=" in word]
    addresses = [word for word in argv if "=" not in word]
    launcher = [f"hydra.launcher.{word}" for word in words if word.startswith(("gpus=", "cpus=", "slots="))]
    own = [word for word in words if not word.startswith(("gpus=", "cpus=", "slots="))]
    sweep = own if any("," in word or word.startswith("study=") for word in own) else [*SWEEP, *own]
    with two_nodes() if not addresses else given(addresses[0]) as address:
        command = [sys.executable, str(TRAIN), "-m", "hydra/launcher=ray", f"hydra.launcher.address={address}"]
        print("$", " ".join(["python", "train.py", *command[2:], *launcher, *sweep]), flush=True)
        return subprocess.run([*command, *launcher, *sweep], check=False).returncode


@contextmanager
def two_nodes() -> Iterator[str]:
    """The address of a cluster of two nodes, which ends with this program."""
    print("Starting a Ray cluster of two nodes on this machine …", flush=True)
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    cluster = subprocess.Popen(
        [sys.executable, "-c", TWO_NODES],
        env=quiet | dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Ctrl-C is for the sweep, whose jobs save their states
        start_new_session=True,
    )
    assert cluster.stdin is not None and cluster.stdout is not None
    address = cluster.stdout.readline().strip()
    if not address:
        raise SystemExit("ray_sweep.py: Ray could not be started. Is it installed (pip install 'segladder[ray]')?")
    try:
        yield address
    finally:
        cluster.stdin.close()
        cluster.wait(60)


@contextmanager
def given(address: str) -> Iterator[str]:
    yield address


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
