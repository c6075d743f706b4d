"""What all tests share: the real command, run in processes forked from one that has the heavy imports done."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from command_process import IMPORTED, serve

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


@pytest.fixture(scope="session")
def warm() -> Iterator[multiprocessing.context.ForkServerContext]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    yield context


class Starter:
    """Starts `segladder <argv>` in a folder without waiting for its end."""

    def __init__(self, warm: multiprocessing.context.ForkServerContext, folder: Path) -> None:
        self._warm, self._folder = warm, folder
        self._begun: list[Running] = []

    def __call__(self, argv: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> Running:
        folder = self._folder / f".command-{len(self._begun)}"
        folder.mkdir()
        settings = {"WANDB_MODE": "disabled", "COLUMNS": "160"} | (env or {})
        process = self._warm.Process(target=serve, args=(list(argv), str(cwd or self._folder), settings, str(folder)))
        process.start()
        self._begun.append(Running(process, folder))
        return self._begun[-1]

    def end(self) -> None:
        for command in self._begun:
            if command.process.is_alive():
                os.killpg(command.process.pid, signal.SIGKILL)


@pytest.fixture
def start(warm: multiprocessing.context.ForkServerContext, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts `segladder <argv>` below `tmp_path` without waiting for its end."""
    starter = Starter(warm, tmp_path)
    yield starter
    starter.end()


@pytest.fixture
def segladder(start: Callable[..., Running]) -> Callable[..., Ran]:
    """Runs `segladder <argv>` below `tmp_path` to its end."""

    def run(*argv: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
        return start(argv, env=env, cwd=cwd).done()

    return run


@pytest.fixture(scope="module")
def trained_once(
    warm: multiprocessing.context.ForkServerContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Path]]:
    """`trained_once(*argv)`: the folder of a run that `segladder <argv>` leaves, trained once for all tests of a file.

    They only read it; one that changes it takes a copy.
    """
    root = tmp_path_factory.mktemp("trained")
    starter, known = Starter(warm, root), {}

    def run(*argv: str) -> Path:
        if argv not in known:
            outputs = root / f"outputs-{len(known)}"
            ran = starter([*argv, f"paths.outputs={outputs}"]).done()
            assert ran.code == 0, ran.text
            [known[argv]] = [result.parent for result in outputs.glob("*/*/result.json")]
        return known[argv]

    yield run
    starter.end()


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
