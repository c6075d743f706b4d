"""Who a process is: enough to tell later, perhaps from another machine, whether it still lives."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process by its machine, that machine's boot, its process id and its time of start."""

    host: str
    boot: str
    """Changes with each boot; empty where the system does not tell."""
    space: str
    """The process id namespace: within containers the same number means different processes."""
    pid: int
    start: str
    """The process's start in the system's own words: a process id that is used again has another one."""
    token: str
    """Random, one for each time that a lock is taken."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Owner | None:
        """The owner that `to_json` wrote; None when `data` is anything else."""
        if not isinstance(data, dict):
            return None
        keys = ("host", "boot", "space", "start", "token")
        texts = {key: text for key in keys if isinstance(text := data.get(key), str)}
        pid = data.get("pid")
        # The token becomes part of a file's name.
        if len(texts) < len(keys) or not isinstance(pid, int) or not texts["token"].isalnum():
            return None
        return cls(pid=pid, **texts)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process(token: str) -> Owner:
    """The calling process as the owner of something."""
    pid = os.getpid()
    return Owner(
        host=platform.node(),
        boot=boot_id(),
        space=_pid_space(),
        pid=pid,
        start=start_of(pid) or "",
        token=token,
    )


def lives(owner: Owner) -> bool | None:
    """Whether that process still runs; None when this process cannot know it.

    That is so for another machine, another boot and another container.
    """
    if owner.host != platform.node() or owner.boot != boot_id() or owner.space != _pid_space():
        return None
    # A system that names no start times leaves only the signs of life to go by.
    return start_of(owner.pid) == owner.start if owner.start else None


def rebooted(owner: Owner) -> bool:
    """Whether the owner's machine has, by its name, started anew since. Two machines may share a name."""
    return owner.host == platform.node() and owner.boot != boot_id()


@functools.cache
def boot_id() -> str:
    """A word that changes with each boot of this machine; empty where the system tells none."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    return answer("sysctl", "-n", "kern.bootsessionuuid")  # macOS


def start_of(pid: int) -> str | None:
    """When process `pid` started, in the system's own words; None when there is none, or only its corpse."""
    if Path("/proc/self/stat").exists():
        try:
            text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The command's name stands in brackets and may hold blanks and brackets itself.
        fields = text.rpartition(")")[2].split()
        state, ticks = fields[0], fields[19]
        return None if state in "ZXx" else ticks
    state, _, started = answer("ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def _pid_space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def answer(*command: str) -> str:
    """What a command of the system prints, stripped; empty where it is missing or fails."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=10,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
