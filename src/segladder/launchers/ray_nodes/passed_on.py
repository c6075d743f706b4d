"""What jobs on other nodes take over from the launcher's process: environment variables and the path of imports."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PASSED = ("WANDB_", "SEGLADDER_", "HF_", "TORCH_HOME")
"""Beginnings of the environment variables that jobs take over from the launcher, on whatever node."""

_OWN = ("SEGLADDER_RUN_FOLDER", "SEGLADDER_THREADS")
"""Those that each run sets for itself."""


def own_path() -> list[str]:
    """What this process can import besides what is installed: a node has its own installed packages."""
    installed = {Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    found = [Path(entry or os.curdir).resolve() for entry in sys.path]
    return list(dict.fromkeys(str(p) for p in found if p.is_dir() and not installed.intersection((p, *p.parents))))


def passed_on(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Environment variables for a job, without those that the user has chosen for it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PASSED) and name not in _OWN and name not in chosen
    }
