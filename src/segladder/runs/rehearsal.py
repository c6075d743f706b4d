"""A job's network, loss, optimizer and schedule built once without data, to see that their settings make sense."""

from __future__ import annotations

import copy
import json
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segladder.config.assemble import build_loss, build_model
from segladder.config.build import build
from segladder.runs.job import Job
from segladder.types import DatasetInfo, UserError

_MOST_NETWORKS = 12
"""Different networks that one process builds before the first job starts."""

_NETWORK = ("data", "task", "model", "backbone")
_TRAINING = ("data", "task", "loss", "optimizer", "scheduler")
"""Parts of the configuration on which each depends."""

_STEPS = 100
"""Of the schedule that is tried."""

_seen: dict[str, UserError | None] = {}
"""What was built -> what was wrong with it."""


def rehearse(job: Job, info: DatasetInfo) -> None:
    """Builds what was not built yet in this process.

    Raises:
        UserError: a setting that a part refuses.
    """
    _once("network", _text(job, _NETWORK), lambda: _network(job.cfg, info), most=_MOST_NETWORKS)
    _once("training", _text(job, _TRAINING), lambda: _training(job.cfg, info))


def _once(kind: str, text: str, make: Any, *, most: int | None = None) -> None:
    key = f"{kind} {text}"
    if key not in _seen:
        if most is not None and sum(other.startswith(f"{kind} ") for other in _seen) >= most:
            return
        _seen[key] = None
        try:
            make()
        except UserError as error:
            _seen[key] = error
    fault = _seen[key]
    if fault is not None:
        raise fault


def _text(job: Job, parts: tuple[str, ...]) -> str:
    return json.dumps([job.public.get(part) for part in parts], sort_keys=True, default=str)


def _network(cfg: DictConfig, info: DatasetInfo) -> None:
    bare = copy.deepcopy(cfg)
    for key in ("model.weights", "backbone.weights", "model.backbone.weights"):
        if OmegaConf.select(bare, key) is not None:
            OmegaConf.update(bare, key, None)
    build_model(bare, info)


def _training(cfg: DictConfig, info: DatasetInfo) -> None:
    import torch

    from segladder.tasks.parameters import built_optimizer, built_schedule

    build_loss(cfg, info)
    optimizer = built_optimizer(build(cfg["optimizer"]), [torch.nn.Parameter(torch.zeros(1))])
    if cfg.get("scheduler"):
        built_schedule(build(cfg["scheduler"]), optimizer, _STEPS)
