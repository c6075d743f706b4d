"""Settings of the machine that a run makes before its first tensor: allocator, threads, matrix precision."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from typing import Any

from segladder.types import UserError

THREADS = "SEGLADDER_THREADS"
"""Environment variable by which a sweep divides the cores among its jobs; `runtime.threads` wins."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGEST = 2**31 - 1


def prepare_machine(runtime: Mapping[str, Any]) -> list[str]:
    """Applies `cfg.runtime` to this process and says what had no effect.

    Args:
        runtime: `keep_freed_buffers`, `threads`, `matmul_precision`.

    Returns:
        Warnings, one sentence each.

    Raises:
        UserError: a value that makes no sense.
    """
    warnings = []
    threads = runtime.get("threads")
    if threads is None and os.environ.get(THREADS):
        threads = int(os.environ[THREADS])
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise UserError(f"runtime.threads is {threads!r}; give a whole number from 1, or null for all cores.")
    if runtime.get("keep_freed_buffers") and not keep_freed_buffers() and sys.platform.startswith("linux"):
        warnings.append("runtime.keep_freed_buffers has no effect here: the C library is not glibc.")
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    precision = runtime.get("matmul_precision") or "highest"
    if precision not in ("highest", "high", "medium"):
        raise UserError(f"runtime.matmul_precision is '{precision}'; it is one of highest, high, medium.")
    torch.set_float32_matmul_precision(precision)
    return warnings


def keep_freed_buffers() -> bool:
    """Tells glibc to keep freed buffers for reuse; the pages of a training step are then mapped once only.

    On a CPU a U-Net step takes about 0.8x of the time with glibc's defaults, for a few per cent of memory.
    The user's own MALLOC_ settings win.

    Returns:
        Whether it took effect; False where the C library is not glibc.
    """
    if any(name in os.environ for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "LD_PRELOAD")):
        return True
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_M_TRIM_THRESHOLD, _LARGEST))
