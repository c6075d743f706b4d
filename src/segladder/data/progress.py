"""A line that says how far a long reading has come, for people at a terminal alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds before the line appears: what is done by then needs none."""

_EVERY = 0.2


def with_progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items themselves; where it takes long, `what: 120 of 2,975` on stderr, wiped away at the end.

    Args:
        items: what is worked on, one by one.
        total: how many there are.
        what: the work, as in "counting classes".
    """
    if not sys.stderr.isatty():
        yield from items
        return
    began = shown = time.monotonic()
    width = 0
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if now - began > PATIENCE and now - shown > _EVERY:
                line = f"{what}: {done:,} of {total:,}"
                sys.stderr.write(f"\r{line:<{width}}")
                sys.stderr.flush()
                shown, width = now, max(width, len(line))
            yield item
    finally:
        if width:
            sys.stderr.write(f"\r{'':<{width}}\r")
            sys.stderr.flush()
