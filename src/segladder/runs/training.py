"""One experiment from beginning to end: build, claim a folder, train, test, and leave a record of it."""

from __future__ import annotations

import os
import secrets
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from segladder.config.assemble import build_callbacks, build_datamodule, build_task
from segladder.config.build import build
from segladder.config.machine import prepare_machine
from segladder.config.secrets import scrub
from segladder.runs.atomic import write_atomic
from segladder.runs.code import code
from segladder.runs.environment import environment
from segladder.runs.folder import RunFolder
from segladder.runs.identity import hash_weights, identity
from segladder.runs.job import Job
from segladder.runs.lock import RunLock
from segladder.runs.log import LogTee
from segladder.runs.record import Record, read, write
from segladder.runs.resume import Decision, claim
from segladder.types import Interrupted, UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import SemanticTask

FOLDER_OF_RANK_ZERO = "SEGLADDER_RUN_FOLDER"
"""How the other processes of a parallel run learn where it lives."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to, for whoever started it."""

    status: str
    """finished, skipped."""
    folder: Path
    metric: str
    score: float | None
    """The monitored metric on the validation set, at its best."""
    test: float | None
    """The monitored metric on the test set."""
    parameters: int | None
    fit_seconds: float | None


def run_job(job: Job) -> Outcome:
    """Runs the job, or skips it where it is done already.

    Raises:
        UserError: the run cannot be done; its record says so.
        Interrupted: it was asked to stop; `last.ckpt` is saved.
    """
    for warning in job.warnings + prepare_machine(job.cfg.runtime):
        say(f"Warning: {warning}")
    _quieten()
    datamodule = build_datamodule(job.cfg)
    task = build_task(job.cfg, datamodule.info)
    if int(os.environ.get("LOCAL_RANK", "0")) > 0 and FOLDER_OF_RANK_ZERO in os.environ:
        _follow(job, RunFolder(Path(os.environ[FOLDER_OF_RANK_ZERO])), datamodule, task)
        raise SystemExit(0)
    plugins = list(job.cfg.get("plugins") or [])
    fingerprint = code(plugins)
    run_id = identity(job.public, data_hashes=datamodule.summary()["hashes"], weight_hashes=hash_weights(job.public))
    claimed = claim(
        Path(job.cfg.paths.outputs),
        job.cfg.study_name,
        job.name,
        run_id,
        fingerprint["fingerprint"],
        sweep=job.sweep,
        retry=job.cfg.sweep.retry,
        rerun=job.cfg.sweep.rerun,
        draft=_draft(job, run_id, datamodule, task, fingerprint),
    )
    decision = claimed.decision
    if decision.why:
        say(decision.why)
    if decision.kind == "busy":
        raise UserError(f"{decision.why} Wait for it, or change the seed or a setting.")
    if decision.kind == "skip":
        return _outcome(read(decision.folder.result), decision.folder, status="skipped")
    assert claimed.lock is not None
    with claimed.lock, LogTee(decision.folder.log, scrub=scrub), _recording(decision.folder):
        return _train(job, decision, claimed.lock, datamodule, task)


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(text, flush=True)


def _train(
    job: Job, decision: Decision, lock: RunLock, datamodule: SegmentationDataModule, task: SemanticTask
) -> Outcome:
    from segladder.tasks.callbacks import RunCheckpoint, Stopwatch
    from segladder.tasks.callbacks.checkpoint import load_weights

    folder = decision.folder
    record = read(folder.result)
    write_atomic(folder.config, yaml.safe_dump(job.public, sort_keys=False, allow_unicode=True))
    write_atomic(folder.overrides, yaml.safe_dump(job.overrides, allow_unicode=True))
    say(f"Run {job.name} in {folder.path}")
    os.environ[FOLDER_OF_RANK_ZERO] = str(folder.path.resolve())
    loggers = _loggers(job, folder, record, decision)
    trainer = _trainer(job, folder, loggers, lock)
    watch = _one(trainer, Stopwatch)
    try:
        # Python and NumPy are seeded for what users add; our own parts draw from stateless generators
        _seed(job.cfg.seed)
        before = record.time.get("fit", 0.0) if decision.kind == "resume" else 0.0
        began = time.time()
        checkpoint = str(decision.checkpoint) if decision.checkpoint else None
        trainer.fit(task, datamodule=datamodule, ckpt_path=checkpoint, weights_only=True)
        fitted = time.time()
        keeper = _one(trainer, RunCheckpoint)
        record = read(folder.result)
        record.time |= {
            "began": job.started,
            "startup": (watch.first_step_at or began) - job.started,
            "fit": before + fitted - began,
            "steps": watch.step_seconds + watch.wait_seconds,
            "images_per_second": watch.images_per_second,
            "data_wait": watch.data_wait_share,
        }
        if keeper.best_value is not None:
            record.monitor |= {"value": keeper.best_value, "epoch": keeper.best_epoch}
            record.scores["val"] = dict(keeper.best_scores)
            record.per_class["val"] = {name: dict(values) for name, values in keeper.best_per_class.items()}
        record.checkpoints = {
            kind: f"checkpoints/{kind}.ckpt" for kind in ("best", "last") if getattr(folder, kind).is_file()
        }
        write(record, folder.result)
        if folder.best.is_file():
            load_weights(folder.best, task)
        else:
            say("Nothing was validated: the test scores are of the last weights, not of the best.")
        if datamodule.samples("test") is not None:
            trainer.test(task, datamodule=datamodule, verbose=False)
            _keep_test(record, folder, task)
        else:
            say("There is no test split: the record holds validation scores only.")
        record.status = "finished"
        record.model["flops"] = _flops(task)
        record.memory = _memory()
        record.time["evaluate"] = time.time() - fitted
        record.time["total"] = time.time() - job.started
        write(record, folder.result)
        _report(record, task, folder)
        exit_code = 0
        return _outcome(record, folder, status="finished")
    except BaseException:
        exit_code = 1
        raise
    finally:
        os.environ.pop(FOLDER_OF_RANK_ZERO, None)
        for logger in loggers:
            logger.finalize("finished")
            if hasattr(logger, "close"):
                logger.close(exit_code)


def _follow(job: Job, folder: RunFolder, datamodule: SegmentationDataModule, task: SemanticTask) -> None:
    """What a process beside rank zero does: the same steps, no folder, no record, no words."""
    trainer = _trainer(job, folder, [], None)
    record = read(folder.result)
    resumed = record.time.get("resumed") and folder.last.is_file()
    trainer.fit(task, datamodule=datamodule, ckpt_path=str(folder.last) if resumed else None, weights_only=True)
    if folder.best.is_file():
        from segladder.tasks.callbacks.checkpoint import load_weights

        load_weights(folder.best, task)
    if datamodule.samples("test") is not None:
        trainer.test(task, datamodule=datamodule, verbose=False)


def _loggers(job: Job, folder: RunFolder, record: Record, decision: Decision) -> list[Any]:
    from segladder.tasks.trackers import RunContext

    step = 0
    if decision.checkpoint is not None:
        import torch

        step = int(torch.load(decision.checkpoint, map_location="cpu", weights_only=True)["global_step"])
    wandb_id = record.wandb.get("id") or secrets.token_hex(4)
    context = RunContext(
        folder=folder.path,
        name=job.name,
        wandb_id=wandb_id,
        group=job.cfg.study_name or "single",
        config=job.public | {"choices": job.choices, "id": record.id},
        start_step=step,
    )
    loggers = [build(entry, context=context) for entry in (job.cfg.get("logger") or {}).values() if entry]
    modes = [logger.mode for logger in loggers if hasattr(logger, "mode")]
    record.wandb = {"id": wandb_id, "mode": modes[0]} if modes else {}
    record.time["resumed"] = decision.kind == "resume"
    write(record, folder.result)
    return loggers


def _trainer(job: Job, folder: RunFolder, loggers: list[Any], lock: RunLock | None) -> Trainer:
    from pytorch_lightning.callbacks import Checkpoint, LambdaCallback, ProgressBar

    from segladder.runs.checkpoint_io import AtomicCheckpointIO
    from segladder.tasks.callbacks import InterruptGuard, NanGuard, Stopwatch

    callbacks = [Stopwatch(), InterruptGuard(), NanGuard(), *build_callbacks(job.cfg)]
    if lock is not None:
        # a machine that slept may find that its folder was taken over in the meantime
        callbacks.append(LambdaCallback(on_train_epoch_end=lambda *_: lock.verify()))
    trainer: Trainer = build(
        job.cfg.trainer,
        callbacks=callbacks,
        logger=loggers or False,
        default_root_dir=str(folder.path),
        plugins=[AtomicCheckpointIO()],
        enable_checkpointing=any(isinstance(c, Checkpoint) for c in callbacks),
        enable_progress_bar=any(isinstance(c, ProgressBar) for c in callbacks),
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    return trainer


def _draft(
    job: Job, run_id: str, datamodule: SegmentationDataModule, task: SemanticTask, fingerprint: dict[str, Any]
) -> Record:
    from segladder.models.size import parameter_count

    return Record(
        id=run_id,
        name=job.name,
        task=task.kind,
        seed=job.cfg.seed,
        choices=job.choices,
        overrides=job.overrides,
        monitor={"name": job.cfg.metric.name, "mode": job.cfg.metric.mode},
        data=datamodule.summary(),
        model={"parameters": parameter_count(task.model)},
        code=fingerprint,
        environment=environment(world_size=_world_size(job.cfg.trainer), plugins=list(job.cfg.get("plugins") or [])),
    )


def _world_size(trainer: Any) -> int:
    devices = trainer.get("devices")
    count = len(devices) if hasattr(devices, "__len__") and not isinstance(devices, str) else devices
    return int(count) * int(trainer.get("num_nodes") or 1) if isinstance(count, int) and count > 0 else 1


def _keep_test(record: Record, folder: RunFolder, task: SemanticTask) -> None:
    record.scores["test"] = dict(task.scores["test"])
    record.per_class["test"] = {name: dict(values) for name, values in task.per_class["test"].items()}
    assert task.test_metrics.images is not None
    task.test_metrics.images.save(folder.per_image)


def _report(record: Record, task: SemanticTask, folder: RunFolder) -> None:
    from segladder.metrics.useless import useless
    from segladder.viz import print_class_bars

    split = "test" if "test" in record.scores else "val"
    if split not in record.scores:
        return
    scores, classes = record.scores[split], record.per_class[split]
    names = list(classes["iou"])
    print_class_bars(
        names,
        [_nan(classes["iou"][name]) for name in names],
        [_nan(classes["dice"][name]) for name in names],
        [int(_nan(classes["support"][name])) for name in names],
        title=f"{record.name}: {split}",
        scores={name: _nan(value) for name, value in scores.items()},
    )
    flag = useless(scores, classes)
    if flag:
        say(f"Warning: {flag}")
    times = record.time
    say(
        f"{times['total']:.1f} s: start-up {times['startup']:.1f}, fit {times['fit']:.1f},"
        f" evaluation {times['evaluate']:.1f}; {times['images_per_second']:,.0f} images/s,"
        f" {times['data_wait']:.0%} of the training time waiting for data."
    )
    say(f"Everything is in {folder.path}")


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _outcome(record: Record, folder: RunFolder, *, status: str) -> Outcome:
    metric = record.monitor.get("name", "")
    return Outcome(
        status=status,
        folder=folder.path,
        metric=metric,
        score=record.scores.get("val", {}).get(metric),
        test=record.scores.get("test", {}).get(metric),
        parameters=record.model.get("parameters"),
        fit_seconds=record.time.get("fit"),
    )


@contextmanager
def _recording(folder: RunFolder) -> Iterator[None]:
    """Whatever ends the run, its record says how."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt, SystemExit) as error:
        _close(folder, "interrupted", error)
        if isinstance(error, SystemExit):
            # what Lightning makes of a second Ctrl-C
            raise KeyboardInterrupt from error
        raise
    except Exception as error:
        told = _told(error)
        with open(folder.log, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(scrub("".join(traceback.format_exception(error))))
        _close(folder, "failed", told)
        if told is error:
            raise
        raise told from error


def _close(folder: RunFolder, status: Any, error: BaseException) -> None:
    record = read(folder.result)
    record.status = status
    record.error = {"type": type(error).__name__, "message": scrub(str(error))}
    record.checkpoints = {
        kind: f"checkpoints/{kind}.ckpt" for kind in ("best", "last") if getattr(folder, kind).is_file()
    }
    write(record, folder.result)


def _told(error: Exception) -> Exception:
    """Errors of torch that a user can mend, as sentences."""
    import torch

    if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return UserError(
            "The device ran out of memory. Lower data.batch_size, crop smaller (augment.crop),"
            " or use trainer.precision=bf16-mixed."
        )
    return error


def _flops(task: SemanticTask) -> int | None:
    from segladder.models.size import flops

    if task.example_shape is None:
        return None
    return flops(task.model, task.example_shape)


def _memory() -> dict[str, int]:
    import resource
    import sys

    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"peak_host": peak if sys.platform == "darwin" else peak * 1024}
    if torch.cuda.is_available():
        found["peak_device"] = torch.cuda.max_memory_allocated()
    return found


def _seed(seed: int) -> None:
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _one(trainer: Trainer, kind: type[Any]) -> Any:
    return next(callback for callback in trainer.callbacks if isinstance(callback, kind))  # type: ignore[attr-defined]


def _quieten() -> None:
    """Lightning's advice that does not fit: it knows nothing of stateless order and blocks read in place."""
    import logging

    import pytorch_lightning  # noqa: F401  sets its loggers' levels when imported

    for name in ("pytorch_lightning", "lightning_fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for text in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*resuming from a checkpoint that ended before the epoch ended.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*treespec.*is deprecated.*",
    ):
        warnings.filterwarnings("ignore", message=text)
