"""Scoring a trained run once more: on another split or data set, or looking at the images in another way."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from segladder.config.assemble import build_datamodule, build_task
from segladder.config.machine import prepare_machine
from segladder.config.secrets import public, scrub
from segladder.models.filled_later import filled_later
from segladder.runs.code import code
from segladder.runs.comparable import protocol_of
from segladder.runs.environment import environment
from segladder.runs.folder import SINGLE, RunFolder
from segladder.runs.identity import hash_file, identity
from segladder.runs.job import Job
from segladder.runs.lightning import callback_of, quieten, trainer_for
from segladder.runs.outcome import Outcome
from segladder.runs.record import Record, read
from segladder.runs.scoring import Scored, conclude, scoring
from segladder.runs.training import say
from segladder.runs.weights import load_exactly
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import Rung

_DECISIVE = ("data", "inference", "metric", "task", "model")
"""What of a configuration decides the scores of weights that are there."""

_OF_TRAINING = ("checkpoint", "early_stopping", "ema")
"""Callbacks that have no part in an evaluation."""


def evaluate_run(
    cfg: DictConfig,
    *,
    run: RunFolder,
    checkpoint: Path,
    split: str,
    choices: Mapping[str, str | None] | None = None,
    overrides: Sequence[str] = (),
    plugins: Sequence[str] = (),
    started: float | None = None,
) -> Outcome:
    """Scores a run's checkpoint and leaves a record of its own beside the run, with the run as its parent.

    Args:
        cfg: the run's configuration as it was saved, with what was typed on top; settled and checked.
        run: the run's folder.
        checkpoint: the file whose weights are scored.
        split: train, val or test.
        choices: config group -> choice where another one than the run's was typed.
        overrides: what was typed.
        plugins: the user's own packages, as typed.
        started: when the process began, in seconds of `time.time()`.

    Raises:
        UserError: the data are not those that the run can name, or the checkpoint does not fit.
    """
    started = time.time() if started is None else started
    parent = read(run.result)
    plain = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True))
    assert isinstance(plain, DictConfig)
    cfg = plain
    for name in _OF_TRAINING:
        cfg.callbacks.pop(name, None)
    warnings = prepare_machine(cfg.runtime)
    quieten()
    datamodule = build_datamodule(cfg)
    require_same_classes(parent, datamodule.info)
    datamodule.info, told = as_trained(parent, datamodule.info)
    warnings += told
    with filled_later():
        task = build_task(cfg, datamodule)
    load_exactly(task.model, checkpoint)
    datamodule.test_on = split
    if datamodule.samples(split) is None:
        raise UserError(f"Data set '{datamodule.info.name}' has no {split} split. Name another: data.split=val.")
    job = Job(
        cfg=cfg,
        public=public(cfg),
        choices=parent.choices | dict(choices or {}),
        overrides=[scrub(word) for word in overrides],
        name=f"{parent.name}-{split}",
        sweep=False,
        varying={},
        warnings=warnings,
        started=started,
    )
    summary = datamodule.summary([split])
    fingerprint = code(list(plugins))
    run_id = identity(
        {key: job.public.get(key) for key in _DECISIVE}
        | {"parent": parent.id, "checkpoint": hash_file(checkpoint), "split": split},
        data_hashes=summary["hashes"],
    )
    # beside the run, so that whoever reports on its study meets it
    home = run.path.resolve().parent
    draft = _draft(job, parent, run_id, summary, task, fingerprint, plugins)
    with scoring(home.parent, None if home.name == SINGLE else home.name, draft, config=job.public) as (folder, lock):
        for warning in warnings:
            say(f"Warning: {warning}")
        say(f"Evaluating {run.path} ({checkpoint.name}) on {datamodule.info.name}, {split}, in {folder.path}")
        return _score(job, folder, lock, datamodule, task, split)


def _score(
    job: Job, folder: RunFolder, lock: Any, datamodule: SegmentationDataModule, task: Rung, split: str
) -> Outcome:
    from segladder.tasks.callbacks import BadSamples, InterruptGuard
    from segladder.tasks.callbacks.stopwatch import prepared_seconds

    trainer = trainer_for(job, folder, [], lock)
    began = time.time()
    with callback_of(trainer, InterruptGuard):
        trainer.test(task, datamodule=datamodule, verbose=False)
    if "test" not in task.scores:
        raise UserError("Nothing was tested: trainer.limit_test_batches leaves no batch. Give more, or null.")
    scored = Scored(scores=task.scores["test"], per_class=task.per_class["test"], images=task.test_metrics.images)
    skipped = callback_of(trainer, BadSamples).summary()
    prepare = prepared_seconds(datamodule)
    return conclude(folder, scored, split=split, began=began, started=job.started, prepare=prepare, skipped=skipped)


def as_trained(parent: Record, info: DatasetInfo) -> tuple[DatasetInfo, list[str]]:
    """The data's classes with the mean and spread that a run's network learned with, and a word where they differ."""
    trained: Mapping[str, Any] = parent.data.get("info") or {}
    mean, std = (tuple(trained.get(key) or getattr(info, key)) for key in ("mean", "std"))
    if (mean, std) == (info.mean, info.std) or len(mean) != info.channels:
        return info, []
    told = (
        f"Images are normalised as those of '{trained.get('name')}', which the network learned from: mean {list(mean)},"
        f" std {list(std)}; '{info.name}' has mean {list(info.mean)}, std {list(info.std)}."
    )
    return replace(info, mean=mean, std=std), [told]


def require_same_classes(parent: Record, info: DatasetInfo) -> None:
    """Refuses data whose classes are not those that a run was trained to name.

    Raises:
        UserError: names the first class that differs.
    """
    trained: Mapping[str, Any] = parent.data.get("info") or {}
    theirs, ours = list(trained.get("classes") or info.classes), list(info.classes)
    if theirs != ours:
        index = next((i for i, pair in enumerate(zip(theirs, ours, strict=False)) if pair[0] != pair[1]), None)
        where = (
            f"{len(theirs)} against {len(ours)}"
            if index is None
            else f"class {index} is '{theirs[index]}' there and '{ours[index]}' here"
        )
        raise UserError(
            f"The run was trained on the classes of '{trained.get('name')}', and '{info.name}' has others ({where})."
            " Scores need the same classes: fine-tune the run on these data first (segladder train init_from=RUN)."
        )


def _draft(
    job: Job,
    parent: Record,
    run_id: str,
    summary: dict[str, Any],
    task: Rung,
    fingerprint: dict[str, Any],
    plugins: Sequence[str],
) -> Record:
    return Record(
        id=run_id,
        name=job.name,
        parent=parent.id,
        task=task.kind,
        seed=parent.seed,
        choices=job.choices,
        overrides=job.overrides,
        monitor={"name": job.cfg.metric.name, "mode": job.cfg.metric.mode},
        protocol=protocol_of(job.public),
        data=summary,
        model=dict(parent.model),
        code=fingerprint,
        environment=environment(world_size=1, plugins=list(plugins)),
    )
