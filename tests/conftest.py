"""What all tests share: the real command, run in processes forked from one that has the heavy imports done."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tiny_runs import OWN_SERVER

ROOT = Path(__file__).parent.parent

# on a busy machine an example takes as long as it takes
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err


class Running:
    """A command at work."""

    def __init__(self, process: multiprocessing.Process, folder: Path) -> None:
        self.process, self._folder, self._began = process, folder, time.monotonic()

    @property
    def out(self) -> str:
        path = self._folder / "out"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, sign: Callable[[], bool], *, timeout: float = 60) -> None:
        """Until `sign` shows, while the command still runs."""
        end = time.monotonic() + timeout
        while not sign():
            assert self.process.is_alive(), self.done().text
            assert time.monotonic() < end, f"no sign within {timeout} s:\n{self.out}"
            time.sleep(0.02)

    def send(self, signum: int) -> None:
        os.kill(self.process.pid, signum)

    def done(self, *, timeout: float = 240) -> Ran:
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            raise AssertionError(f"still running after {timeout} s:\n{self.out}")
        code = self.process.exitcode
        err = (self._folder / "err").read_text(errors="replace")
        return Ran(code, self.out, err, time.monotonic() - self._began)


def _serve(argv: list[str], cwd: str, env: dict[str, str], folder: str) -> None:
    """The command itself, in a process of its own, with its own working folder and output files."""
    if OWN_SERVER not in env:
        from segladder.launchers import server

        server.METHOD = "fork"
    os.setsid()
    os.chdir(cwd)
    os.environ.update(env)
    sys.path[:0] = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    for name, number in (("out", 1), ("err", 2)):
        fd = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(fd, number)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.set_start_method(None, force=True)
    from segladder.commands import main

    sys.argv = [str(ROOT / "train.py")]
    code = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    # as a real interpreter would at its end, without pytest's own exit handlers
    os._exit(code)


@pytest.fixture(scope="session")
def warm() -> Iterator[multiprocessing.context.ForkServerContext]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["segladder.launchers.warm"])
    yield context


@pytest.fixture
def start(warm: multiprocessing.context.ForkServerContext, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts `segladder <argv>` below `tmp_path` without waiting for its end."""
    begun: list[Running] = []

    def start_command(argv: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> Running:
        folder = tmp_path / f".command-{len(begun)}"
        folder.mkdir()
        settings = {"WANDB_MODE": "disabled", "COLUMNS": "160"} | (env or {})
        process = warm.Process(target=_serve, args=(list(argv), str(cwd or tmp_path), settings, str(folder)))
        process.start()
        begun.append(Running(process, folder))
        return begun[-1]

    yield start_command
    for command in begun:
        if command.process.is_alive():
            os.killpg(command.process.pid, signal.SIGKILL)


@pytest.fixture
def segladder(start: Callable[..., Running]) -> Callable[..., Ran]:
    """Runs `segladder <argv>` below `tmp_path` to its end."""

    def run(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
        return start(argv, env=env, cwd=cwd).done()

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real benchmark data; licences keep it out of the project."""
    folder = Path(os.environ.get("SEGLADDER_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in '{folder}'; SEGLADDER_TEST_DATA names their folder")
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """`make_run(info, name=..., model=..., data=...)` leaves the folder of a run whose network is a random U-Net."""
    return lambda info, **options: write_run(tmp_path, info, **options)


def write_run(
    root: Path,
    info: Any,
    *,
    name: str = "run",
    model: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
) -> Path:
    """What training leaves behind, without the training: config, record and checkpoints."""
    import dataclasses

    import torch
    import yaml

    from segladder.models import UNet
    from segladder.runs.folder import RunFolder
    from segladder.runs.record import Record, write

    settings = {"depth": 2, "base_channels": 4, "batch_norm": False, **(model or {})}
    torch.manual_seed(0)
    network = UNet(in_channels=info.channels, num_classes=info.num_classes, **settings)
    folder = RunFolder(root / name).create()
    for file in (folder.best, folder.last):
        tensors = {f"segmenter.model.{key}": value for key, value in network.state_dict().items()}
        torch.save({"state_dict": tensors}, file)
    saved = {
        "seed": 0,
        "task": {"_target_": "segladder.tasks.SemanticTask", "memory_format": "channels_last"},
        "data": data,
        "model": {"_target_": "segladder.models.UNet", "in_channels": None, "num_classes": None, **settings},
        "inference": {"_target_": "segladder.inference.Inference", "window": None},
        **(config or {}),
    }
    folder.config.write_text(yaml.safe_dump(saved))
    plain = json.loads(json.dumps(dataclasses.asdict(info)))
    checkpoints = {kind: f"checkpoints/{kind}.ckpt" for kind in ("best", "last")}
    record = Record(id="1" * 64, name=name, status="finished", data={"info": plain}, checkpoints=checkpoints)
    write(record, folder.result)
    return folder.path
