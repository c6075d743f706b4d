"""segladder: compare segmenters, from composed experiment to believable leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.runs.load import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # torch is imported by whoever loads a run, not by whoever asks for --help
    if name == "load":
        from segladder.runs.load import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
