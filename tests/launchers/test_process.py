"""Jobs as processes: what ends them, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hydra.conf import HydraConf
from omegaconf import OmegaConf

from segladder.launchers.job_process import pack
from segladder.launchers.process import ProcessExecutor
from segladder.launchers.work import JobEnd, Work
from segladder.types import Interrupted, UserError


def job(task, number=0, **more):
    config = OmegaConf.create({"hydra": OmegaConf.structured(HydraConf), "number": number})
    config.hydra.overrides.task = ["a=1"]
    return Work(number=number, title=f"job {number}", payload=pack(task, config), **more)


def run(executor: ProcessExecutor, *works: Work) -> dict[int, JobEnd]:
    waiting, ends = list(works), {}
    while len(ends) < len(works):
        while waiting and len(works) - len(waiting) - len(ends) < executor.slots:
            executor.start(waiting.pop(0))
        ends |= dict(executor.ended(0.5))
    return ends


@pytest.fixture
def executor():
    made = ProcessExecutor(slots=1, grace=1)
    yield made
    made.close()


def test_each_way_to_end_is_told_apart_and_the_next_job_runs_all_the_same(executor, tmp_path):
    def finish(cfg):
        print(f"words {sys.argv[1:]}")
        return cfg.number

    def fail(cfg):
        raise UserError("the value is wrong")

    def break_down(cfg):
        raise RuntimeError("something broke")

    def leave(cfg):
        sys.exit(3)

    def leave_at_once(cfg):
        os._exit(4)

    def die(cfg):
        os.kill(os.getpid(), signal.SIGKILL)

    def stop(cfg):
        raise Interrupted(signal.SIGINT)

    def talk(cfg):
        return "x" * 10**6  # more than a pipe holds

    tasks = (finish, fail, break_down, leave, leave_at_once, die, stop, talk, finish)
    ends = run(executor, *(job(task, n, log=tmp_path / f"{n}.log") for n, task in enumerate(tasks)))
    assert [ends[n].status for n in range(len(tasks))] == [
        *("finished", "failed", "failed", "failed", "failed", "killed", "interrupted", "finished", "finished")
    ]
    assert (ends[0].value, ends[8].value) == (0, 8)
    assert ends[1].error == "the value is wrong"
    assert ends[2].error == "RuntimeError: something broke"
    assert "exit code 3" in ends[3].error and "exit code 4" in ends[4].error
    assert "SIGKILL" in ends[5].error
    assert len(ends[7].value) == 10**6
    assert (tmp_path / "0.log").read_text() == "words ['a=1']\n"
    assert "something broke" in (tmp_path / "2.log").read_text()


def test_a_job_beyond_its_time_is_asked_first_and_then_killed(executor, tmp_path):
    def obey(cfg):
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            raise Interrupted(signal.SIGINT) from None

    def ignore(cfg):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(60)

    began = time.monotonic()
    ends = run(executor, *(job(t, n, log=tmp_path / "log", time_limit=1) for n, t in enumerate((obey, ignore))))
    assert time.monotonic() - began < 30
    assert [ends[n].status for n in (0, 1)] == ["timeout", "timeout"]
    assert "saved its state" in ends[0].error and "was killed" in ends[1].error


def test_a_job_finds_its_share_of_the_machine_in_its_environment(executor, tmp_path):
    def tell(cfg):
        return os.environ["SEGLADDER_THREADS"], os.environ["OWN"], os.getsid(0) == os.getpid()

    [end] = run(executor, job(tell, log=tmp_path / "log", env={"OWN": "yes"}, devices=2)).values()
    assert end.value == (str(max(1, len(os.sched_getaffinity(0)) // 2)), "yes", True)


def test_what_a_killed_job_leaves_behind_is_ended(executor, tmp_path):
    def orphan(cfg):
        child = subprocess.Popen(["sleep", "300"])
        Path(tmp_path / "pid").write_text(str(child.pid))
        os.kill(os.getpid(), signal.SIGKILL)

    [end] = run(executor, job(orphan, log=tmp_path / "log")).values()
    assert end.status == "killed"
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_jobs_on_several_machines_are_refused(executor, tmp_path):
    with pytest.raises(UserError, match="hydra/launcher=slurm"):
        executor.check(Work(number=0, title="a", payload=b"", log=tmp_path, nodes=2))


@pytest.mark.parametrize("grace", [-1, "long", True])
def test_a_grace_that_makes_no_sense_is_refused(grace):
    with pytest.raises(UserError, match=r"hydra\.launcher\.grace"):
        ProcessExecutor(grace=grace)
