"""Networks as plain `nn.Module`s, usable from a notebook on their own; torch is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.models.levels import Level as Level
    from segladder.models.levels import levels_text as levels_text
    from segladder.models.size import flops as flops
    from segladder.models.size import parameter_count as parameter_count
    from segladder.models.unet import UNet as UNet

_HOMES = {
    "Level": "segladder.models.levels",
    "UNet": "segladder.models.unet",
    "flops": "segladder.models.size",
    "levels_text": "segladder.models.levels",
    "parameter_count": "segladder.models.size",
}

__all__ = ["Level", "UNet", "flops", "levels_text", "parameter_count"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
