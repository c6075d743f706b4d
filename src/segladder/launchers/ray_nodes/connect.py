"""The Ray cluster that a sweep uses: reached or started quietly, or refused in a sentence within seconds."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.runs.environment import usable_cores
from segladder.types import UserError

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_COLOR_PREFIX": "0",
}
"""Ray otherwise tells of itself between the lines of the sweep; the user's own values win."""

_PATIENCE = 20
"""Seconds that a cluster may take to answer. Ray itself waits for minutes, and may end the whole process then."""

_LONGEST = 40
"""Characters of a temporary folder: Ray adds some 60 for its sockets, whose paths may have 107."""

_OBJECTS = 128 * 2**20
"""Bytes of memory that Ray's store of objects gets: all that passes through it is how jobs ended."""


@dataclass(frozen=True)
class Node:
    """A machine of the cluster."""

    id: str
    address: str
    resources: Mapping[str, float]


class RayCluster:
    """A connection to a cluster. What was started for it is ended with it, and nothing else."""

    def __init__(self, address: str | None) -> None:
        """
        Args:
            address: `host:port`, `ray://host:port`, `auto` (the one that runs on this machine), or None: starts one.

        Raises:
            UserError: Ray is not installed, or there is no such cluster.
        """
        if importlib.util.find_spec("ray") is None:
            raise UserError("hydra/launcher=ray needs Ray: pip install 'segladder[ray]'.")
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        self.started = address is None
        self._folder: Path | None = None
        if address is None:
            print("Starting Ray on this machine …", flush=True)
            self._folder = _short_folder()
            options: dict[str, Any] = {
                "address": "local",
                "num_cpus": usable_cores(),
                "include_dashboard": False,
                "object_store_memory": _OBJECTS,
                "_temp_dir": str(self._folder),
            }
        else:
            print(f"Connecting to the Ray cluster at {address} …", flush=True)
            _require_answer(address)
            options = {"address": address}
        import ray

        try:
            with _unheard(), _own_signals():
                ray.init(**options, configure_logging=False, log_to_driver=False)
                _hush_the_node(ray)
        except Exception as error:
            self.close()
            raise UserError(_refusal(address, f"{type(error).__name__}: {error}")) from error

    def nodes(self) -> list[Node]:
        """The machines that are there now."""
        import ray

        all_nodes: Any = ray.nodes
        return [Node(n["NodeID"], n["NodeManagerAddress"], n["Resources"]) for n in all_nodes() if n["Alive"]]

    def close(self) -> None:
        import ray

        with _unheard():
            ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _short_folder() -> Path:
    """A temporary folder of its own; others' on the same machine would share `/tmp/ray` with us."""
    parent = tempfile.gettempdir()
    if len(parent) > _LONGEST:
        parent = "/tmp"
    return Path(tempfile.mkdtemp(prefix="ray-", dir=parent))


def _require_answer(address: str) -> None:
    """
    Raises:
        UserError: nothing answers there, or it is no Ray cluster of our version.
    """
    client = address.startswith("ray://")
    place = address.removeprefix("ray://")
    if address != "auto":
        host, colon, port = place.rpartition(":")
        if not colon or not port.isdigit():
            raise UserError(
                f"hydra.launcher.address is '{address}'; give host:port as `ray start --head` prints it,"
                " ray://host:port, auto, or null."
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except (OSError, OverflowError) as error:
            raise UserError(_refusal(address, str(error))) from error
    if client:
        if importlib.util.find_spec("grpc") is None:
            raise UserError(
                f"hydra.launcher.address is '{address}', which needs Ray's client: pip install 'ray[client]'. On a"
                " machine of the cluster hydra.launcher.address=auto does without."
            )
        return
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check"]
    try:
        done = subprocess.run(
            command + ([] if address == "auto" else ["--address", address]),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env=os.environ | {"COLUMNS": "1000"},
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(_refusal(address, f"no answer within {_PATIENCE} s")) from error
    if done.returncode == 1:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise UserError(_refusal(address, said[-1] if said else "it is not healthy"))


def _refusal(address: str | None, why: str) -> str:
    why = " ".join(why.split())
    if len(why) > 300:
        why = why[:300] + " …"
    why = why.rstrip(".")
    if address is None:
        return f"Ray could not be started on this machine: {why}."
    if "mismatch" in why.lower():
        return (
            f"The Ray cluster at {address} is of another version than Ray here: {why}. Install the same versions of"
            " Ray and Python."
        )
    if address == "auto":
        return (
            f"hydra.launcher.address is auto, but no Ray cluster runs on this machine: {why}. Start one"
            " (`ray start --head`), give its address, or leave hydra.launcher.address null."
        )
    return (
        f"hydra.launcher.address is '{address}', but no Ray cluster can be reached there: {why}. Look at what"
        " `ray status` says on the cluster's first machine."
    )


def _hush_the_node(ray: Any) -> None:
    """Ray prints paragraphs into the table when a node or one of its processes is lost, which the sweep tells anyway.

    `log_to_driver=False` covers only what jobs print, and there is no other switch (Ray 2.60).
    """
    worker = ray._private.worker
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *lines, **options: None


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray puts a handler of its own in place of SIGTERM's."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _unheard() -> Iterator[None]:
    """What Ray's own code writes to stdout and stderr goes nowhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            os.dup2(nowhere, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)
        os.close(nowhere)
