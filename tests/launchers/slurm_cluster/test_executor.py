"""`hydra/launcher=slurm`: on submitit's local executor, and on a cluster of shell scripts that really run the jobs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

import fake_slurm
from segladder.launchers.job_process import pack
from segladder.launchers.slurm_cluster.executor import ClusterExecutor
from segladder.launchers.slurm_cluster.queue import Queue
from segladder.launchers.slurm_cluster.settings import SlurmSettings
from segladder.launchers.work import JobEnd, Work
from segladder.types import UserError
from tiny_runs import PIXELS

ROOT = Path(__file__).parents[3]
ONE_EPOCH = (*PIXELS[1:], "trainer.max_epochs=1")
SLURM = ("hydra/launcher=slurm", "hydra.launcher.partition=gpu", "+hydra.launcher.slurm.exclude=node7")

SLOW = """
import os, time
from pathlib import Path
from pytorch_lightning.callbacks import Callback
class Slow(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        time.sleep(0.1)
        if trainer.current_epoch == 1 and index == 2:
            Path(os.environ["ARRIVED"]).touch()
"""


@pytest.fixture(autouse=True)
def _no_idle_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The environment of a process that reaches a cluster."""
    return fake_slurm.install(tmp_path / "slurm")


@pytest.fixture
def cluster(environment, monkeypatch) -> Path:
    """A cluster that this process reaches; the folder of its state."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Path(environment["FAKE_SLURM"])


@pytest.fixture
def work(tmp_path) -> Callable[..., Work]:
    """`work(function, number=…)`: a job whose task is a function defined within a test."""

    def made(function: Callable, *, number: int = 0, **options) -> Work:
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            job = compose("train", return_hydra_config=True)
        log = tmp_path / "outputs" / "single" / ".jobs" / f"{number:08x}.log"
        return Work(number=number, title=f"seed={number}", payload=pack(function, job), log=log, **options)

    return made


def local(tmp_path: Path, **settings) -> ClusterExecutor:
    return ClusterExecutor({"cluster": "local", "slots": 4, **settings}, outputs=tmp_path / "outputs")


def on(cluster: Path, **settings) -> ClusterExecutor:
    outputs = cluster.parents[1] / "outputs"
    return ClusterExecutor(settings, outputs=outputs, queue=Queue(every=0.2), settle=1)


def ends(executor: ClusterExecutor, count: int, *, timeout: float = 60) -> dict[int, JobEnd]:
    found: dict[int, JobEnd] = {}
    until = time.monotonic() + timeout
    while len(found) < count:
        assert time.monotonic() < until, f"only {found} within {timeout} s"
        found |= dict(executor.ended(0.5))
    return found


def wait_for(sign: Callable[[], object], *, timeout: float = 60) -> None:
    until = time.monotonic() + timeout
    while not sign():
        assert time.monotonic() < until
        time.sleep(0.05)


def results(outputs: Path) -> dict[int, tuple]:
    """By seed, the scores and, as networks this small name the same pixels, a hash of the weights."""
    import torch

    found = {}
    for path in outputs.glob("*/*/result.json"):
        record = json.loads(path.read_text())
        assert record["status"] == "finished"
        state = torch.load(path.parent / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        weights = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in state.values())).hexdigest()
        found[record["seed"]] = (record["scores"], weights)
    return found


def test_a_sweep_on_one_machine_leaves_the_records_of_any_sweep(segladder, tmp_path):
    words = ("train", "-m", *ONE_EPOCH, "seed=1,2")
    usual = segladder(*words, "paths.outputs=usual")
    ran = segladder(*words, "hydra/launcher=slurm", "hydra.launcher.cluster=local", "hydra.launcher.slots=2")
    assert usual.code == 0, usual.text
    assert ran.code == 0, ran.text
    found = results(tmp_path / "outputs")
    assert found == results(tmp_path / "usual")
    assert found[1] != found[2]
    logs = list(tmp_path.glob("outputs/.submitit/*_0_log.out"))
    assert len(logs) == 2
    assert all("Everything is in" in log.read_text() for log in logs)
    assert not list(tmp_path.glob("outputs/.submitit/waiting/*"))


def test_a_job_that_fails_on_the_cluster_is_told_with_the_end_of_its_log(segladder, environment, tmp_path):
    rates = ("optimizer=sgd", "optimizer.lr=0.01,1e30")
    ran = segladder("train", "-m", *ONE_EPOCH, *rates, *SLURM, "hydra.launcher.signal_delay_s=60", env=environment)
    assert ran.code == 1, ran.text
    assert "Traceback" not in ran.text
    assert "1 of 2 jobs did not finish" in ran.err
    assert re.search(r"    \| Run disks-\S+ in outputs/single/", ran.err), ran.err
    assert re.search(r"\(all of it: \S+/\.submitit/\d+_0_log\.out\)", ran.err)
    # what runs at the end of a job must not think of itself as one task of SLURM's, nor advise to use srun
    assert "srun" not in "".join(log.read_text() for log in tmp_path.glob("outputs/.submitit/*.out"))
    [linked] = tmp_path.glob("outputs/single/.jobs/*.log")
    assert "Run disks" in linked.read_text()
    script = Path(environment["FAKE_SLURM"], "12.script").read_text()
    for line in (
        "--partition=gpu",
        "--exclude=node7",
        "--time=240",
        "--nodes=1",
        "--ntasks-per-node=1",
        "--signal=USR2@60",
        "--requeue",
        "--open-mode=append",
    ):
        assert f"#SBATCH {line}\n" in script, script
    assert re.search(r"#SBATCH --job-name=\S*segladder-optimizer\.lr=", script)
    assert "gpus" not in script


def test_a_preempted_job_goes_on_even_when_the_launcher_dies_meanwhile(start, segladder, environment, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    words = ("train", "-m", *PIXELS[1:], "seed=1", "plugins=[slow]", "+callbacks.slow._target_=slow.Slow")
    env = environment | {"PYTHONPATH": str(tmp_path), "ARRIVED": str(tmp_path / "arrived"), "WANDB_MODE": "offline"}
    usual = segladder(*words, "paths.outputs=usual", env=env)
    assert usual.code == 0, usual.text
    (tmp_path / "arrived").unlink()
    from submitit import SlurmJob

    cluster = Path(environment["FAKE_SLURM"])
    launcher = start((*words, *SLURM), env=env)
    launcher.wait_for((tmp_path / "arrived").exists, timeout=400)
    (cluster / "hold").touch()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        SlurmJob(folder=tmp_path / "outputs" / ".submitit", job_id="12")._interrupt()
    launcher.wait_for(lambda: (cluster / "12.state").read_text() == "PENDING")
    [result] = tmp_path.glob("outputs/*/*/result.json")
    cut = json.loads(result.read_text())
    assert cut["status"] == "interrupted"
    launcher.send(signal.SIGKILL)

    launcher = start((*words, *SLURM), env=env)
    launcher.wait_for(lambda: "waits for job 12, submitted earlier" in launcher.out)
    (cluster / "hold").unlink()
    ran = launcher.done(timeout=400)
    assert ran.code == 0, ran.text
    assert len(list(cluster.glob("*.script"))) == 1
    assert results(tmp_path / "outputs") == results(tmp_path / "usual")
    record = json.loads(result.read_text())
    assert record["time"]["resumed"] is True
    assert record["wandb"]["id"] == cut["wandb"]["id"]
    assert "goes on from its last checkpoint" in (tmp_path / "outputs" / ".submitit" / "12_0_log.out").read_text()


def test_a_local_job_is_queued_again_after_submitits_signal(work, tmp_path):
    tried = tmp_path / "tried"

    def task(cfg):
        with open(tried, "a") as file:
            file.write("x")
        try:
            for _ in range(600 if tried.stat().st_size == 1 else 1):
                time.sleep(0.1)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("state saved") from None
        return "done"

    executor = local(tmp_path)
    executor.start(work(task))
    wait_for(tried.exists)
    [note] = (tmp_path / "outputs" / ".submitit" / "waiting").glob("*")
    controller = json.loads(note.read_text())["job"]
    [supervisor] = Path(f"/proc/{controller}/task/{controller}/children").read_text().split()
    os.kill(int(supervisor), signal.SIGUSR2)
    assert ends(executor, 1)[0] == JobEnd(status="finished", value="done")
    assert tried.read_text() == "xx"


def test_ends_are_told_apart(work, tmp_path):
    def killed(cfg):
        print("the last words", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def too_long(cfg):
        time.sleep(60)

    def refused(cfg):
        raise UserError("Nothing was tested.")

    def fine(cfg):
        assert os.environ["COLOUR"] == "blue"
        return os.environ["SEGLADDER_THREADS"]

    executor = local(tmp_path)
    jobs = [(killed, {}), (too_long, {"time_limit": 3}), (refused, {}), (fine, {"env": {"COLOUR": "blue"}})]
    for number, (function, options) in enumerate(jobs):
        executor.start(work(function, number=number, **options))
    found = ends(executor, 4)
    assert [found[number].status for number in range(4)] == ["killed", "timeout", "failed", "finished"]
    assert "ended by SIGKILL. Out of memory is the usual reason" in found[0].error
    assert "    | the last words" in found[0].error
    assert "longer than 0.05 min (sweep.time_limit)" in found[1].error
    assert found[2].error.startswith("Nothing was tested.")
    assert int(found[3].value) >= 1


def test_stopping_a_local_sweep_lets_jobs_save_their_state(work, tmp_path):
    saved = tmp_path / "saved"

    def task(cfg):
        try:
            (saved.parent / "began").touch()
            time.sleep(60)
        except KeyboardInterrupt:
            saved.touch()
            raise

    executor = local(tmp_path)
    executor.start(work(task))
    wait_for((tmp_path / "began").exists)
    executor.stop(now=False)
    assert ends(executor, 1)[0].status == "interrupted"
    assert saved.exists()


def test_closing_a_local_sweep_ends_its_jobs(work, tmp_path):
    def task(cfg):
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    executor = local(tmp_path)
    executor.start(work(task))
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    executor.close()
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), timeout=10)


def test_ctrl_c_leaves_jobs_to_the_cluster_unless_told_otherwise(work, cluster, capsys):
    (cluster / "hold").touch()
    first = on(cluster)
    first.start(work(lambda cfg: "done"))
    first.stop(now=False)
    assert first.ended(1)[0][1].status == "busy"
    first.close()
    assert "`scancel 12` ends them" in capsys.readouterr().out
    assert (cluster / "12.state").read_text() == "PENDING"

    second = on(cluster, on_interrupt="save")
    second.start(work(lambda cfg: "done"))
    assert "waits for job 12" in capsys.readouterr().out
    second.stop(now=False)
    end = ends(second, 1)[0]
    assert (end.status, end.error.partition("\n")[0]) == ("killed", "it was cancelled")
    assert len(list(cluster.glob("*.script"))) == 1


def test_what_the_cluster_refuses_is_told(work, cluster):
    sbatch = cluster.parent / "programs" / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: gpuu' >&2\nexit 1\n")
    executor = on(cluster, partition="gpuu")
    executor.start(work(lambda cfg: "done"))
    end = ends(executor, 1)[0]
    assert end == JobEnd(
        status="failed", error="the cluster did not take it: sbatch: error: invalid partition specified: gpuu"
    )


def test_processes_on_several_machines_find_each_other(work, cluster, tmp_path):
    def task(cfg):
        names = ("RANK", "LOCAL_RANK", "GROUP_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
        words = {name: os.environ[name] for name in names}
        words["slurm"] = [name for name in os.environ if name in ("SLURM_NTASKS", "SLURM_PROCID")]
        (tmp_path / f"rank{words['RANK']}").write_text(json.dumps(words))
        return "done"

    executor = on(cluster)
    executor.start(work(task, devices=2, nodes=2))
    assert ends(executor, 1)[0] == JobEnd(status="finished", value="done")
    wait_for(lambda: len(list(tmp_path.glob("rank*"))) == 4)
    ranks = [json.loads((tmp_path / f"rank{rank}").read_text()) for rank in range(4)]
    assert [(r["GROUP_RANK"], r["LOCAL_RANK"]) for r in ranks] == [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]
    assert {(r["WORLD_SIZE"], r["LOCAL_WORLD_SIZE"], r["MASTER_ADDR"]) for r in ranks} == {("4", "2", "localhost")}
    assert len({r["MASTER_PORT"] for r in ranks}) == 1
    assert all(r["slurm"] == [] for r in ranks)
    assert "--kill-on-bad-exit=1" in (cluster / "12.script").read_text()


def test_a_process_lost_on_another_machine_ends_the_job(work, cluster):
    def task(cfg):
        if os.environ["RANK"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    executor = on(cluster)
    executor.start(work(task, nodes=2))
    end = ends(executor, 1)[0]
    assert end.status == "killed"
    assert re.match(r"a process on \S+: the process was ended by SIGKILL\.", end.error)


def test_debugging_runs_one_job_after_another_here(work, tmp_path, capfd):
    def task(cfg):
        print("seen at once", flush=True)
        return "done"

    executor = ClusterExecutor({"cluster": "debug"}, outputs=tmp_path / "outputs")
    assert executor.slots == 1
    executor.start(work(task))
    assert ends(executor, 1)[0] == JobEnd(status="finished", value="done")
    assert "seen at once" in capfd.readouterr().out


def test_gpus_are_asked_for_by_the_jobs_own_settings(work, tmp_path):
    settings = SlurmSettings.checked({"cluster": "local"})
    job = work(lambda cfg: None, devices=2, accelerator="gpu", time_limit=3600)
    assert settings.parameters(job)["gpus_per_node"] == 2
    assert settings.parameters(job)["timeout_min"] == 65
    assert SlurmSettings.checked({"cluster": "local", "gpus_per_node": 1}).parameters(job)["gpus_per_node"] == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"cluster": "sge"}, "hydra.launcher.cluster is 'sge'; it is one of slurm, local, debug."),
        ({"slots": 0}, "hydra.launcher.slots is 0; give a whole number from 1, or null."),
        ({"partitoin": "gpu"}, "hydra.launcher of hydra/launcher=slurm has no key 'partitoin': did you mean"),
        ({"slurm": {"nodes": 2}}, "hydra.launcher.slurm.nodes cannot be set: trainer.num_nodes says"),
        ({"slurm": {"exclde": "a"}}, "submitit has no parameter 'exclde' for hydra.launcher.slurm: did you mean"),
        ({"mem_gb": "8GB"}, "hydra.launcher.mem_gb is '8GB'; give a number from 0, or null."),
        ({"on_interrupt": "stay"}, "hydra.launcher.on_interrupt is 'stay'; it is leave, save or null."),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        SlurmSettings.checked({"cluster": "local", **settings})


def test_without_a_cluster_or_submitit_the_way_out_is_named(monkeypatch, work, cluster, tmp_path):
    with pytest.raises(UserError, match=r"timeout_min=1 leaves no time to train"):
        SlurmSettings.checked({"timeout_min": 1})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=r"finds no sbatch and no srun .* hydra\.launcher\.cluster=local"):
        SlurmSettings.checked({})
    with pytest.raises(UserError, match=r"trainer\.num_nodes is 2, .* has this machine alone"):
        local(tmp_path).check(work(lambda cfg: None, nodes=2))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'segladder\[slurm\]'"):
        SlurmSettings.checked({})
