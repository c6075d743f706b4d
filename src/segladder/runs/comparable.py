"""What must agree for the scores of two runs to be compared, as records keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segladder.runs.identity import WEIGHT_KEYS, identity

METRICS = 1
"""The version of the metrics; goes up when one of them comes to count otherwise."""

_WHOLE: Mapping[str, Any] = {"flip": False, "scales": [1.0]}
"""Values of `inference` that change nothing; else null."""


def method_id(
    config: Mapping[str, Any],
    *,
    data_hashes: Mapping[str, str] | None = None,
    weight_hashes: Mapping[str, str] | None = None,
) -> str:
    """What the runs of one method share that differ in their seed alone: `identity` without the seed."""
    rest = {key: value for key, value in config.items() if key != "seed"}
    return identity(rest, data_hashes=data_hashes, weight_hashes=weight_hashes)


def protocol_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """How a run's scores come about: `metrics`, `boundary_tolerance`, and of `inference` what is not the plain way."""
    inference = config.get("inference") or {}
    task = config.get("task") or {}
    special = {
        key: value
        for key, value in inference.items()
        if not str(key).startswith("_") and key != "batch" and value is not None and value != _WHOLE.get(key)
    }
    return {"metrics": METRICS, "boundary_tolerance": task.get("boundary_tolerance"), "inference": special}


def pretrained_of(config: Mapping[str, Any]) -> list[str]:
    """The weights that training began with: `backbone.weights=imagenet`; empty where all were drawn."""
    found = []
    for key, node in (("", config), ("model.", config.get("model")), ("backbone.", config.get("backbone"))):
        for word in WEIGHT_KEYS:
            value = node.get(word) if isinstance(node, Mapping) else None
            if isinstance(value, str):
                found.append(f"{key}{word}={value}")
    return found
