"""What glibc keeps of freed memory, given back where many large images pass through one process.

Buffers that are kept for reuse (`runtime.keep_freed_buffers`) fall apart: whatever small thing stays of an image is cut
out of a large free piece, which then fits no large buffer any more. Over hundreds of images the process grows by more
than it ever uses at once; how much is chance, more with several threads.
"""

from __future__ import annotations

import ctypes
import os

MOST = 256 * 2**20
"""Bytes by which a process may grow until freed memory is looked for."""


class FreedMemory:
    """Gives freed memory back to Linux whenever a process has grown by `MOST` since its first image."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._level: int | None = None

    def give_back(self) -> None:
        """To be called after each image: looks at one number of the system, and seldom does more."""
        now = resident()
        # what is kept of the first image is what the others will use again
        if self._level is None:
            self._level = now
        elif now > self._level + self._most:
            _trim()
            self._level = max(self._level, resident())


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _trim() -> None:
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):  # no glibc
        return
