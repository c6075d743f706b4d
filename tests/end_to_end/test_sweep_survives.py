"""A sweep whose launcher and jobs are killed, or that is started twice at once, ends as an undisturbed one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from segladder.runs.record import read
from tiny_runs import OWN_SERVER

SLOW = """
import time
from pytorch_lightning.callbacks import Callback

class Slow(Callback):
    def on_train_batch_end(self, trainer, module, *rest):
        time.sleep(0.1)
"""


@pytest.fixture
def sweep(tiny, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    words = ("plugins=[slow]", "+callbacks.slow._target_=slow.Slow", "loss=ce,dice+ce", "seed=1,2")
    often = ("callbacks.checkpoint.every_minutes=0.003", "callbacks.pictures.enabled=false")
    return (tiny[0], "-m", *tiny[1:], *words, *often, "hydra.launcher.slots=2", "study_name=survivor")


@pytest.fixture
def env(tmp_path):
    return {"PYTHONPATH": str(tmp_path), "WANDB_MODE": "offline"}


@pytest.fixture
def mortal(env):
    """The environment of a launcher that is killed: its jobs notice that only where they are forked from a server."""
    return env | {OWN_SERVER: "1"}


def kill_all(running, outputs: Path) -> int:
    """SIGKILL to the launcher, then to every job that holds a folder; how many those were."""
    running.send(signal.SIGKILL)
    killed = 0
    for lock in outputs.glob("*/*/lock"):
        with suppress(ValueError, FileNotFoundError, ProcessLookupError):
            os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
            killed += 1
    running.process.join()
    return killed


def weights(outputs: Path, record: dict) -> str:
    """A hash of what was learnt: of networks this small the scores alone are often equal."""
    found = [path for path in outputs.glob(f"*/*{record['id'][:8]}*") if read(path).status == "finished"]
    [folder] = found
    tensors = torch.load(folder / "checkpoints/best.ckpt", weights_only=True)["state_dict"]
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(name.encode() + tensor.numpy().tobytes())
    return total.hexdigest()


def by_id(records):
    return {record["id"]: record for record in records}


@pytest.mark.parametrize("chance", [1])
def test_killed_twice_at_random_moments_it_ends_with_the_scores_of_an_undisturbed_one(
    sweep, env, mortal, start, records, tmp_path, chance
):
    calm = start((*sweep, "paths.outputs=calm"), env=env).done()
    assert calm.code == 0, calm.text
    draw = random.Random(chance)
    killed = 0
    for _ in range(2):
        running = start(sweep, env=mortal)
        running.wait_for(lambda: "started" in running.out, timeout=120)  # noqa: B023
        time.sleep(draw.uniform(0.5, 4))
        if running.process.is_alive():
            killed += kill_all(running, tmp_path / "outputs")
    assert killed > 0
    ended = start(sweep, env=env).done()
    assert ended.code == 0, ended.text
    want, got = by_id(records(tmp_path / "calm")), by_id(records(tmp_path / "outputs"))
    finished = {key: record for key, record in got.items() if record["status"] == "finished"}
    assert finished.keys() == want.keys() and len(want) == 4
    for key, record in finished.items():
        assert record["scores"] == want[key]["scores"]
        assert record["per_class"] == want[key]["per_class"]
        assert record["monitor"] == want[key]["monitor"]
        assert weights(tmp_path / "outputs", record) == weights(tmp_path / "calm", want[key])
    # a run that went on did so under its id: one W&B run for each job
    folders = list((tmp_path / "outputs/survivor").glob("*/wandb/offline-run-*/run-*.wandb"))
    ids = {file.stem.removeprefix("run-") for file in folders}
    assert ids == {record["wandb"]["id"] for record in records(tmp_path / "outputs") if record["wandb"]}
    assert len({record["wandb"]["id"] for record in finished.values()}) == 4


def test_two_launchers_at_once_run_no_job_twice(sweep, env, start, records, tmp_path):
    first, second = start(sweep, env=env), start(sweep, env=env)
    done = first.done(), second.done()
    assert [ran.code for ran in done] == [0, 0], done[0].text + done[1].text
    found = records(tmp_path / "outputs")
    assert [record["status"] for record in found] == ["finished"] * 4
    assert len({record["id"] for record in found}) == 4
    started = [line for ran in done for line in ran.out.splitlines() if "] started" in line]
    assert len(started) >= 4
    for ran in done:
        table = ran.out[ran.out.rindex("status") :]
        assert table.count("finished") + table.count("skipped") == 4


def test_jobs_whose_launcher_alone_was_killed_save_their_state_and_end(sweep, mortal, start, records, tmp_path):
    running = start(sweep, env=mortal)
    running.wait_for(lambda: len(list(tmp_path.glob("outputs/*/*/metrics.csv"))) >= 2, timeout=120)
    pids = [json.loads(lock.read_text())["pid"] for lock in tmp_path.glob("outputs/*/*/lock")]
    running.send(signal.SIGKILL)
    running.process.join()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {record["status"] for record in records(tmp_path / "outputs")} == {"interrupted"}
    assert list(tmp_path.glob("outputs/*/*/checkpoints/last.ckpt"))
