"""What a sweep must know of a job before it starts: whose run it is, what it needs, and that it can be done at all."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from segladder.config.assemble import build_datamodule
from segladder.config.check import check
from segladder.runs.code import fingerprint
from segladder.runs.comparable import method_id
from segladder.runs.identity import DATA_PATHS, hash_weights, identity
from segladder.runs.job import Job
from segladder.runs.rehearsal import rehearse
from segladder.runs.resume import Rerun
from segladder.types import DatasetInfo

_MOST_WORKERS = 8
"""What `data.num_workers=auto` comes to at most, see `data.workers`."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One job of a sweep, as its configuration and data describe it."""

    id: str
    method: str
    """See `comparable.method_id`."""
    name: str
    study: str | None
    outputs: Path
    fingerprint: str
    """Of the code that it would run."""
    choices: dict[str, str | None]
    overrides: list[str]
    """What was typed, without secrets."""
    task: str
    seed: int
    monitor: dict[str, Any]
    """`name` and `mode`."""
    devices: int
    """Processes on each machine; 1 where Lightning is to choose."""
    nodes: int
    accelerator: str
    workers: int
    """Processes that read data, for each training process."""
    retry: bool
    rerun: Rerun
    plugins: tuple[str, ...]
    inputs: tuple[str, ...]
    """The files and folders that it reads."""
    warnings: tuple[str, ...]


def facts_of(cfg: DictConfig) -> Facts:
    """The facts of the job that Hydra has composed; everything is checked that can be without training.

    The data are looked at, so their files must be there. What it trains is built once without data and
    weights (see `rehearsal.py`), so that values which a part refuses are known.

    Raises:
        UserError: the job cannot be done.
    """
    job = Job.from_hydra(cfg, started=time.time())
    check(job.cfg, imports=True)
    plugins = tuple(job.cfg.get("plugins") or [])
    task = str(job.cfg.task._target_)
    hashes, info = _data(_text(job, "data"), task, job.cfg)
    rehearse(job, info)
    weights = hash_weights(job.public)
    trainer = job.cfg.trainer
    return Facts(
        id=identity(job.public, data_hashes=hashes, weight_hashes=weights),
        method=method_id(job.public, data_hashes=hashes, weight_hashes=weights),
        name=job.name,
        study=job.cfg.study_name,
        outputs=Path(job.cfg.paths.outputs),
        fingerprint=_fingerprint(plugins),
        choices=job.choices,
        overrides=job.overrides,
        task=_kind(task),
        seed=job.cfg.seed,
        monitor={"name": job.cfg.metric.name, "mode": job.cfg.metric.mode},
        devices=device_count(trainer.get("devices")),
        nodes=int(trainer.get("num_nodes") or 1),
        accelerator=str(trainer.get("accelerator") or "auto"),
        workers=_worker_count(OmegaConf.select(job.cfg, "data.num_workers")),
        retry=job.cfg.sweep.retry,
        rerun=job.cfg.sweep.rerun,
        plugins=plugins,
        inputs=_inputs(job, weights),
        warnings=tuple(job.warnings),
    )


def _inputs(job: Job, weights: Iterable[str]) -> tuple[str, ...]:
    values = [OmegaConf.select(job.cfg, key) for key in (*DATA_PATHS, *weights)]
    return tuple(str(Path(value).absolute()) for value in values if isinstance(value, str))


def _worker_count(workers: object) -> int:
    return workers if isinstance(workers, int) else _MOST_WORKERS if workers == "auto" else 0


def device_count(devices: Any) -> int:
    """Processes that `trainer.devices` asks for on one machine; 1 for `auto` and -1, which the machine decides."""
    if isinstance(devices, str) and "," in devices:
        return len([word for word in devices.split(",") if word.strip()])
    if isinstance(devices, Sequence) and not isinstance(devices, str):
        return len(devices)
    if isinstance(devices, str) and devices.isdigit():
        devices = int(devices)
    return devices if isinstance(devices, int) and devices > 0 else 1


_seen: dict[tuple[str, str], tuple[dict[str, str], DatasetInfo]] = {}


def _data(text: str, task: str, cfg: DictConfig) -> tuple[dict[str, str], DatasetInfo]:
    """The hashes of the splits and what the data are, found out once for each different data set of a sweep."""
    if (text, task) not in _seen:
        module = build_datamodule(cfg)
        _seen[text, task] = module.summary()["hashes"], module.info
    return _seen[text, task]


def _text(job: Job, *parts: str) -> str:
    return json.dumps([job.public.get(part) for part in parts], sort_keys=True, default=str)


_fingerprint = functools.cache(fingerprint)


def _kind(target: str) -> str:
    from segladder.config.build import find_target

    return str(getattr(find_target(target, "task._target_"), "kind", ""))
