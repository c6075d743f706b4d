"""Networks built as their `weights` say, but without fetching or reading any: a checkpoint is about to fill them.

To build with `weights=null` instead would not do: DeepLabV3 with `weights=coco` has the output stride that those
weights were trained at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FILLED_LATER: ContextVar[bool] = ContextVar("filled_later", default=False)


@contextmanager
def filled_later() -> Iterator[None]:
    """Within it no network fetches or reads weights, and none warns of what it would have done with them."""
    token = _FILLED_LATER.set(True)
    try:
        yield
    finally:
        _FILLED_LATER.reset(token)


def is_filled_later() -> bool:
    return _FILLED_LATER.get()
