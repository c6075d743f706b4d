"""What happens between an image and its prediction: normalisation, the protocol, label files; no Lightning here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.inference.instance_segmenter import InstanceSegmenter as InstanceSegmenter
    from segladder.inference.protocol import Inference as Inference
    from segladder.inference.segmenter import Segmenter as Segmenter

_HOMES = {
    "Inference": "segladder.inference.protocol",
    "InstanceSegmenter": "segladder.inference.instance_segmenter",
    "Segmenter": "segladder.inference.segmenter",
}

__all__ = ["Inference", "InstanceSegmenter", "Segmenter"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
