"""The processes of one run: one truth for all, no death unnoticed, no orphan."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from segladder.runs.job import Job
from segladder.runs.ranks.team import Lost, PeerLostError, Team, Word
from segladder.types import UserError
from tiny_runs import PIXELS

ROOT = Path(__file__).parents[3]

PLUGIN = """
import os, signal, time
from pytorch_lightning.callbacks import Callback

class Fate(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if trainer.world_size == 1 or trainer.global_rank != 1 or index != 2:
            return
        print("last words of", os.environ["RANK"], flush=True)
        if module.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if module.seed == 3:
            raise ValueError("boom")
        if module.seed == 4:
            time.sleep(1000)
"""


@pytest.fixture
def fated(tmp_path) -> dict[str, str]:
    """The environment in which `plugins=[fate]` can be imported."""
    (tmp_path / "fate.py").write_text(PLUGIN)
    return {"PYTHONPATH": str(tmp_path)}


FATE = ("plugins=[fate]", "+callbacks.fate._target_=fate.Fate")
SHORT = (*PIXELS[1:], "trainer.max_epochs=1", "trainer.accelerator=cpu", "logger=csv")


def records(root: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in root.glob("outputs*/*/*/result.json")]


def test_a_job_is_handed_over_whole():
    cfg = OmegaConf.create({"a": {1: [0.1, 1e-5, None, True]}, "b": "x: [y]"})
    job = Job(
        cfg=cfg,
        public={},
        choices={"model": None},
        overrides=["a=1"],
        name="n",
        sweep=True,
        varying={},
        warnings=[],
        started=1.5,
    )
    word = Word.of(job, folder=Path("/f"), checkpoint=None, address="h", port=7)
    assert Word(**yaml.safe_load(yaml.safe_dump(vars(word)))).settled_job() == job


class Peer:
    """One that is lost from the start, or never."""

    def __init__(self, lost: Lost | None) -> None:
        self.fate, self.ended = lost, False

    def lost(self) -> Lost | None:
        return self.fate

    def ready(self) -> bool:
        return True

    def done(self) -> bool:
        return True

    def end(self) -> None:
        self.ended = True


def test_an_error_that_a_death_led_to_is_told_as_that_death():
    peer = Peer(Lost(rank=1, how="was killed by SIGKILL", killed=True))
    with pytest.raises(PeerLostError, match="Process 1 of 2") as told, Team([peer], world_size=2, on_stuck=print):
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer")
    assert told.value.status == "interrupted" and peer.ended


def test_an_error_of_rank_zero_stays_its_own():
    peer = Peer(Lost(rank=1, how="failed: ValueError: it, too", killed=False))
    with pytest.raises(UserError, match=r"^own$"), Team([peer], world_size=2, on_stuck=print):
        raise UserError("own")
    assert peer.ended


def test_a_rank_zero_that_waits_in_vain_is_ended():
    code = (
        "import ctypes, sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_team import Peer, Lost, Team\n"
        "peer = Peer(Lost(rank=1, how='was killed', killed=True))\n"
        "with Team([peer], world_size=2, on_stuck=lambda error: print('books closed:', error)):\n"
        "    ctypes.CDLL(None).pause()\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), str(ROOT / "tests")])
    ran = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    assert "books closed: Process 1 of 2" in ran.stdout


def test_each_job_has_its_processes_and_a_lost_one_fails_it_alone(segladder, tmp_path, fated):
    ran = segladder("train", "-m", *SHORT, *FATE, "trainer.devices=1,2", "seed=1,2,3", env=fated)
    assert ran.code == 1, ran.text
    found = {(r["environment"]["world_size"], r["seed"]): r for r in records(tmp_path)}
    assert {key: record["status"] for key, record in found.items()} == {
        (1, 1): "finished",
        (1, 2): "finished",
        (1, 3): "finished",
        (2, 1): "interrupted",
        (2, 2): "finished",
        (2, 3): "failed",
    }
    killed, raised = found[2, 1]["error"], found[2, 3]["error"]
    assert "Process 1 of 2" in killed["message"] and "SIGKILL" in killed["message"]
    assert killed["log"] == ["last words of 1"]
    assert "ValueError: boom" in raised["message"]
    assert "2 of 6 jobs did not finish" in ran.err and "ValueError: boom" in ran.err
    assert len(list(tmp_path.glob("outputs/single/*/rank1.log"))) == 3


def test_rank_zero_takes_the_others_along(start, tmp_path, fated):
    run = start(["train", *SHORT, *FATE, "trainer.devices=2", "seed=4"], env=fated)
    # its process hangs in a batch, rank zero in the collective operation of that batch
    run.wait_for(lambda: any(p.read_text() for p in tmp_path.glob("outputs/*/*/rank1.log")), timeout=240)
    [other] = [int(pid) for pid in Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text().split()]
    run.send(signal.SIGKILL)
    run.process.join(10)
    end = time.monotonic() + 2
    while Path(f"/proc/{other}").exists() and Path(f"/proc/{other}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < end, "the other process has outlived rank zero"
        time.sleep(0.02)


def test_a_signal_to_rank_zero_stops_all_at_one_batch_and_all_go_on(start, segladder, tmp_path):
    words = ("train", *SHORT, "trainer.devices=2", "trainer.max_epochs=12")
    run = start(words)
    run.wait_for(lambda: "epoch 2/12" in run.out, timeout=240)
    run.send(signal.SIGINT)
    stopped = run.done(timeout=60)
    assert stopped.code == 130, stopped.text
    [record] = records(tmp_path)
    assert record["status"] == "interrupted"
    ran = segladder(*words)
    assert ran.code == 0, ran.text
    [record] = records(tmp_path)
    assert record["status"] == "finished" and record["time"]["resumed"]


def srun(rank: int, size: int = 2) -> dict[str, str]:
    return {
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_ID": "0",
        "SLURM_NTASKS": str(size),
        "SLURM_NNODES": "1",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
    }


def test_torchrun_and_srun_give_the_run_that_one_command_gives(start, segladder, tmp_path):
    words = (*SHORT, "trainer.devices=2", "optimizer.lr=0.01")
    alone = segladder("train", *words, "paths.outputs=outputs_alone")
    assert alone.code == 0, alone.text
    under_srun = [start(["train", *words, "paths.outputs=outputs_srun"], env=srun(rank)) for rank in (0, 1)]
    assert [run.done().code for run in under_srun] == [0, 0]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", str(ROOT / "train.py")]
    ran = subprocess.run(
        [*torchrun, *words, "paths.outputs=outputs_torchrun"],
        cwd=tmp_path,
        env=os.environ | {"WANDB_MODE": "disabled"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ran.returncode == 0, ran.stderr
    found = records(tmp_path)
    assert len(found) == 3 and {record["environment"]["world_size"] for record in found} == {2}
    assert {record["status"] for record in found} == {"finished"} and len({record["id"] for record in found}) == 1
    assert found[0]["scores"] == found[1]["scores"] == found[2]["scores"]
    assert not list(tmp_path.glob("outputs*/.ranks"))


def test_what_was_started_must_fit_the_devices(start, tmp_path):
    runs = [start(["train", *SHORT, "trainer.devices=3"], env=srun(rank)) for rank in (0, 1)]
    first, second = (run.done() for run in runs)
    assert (first.code, second.code) == (1, 1)
    assert "srun has started 2 processes, and trainer.devices=3" in first.err
    assert "Give trainer.devices=2" in first.err and second.err == ""
    assert not records(tmp_path)


def test_a_sweep_is_not_started_many_times(start):
    runs = [start(["train", "-m", *SHORT, "seed=1,2"], env=srun(rank)) for rank in (0, 1)]
    first, second = (run.done() for run in runs)
    assert (first.code, second.code) == (1, 1)
    assert "each would run the whole sweep" in first.err and second.err == ""


def test_a_strategy_that_hands_nothing_back_is_refused(segladder):
    ran = segladder("train", *SHORT, "trainer.devices=2", "trainer.strategy=ddp_spawn")
    assert ran.code == 1 and "trainer.strategy=ddp_spawn" in ran.err
