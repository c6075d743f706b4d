"""On what a run ran: versions, machine and devices, for the record."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from segladder.runs.process import answer

PACKAGES = (
    "segladder",
    "torch",
    "torchvision",
    "pytorch-lightning",
    "torchmetrics",
    "hydra-core",
    "omegaconf",
    "wandb",
    "numpy",
    "scipy",
    "pillow",
    "segmentation-models-pytorch",
    "timm",
    "transformers",
    "faster-coco-eval",
)
"""Distributions whose versions the record names, where they are installed."""


def environment(*, world_size: int = 1, plugins: Sequence[str] = ()) -> dict[str, Any]:
    """The `environment` entry of a record.

    Devices and threads are told only where torch has been imported by others before; asking for the names of
    GPUs sets CUDA up in this process, so call it after any fork.

    Args:
        world_size: how many processes train together.
        plugins: the user's own packages, whose versions are named too.
    """
    found: dict[str, Any] = {
        "versions": versions((*PACKAGES, *plugins)),
        "python": platform.python_version(),
        "system": platform.platform(),
        "host": platform.node(),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory": memory_bytes(),
        "world_size": world_size,
        "devices": [],
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            found["devices"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
            found["cuda"] = torch.version.cuda
    return found


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Distribution name -> installed version, for those that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def cpu_model() -> str:
    """The processor's name as its maker gives it; the architecture where the system tells no more."""
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Model"):
                return " ".join(value.split())
    except OSError:
        return answer("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.machine()


def usable_cores() -> int:
    """Cores that this process may use, which in a batch job are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int | None:
    """The machine's main memory in bytes; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
