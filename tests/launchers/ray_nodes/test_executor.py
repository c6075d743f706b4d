"""`hydra/launcher=ray`, on a cluster of two nodes on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from segladder.launchers.ray_nodes.connect import RayCluster
from segladder.launchers.ray_nodes.settings import RaySettings, Request
from segladder.launchers.work import Work
from segladder.types import UserError
from tiny_runs import PIXELS

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")

TWO_NODES = """
import sys
from ray.cluster_utils import Cluster

small = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80 * 2**20}
cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
cluster.add_node(**small)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""

PACKAGE = """
import os, signal, time
from pathlib import Path
from pytorch_lightning.callbacks import Callback

class Note(Callback):
    def on_train_start(self, trainer, module):
        said = f"{os.environ['RAY_RAYLET_PID']} {os.environ.get('CUDA_VISIBLE_DEVICES')}"
        Path(f"node-{module.seed}").write_text(said)

class Kill(Callback):
    def on_train_batch_end(self, trainer, module, *rest):
        if module.seed == 3:
            print("about to go", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

class Slow(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if trainer.current_epoch == 1 and index == 2 and not Path("arrived").exists():
            Path("arrived").touch()
            time.sleep(2)
"""


ENV = {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"}
"""The package above lies in the folder in which sweeps are started."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of two nodes with a CPU each, in a process of its own."""
    env = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    cluster = subprocess.Popen(
        [sys.executable, "-c", TWO_NODES],
        env=os.environ | env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield cluster.stdout.readline().strip()
    finally:
        cluster.stdin.close()
        cluster.wait(60)


@pytest.fixture
def words(address, tmp_path) -> list[str]:
    """Of a sweep on the cluster."""
    (tmp_path / "onray.py").write_text(PACKAGE)
    own = ["plugins=[onray]", "optimizer.lr=0.05"]
    return [PIXELS[0], "-m", *PIXELS[1:], *own, "hydra/launcher=ray", f"hydra.launcher.address={address}"]


@pytest.fixture
def segladder(start) -> Callable[..., Any]:
    """As everywhere, with more patience: a sweep here starts Ray's processes and ours."""
    return lambda *argv: start(argv, env=ENV).done(timeout=600)


def records(outputs: Path) -> dict[int, dict]:
    found = [json.loads(path.read_text()) for path in outputs.glob("*/*/result.json")]
    return {record["seed"]: record for record in found}


@needs_ray
def test_jobs_run_on_both_nodes_as_they_would_here_and_one_that_is_killed_is_told(words, segladder, tmp_path):
    callbacks = ("+callbacks.note._target_=onray.Note", "+callbacks.kill._target_=onray.Kill")
    ran = segladder(*words, *callbacks, "seed=1,2,3,4")
    assert ran.code == 1, ran.text
    assert "Traceback" not in ran.text
    assert "Warning" not in ran.text and "raylet" not in ran.text
    nodes = [(tmp_path / f"node-{seed}").read_text().split(" ") for seed in (1, 2, 3, 4)]
    assert len({raylet for raylet, _ in nodes}) == 2
    assert {gpus for _, gpus in nodes} == {""}
    assert "1 of 4 jobs did not finish" in ran.err
    assert "SIGKILL" in ran.err
    found = records(tmp_path / "outputs")
    assert {seed: found[seed]["status"] for seed in found} == {
        1: "finished",
        2: "finished",
        3: "interrupted",
        4: "finished",
    }
    assert "about to go" in found[3]["error"]["log"]
    # the same run as a process of this machine
    own = [word for word in words if word not in ("-m", PIXELS[0]) and "launcher" not in word]
    alone = segladder(PIXELS[0], *own, "seed=4", "paths.outputs=alone")
    assert alone.code == 0, alone.text
    assert records(tmp_path / "alone")[4]["scores"] == found[4]["scores"]


@needs_ray
def test_a_stopped_sweep_saves_its_states_and_the_same_command_goes_on(words, start, segladder, tmp_path):
    command = [*words, "+callbacks.slow._target_=onray.Slow", "hydra.launcher.slots=1", "seed=1,2"]
    sweep = start(command, env=ENV)
    sweep.wait_for((tmp_path / "arrived").exists, timeout=400)
    sweep.send(signal.SIGINT)
    stopped = sweep.done(timeout=400)
    assert stopped.code == 130, stopped.text
    assert "Traceback" not in stopped.text
    [cut] = records(tmp_path / "outputs").values()
    assert cut["status"] == "interrupted"
    again = segladder(*command)
    assert again.code == 0, again.text
    found = records(tmp_path / "outputs")
    assert {seed: (r["status"], r["time"]["resumed"]) for seed, r in found.items()} == {
        1: ("finished", True),
        2: ("finished", False),
    }
    uncut = segladder(
        PIXELS[0],
        *[word for word in command[1:] if word != "-m" and "launcher" not in word and not word.startswith("seed")],
        "seed=1",
        "paths.outputs=uncut",
    )
    assert uncut.code == 0, uncut.text
    assert records(tmp_path / "uncut")[1]["scores"] == found[1]["scores"]


@needs_ray
def test_what_no_node_can_hold_is_refused_before_anything_starts(words, segladder, tmp_path):
    ran = segladder(*words, "seed=1,2", "trainer.devices=2", "trainer.accelerator=cpu")
    assert ran.code == 1
    assert "asks for 2 CPUs, and no node of the Ray cluster has that" in ran.err
    assert "Traceback" not in ran.text
    assert not list(tmp_path.glob("outputs/single/*"))


@needs_ray
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:9", "no Ray cluster can be reached there"),
        ("ray://127.0.0.1:9", "no Ray cluster can be reached there"),
        ("here", "give host:port"),
    ],
)
def test_an_address_where_nothing_answers_is_told_at_once(address, told):
    with pytest.raises(UserError, match=told):
        RayCluster(address)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"cpu": 1}, "has no key 'cpu': did you mean 'cpus'"),
        ({"cpus": 1.5}, "a whole number from 1, or a part"),
        ({"gpus": 2}, "A job on several GPUs is asked for with trainer.devices"),
        ({"slots": 0}, "slots is 0"),
        ({"memory_gb": "8"}, "memory_gb is '8'"),
        ({"resources": {"GPU": 1}}, "hydra.launcher.gpus is its place"),
        ({"address": 6379}, "address is 6379"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(settings, told):
    with pytest.raises(UserError, match=told):
        RaySettings.checked(settings)


def work(**options) -> Work:
    return Work(number=0, title="seed=1", payload=b"", log=Path("log"), **options)


def test_a_job_asks_for_its_share_of_each_process():
    settings = RaySettings.checked({"cpus": 4, "memory_gb": 2})
    assert settings.request(work(devices=2), gpus_there=False) == Request(cpus=8, memory=2 * 2**30)
    assert settings.request(work(devices=2), gpus_there=True).gpus == 2
    assert settings.request(work(accelerator="cpu"), gpus_there=True).gpus == 0
    assert settings.request(work(accelerator="gpu"), gpus_there=False).gpus == 1
    assert RaySettings.checked({"gpus": 0.25}).request(work(), gpus_there=True).gpus == 0.25


@pytest.mark.parametrize(
    ("settings", "job", "told"),
    [
        ({}, {"nodes": 2}, "a job over Ray runs on one node"),
        ({"gpus": 0}, {"accelerator": "gpu"}, "hydra.launcher.gpus is 0"),
        ({"gpus": 0.5}, {"devices": 2}, "each of them needs a whole GPU"),
    ],
)
def test_a_job_that_ray_cannot_run_is_told(settings, job, told):
    with pytest.raises(UserError, match=told):
        RaySettings.checked(settings).request(work(**job), gpus_there=True)


def test_a_node_holds_as_many_jobs_as_its_scarcest_part_allows():
    node = {"CPU": 8.0, "GPU": 2.0, "memory": 32.0 * 2**30, "a100": 2.0}
    assert Request(cpus=1).fits(node) == 8
    assert Request(cpus=0.5).fits(node) == 16
    assert Request(cpus=1, gpus=0.25).fits(node) == 8
    # a third of a GPU three times on each of two; 0.4 only twice on each, though five would make two GPUs
    assert Request(cpus=1, gpus=1 / 3).fits(node) == 6
    assert Request(cpus=1, gpus=0.4).fits(node) == 4
    assert Request(cpus=1, gpus=2).fits(node) == 1
    assert Request(cpus=1, memory=20 * 2**30).fits(node) == 1
    assert Request(cpus=1, resources=(("a100", 1.0),)).fits(node) == 2
    assert Request(cpus=16).fits(node) == 0
