"""A cluster in one file: sbatch, srun, squeue, scancel and scontrol as far as a job's life needs them.

Jobs really run, on this machine, from the very scripts that are submitted; the machines of a job are processes.
Called by the name of a program; `FAKE_SLURM` names the folder of its state. A file `hold` in it keeps jobs waiting.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path(os.environ.get("FAKE_SLURM", "/nowhere"))
PROGRAMS = ("sbatch", "srun", "squeue", "scancel", "scontrol")


def install(folder: Path) -> dict[str, str]:
    """Puts the programs into a folder; returns the environment in which they are found."""
    programs, state = folder / "programs", folder / "cluster"
    programs.mkdir(parents=True)
    state.mkdir()
    for name in PROGRAMS:
        file = programs / name
        file.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {name} "$@"\n')
        file.chmod(0o755)
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "FAKE_SLURM": str(state)}


def sbatch(script: str) -> None:
    job = str(12 + len(list(STATE.glob("*.script"))))
    (STATE / f"{job}.script").write_text(Path(script).read_text())
    _say(job, "PENDING")
    runner = [sys.executable, __file__, "run", job]
    subprocess.Popen(runner, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"Submitted batch job {job}")


def run(job: str) -> None:
    script = STATE / f"{job}.script"
    nodes = re.search(r"--nodes=(\d+)", script.read_text())
    env = os.environ | {
        "SLURM_JOB_ID": job,
        "SLURM_JOB_NAME": "segladder",
        "SLURM_NTASKS": nodes[1] if nodes else "1",
        "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_JOB_NUM_NODES": nodes[1] if nodes else "1",
        "SLURM_JOB_NODELIST": "localhost",
    }
    again = STATE / f"{job}.requeue"
    while True:
        while (STATE / "hold").exists() and _state(job) == "PENDING":
            time.sleep(0.05)
        if _state(job) != "PENDING":
            return
        _say(job, "RUNNING")
        code = subprocess.run(["bash", str(script)], env=env, check=False).returncode
        if not again.exists():
            break
        again.unlink()
        _say(job, "PENDING")
    if _state(job) == "RUNNING":
        _say(job, "FAILED" if code else "COMPLETED")


def srun(*words: str) -> None:
    job, tasks = os.environ["SLURM_JOB_ID"], int(os.environ["SLURM_NTASKS"])
    rest = list(words)
    output = ""
    while rest[0].startswith("--"):
        word = rest.pop(0)
        output = rest.pop(0) if word == "--output" else output
    processes = []
    for task in range(tasks):
        env = os.environ | {"SLURM_PROCID": str(task), "SLURM_NODEID": str(task), "SLURM_LOCALID": "0"}
        with open(output.replace("%j", job).replace("%t", str(task)), "a") as file:
            processes.append(subprocess.Popen(rest, env=env, stdout=file, stderr=file))
    (STATE / f"{job}.tasks").write_text(" ".join(str(process.pid) for process in processes))
    codes = [process.wait() for process in processes]
    (STATE / f"{job}.tasks").write_text("")
    raise SystemExit(max(abs(code) for code in codes))


def squeue(*words: str) -> None:
    for path in sorted(STATE.glob("*.state")):
        print(f"{path.stem}|{path.read_text()}")


def scancel(*words: str) -> None:
    if "--signal" in words:
        name = words[words.index("--signal") + 1].removeprefix("SIG")
        _signal(_processes(words[0]), signal.Signals[f"SIG{name}"])
        return
    for job in words:
        waited = _state(job) == "PENDING"
        _say(job, "CANCELLED by 0")
        if not waited:
            _end(job)


def scontrol(command: str, job: str) -> None:
    assert command == "requeue"
    (STATE / f"{job}.requeue").touch()
    # the one who asks is a process of the job itself and still has to leave
    subprocess.Popen([sys.executable, __file__, "end", job], start_new_session=True)


def _end(job: str) -> None:
    # these processes: a job that was queued again may have others by then
    processes = _processes(job)
    _signal(processes, signal.SIGTERM)
    time.sleep(2)
    _signal(processes, signal.SIGKILL)


def _processes(job: str) -> list[str]:
    return (STATE / f"{job}.tasks").read_text().split()


def _signal(processes: list[str], signum: signal.Signals) -> None:
    for pid in processes:
        try:
            os.kill(int(pid), signum)
        except ProcessLookupError:
            continue


def _state(job: str) -> str:
    return (STATE / f"{job}.state").read_text().split()[0]


def _say(job: str, word: str) -> None:
    partial = STATE / f"{job}.{os.getpid()}"
    partial.write_text(word)
    partial.replace(STATE / f"{job}.state")


if __name__ == "__main__":
    verbs = {f.__name__: f for f in (sbatch, srun, squeue, scancel, scontrol, run)} | {"end": _end}
    verbs[sys.argv[1]](*sys.argv[2:])
