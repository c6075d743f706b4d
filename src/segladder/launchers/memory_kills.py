"""How often the system has killed processes for want of memory: what tells such an end from any other SIGKILL."""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def memory_kills() -> int:
    """Processes of this container or control group that were killed for want of memory, where Linux counts them."""
    file = _counter()
    if file is not None:
        with suppress(OSError, ValueError):
            return count_in(file.read_text())
    return 0


def count_in(text: str) -> int:
    """The number after `oom_kill` in a control group's `memory.events` or `memory.oom_control`; 0 where it has none."""
    for line in text.splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def counters(groups: str, root: Path) -> list[Path]:
    """Where the count may be, the most telling place first.

    Args:
        groups: what `/proc/self/cgroup` says: `number:controllers:path` a line.
        root: where control groups are mounted.
    """
    found = []
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            found.append(root / path.lstrip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            found.append(root / "memory" / path.lstrip("/") / "memory.oom_control")
    # within a container the paths are often those of the machine outside, and the root is our own group
    return [*found, root / "memory.events", root / "memory" / "memory.oom_control"]


@functools.cache
def _counter() -> Path | None:
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:
        return None
    return next((file for file in counters(groups, _ROOT) if file.is_file()), None)
