"""The process of a tested command. It imports this file alone, and neither pytest nor Hypothesis with it."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from pathlib import Path

from tiny_runs import OWN_SERVER

TRAIN = Path(__file__).parent.parent / "train.py"

IMPORTED = (
    "segladder.launchers.warm",
    *(f"segladder.commands.{name}" for name in ("bench", "check", "data", "evaluate", "predict", "report", "train")),
    "segladder.config.app",
    "segladder.data.datamodules",
    "segladder.runs.label_scoring",
    *(f"hydra_plugins.segladder_{name}" for name in ("launcher", "loss", "sweeper")),
    "imagecodecs",
    "segmentation_models_pytorch",
    "wandb",
    "requests",  # by wandb for its first run
    "pandas",  # by wandb for its first table
    "pytest",  # by a fork server that belongs to `python -m pytest`
)
"""What the server that commands are forked from imports once for all. Optuna stays out, as a test takes it away."""


def serve(argv: list[str], cwd: str, env: dict[str, str], folder: str) -> None:
    """Runs `segladder <argv>` with its own working folder, environment and output files; does not return."""
    # a collection would touch, and so copy, the pages of every object that was there before the fork
    gc.freeze()
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

    sys.argv = [str(TRAIN)]
    code = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    # as a real interpreter would at its end, without pytest's own exit handlers
    os._exit(code)
