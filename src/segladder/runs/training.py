"""One experiment from beginning to end: build, claim a folder, train, test, and leave a record of it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from segladder.config.build import build
from segladder.config.machine import prepare_machine
from segladder.config.secrets import scrub
from segladder.runs.atomic import write_atomic
from segladder.runs.code import code
from segladder.runs.comparable import method_id, pretrained_of, protocol_of
from segladder.runs.ending import note_checkpoints, recorded
from segladder.runs.environment import environment
from segladder.runs.folder import RunFolder, require_space
from segladder.runs.identity import hash_weights, identity
from segladder.runs.job import Job
from segladder.runs.latency import latency_ms
from segladder.runs.lightning import callback_of, pruned_at, trainer_for
from segladder.runs.lock import RunLock
from segladder.runs.log import LogTee
from segladder.runs.outcome import Outcome, flops_of, outcome_of, peak_memory, print_report
from segladder.runs.phases import Phases
from segladder.runs.ranks.meeting import Host
from segladder.runs.ranks.parallel import (
    built,
    environment_of,
    hosting,
    require_fit,
    seed_all,
    together,
    visit,
    world_of,
)
from segladder.runs.ranks.world import World
from segladder.runs.record import Record, read, write
from segladder.runs.resume import BusyRunError, Decision, claim
from segladder.types import UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import Rung

_WANDB_NAME = 128
"""Characters that W&B shows of a run's name."""
_TAGS = ("task", "data", "model", "backbone", "loss")


def run_job(job: Job) -> Outcome:
    """Runs the job, or skips it where it is done already.

    Raises:
        UserError: the run cannot be done; its record says so.
        Interrupted: it was asked to stop; `last.ckpt` is saved.
    """
    world = world_of(job)
    if world.rank > 0:
        return visit(Path(job.cfg.paths.outputs), world)
    with hosting(Path(job.cfg.paths.outputs), world) as host:
        return _run(job, world, host)


def _run(job: Job, world: World, host: Host | None) -> Outcome:
    require_fit(job, world)
    for warning in job.warnings + prepare_machine(job.cfg.runtime):
        say(f"Warning: {warning}")
    datamodule, task, told = built(job)
    for line in told:
        say(line)
    fingerprint = code(list(job.cfg.get("plugins") or []))
    hashes, weights = datamodule.summary()["hashes"], hash_weights(job.public)
    run_id = identity(job.public, data_hashes=hashes, weight_hashes=weights)
    method = method_id(job.public, data_hashes=hashes, weight_hashes=weights)
    claimed = claim(
        Path(job.cfg.paths.outputs),
        job.cfg.study_name,
        job.name,
        run_id,
        fingerprint["fingerprint"],
        sweep=job.sweep,
        retry=job.cfg.sweep.retry,
        rerun=job.cfg.sweep.rerun,
        draft=_draft(job, run_id, method, datamodule, task, fingerprint),
    )
    decision = claimed.decision
    if decision.kind == "busy":
        raise BusyRunError(f"{decision.why} Wait for it, or change the seed or a setting.")
    if decision.why:
        say(decision.why)
    if decision.kind == "skip":
        return outcome_of(read(decision.folder.result), decision.folder, status="skipped")
    assert claimed.lock is not None
    with claimed.lock, LogTee(decision.folder.log, scrub=scrub), recorded(decision.folder):
        return _train(job, decision, claimed.lock, datamodule, task, world, host)


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(text, flush=True)


def _train(
    job: Job,
    decision: Decision,
    lock: RunLock,
    datamodule: SegmentationDataModule,
    task: Rung,
    world: World,
    host: Host | None,
) -> Outcome:
    from segladder.tasks.callbacks.stopwatch import prepared_seconds

    folder = decision.folder
    record = read(folder.result)
    write_atomic(folder.config, yaml.safe_dump(job.public, sort_keys=False, allow_unicode=True))
    write_atomic(folder.overrides, yaml.safe_dump(job.overrides, allow_unicode=True))
    # weights, gradients' moments and the best weights, each kept once and written beside its old version
    require_space(folder.path, 6 * 4 * int(record.model["parameters"]) + 2**24)
    say(f"Run {job.name} in {folder.path}")
    loggers = _loggers(job, decision)
    phases = Phases(job.started, lambda: prepared_seconds(datamodule))
    finished = False
    try:
        here = environment_of(world)
        trainer = trainer_for(job, folder, loggers, lock, environment=here)
        with together(trainer, here, job, decision, lock, world, host):
            record = _fit(job, decision, trainer, datamodule, task, phases)
            if (validation := pruned_at(trainer)) is None:
                _test(trainer, record, folder, datamodule, task)
        if validation is not None:
            record.status = "pruned"
            write(record, folder.result)
            say(f"Pruned after validation {validation + 1}: it fell behind the other trials of its search.")
            finished = True
            return outcome_of(record, folder, status="pruned")
        if (job.cfg.sweep.get("search") or {}).get("latency"):
            record.model["latency_ms"] = latency_ms(trainer, task, datamodule)
        record.time["evaluate"] = phases.end()
        record.time |= {"prepare": phases.prepared, "total": phases.total}
        record.status = "finished"
        write(record, folder.result)
        print_report(record, folder)
        finished = True
        return outcome_of(record, folder, status="finished")
    finally:
        for logger in loggers:
            logger.finalize("success" if finished else "failed")
            if hasattr(logger, "close"):
                logger.close(0 if finished else 1)


def _fit(
    job: Job,
    decision: Decision,
    trainer: Trainer,
    datamodule: SegmentationDataModule,
    task: Rung,
    phases: Phases,
) -> Record:
    """Trains, and returns the record with times and the best validation scores."""
    from segladder.tasks.callbacks import InterruptGuard, RunCheckpoint, Stopwatch

    folder = decision.folder
    record = read(folder.result)
    before = record.time.get("fit", 0.0) if decision.kind == "resume" else 0.0
    seed_all(job.cfg.seed)
    began = time.time()
    with callback_of(trainer, InterruptGuard):
        checkpoint = str(decision.checkpoint) if decision.checkpoint else None
        trainer.fit(task, datamodule=datamodule, ckpt_path=checkpoint, weights_only=True)
    watch, keeper = callback_of(trainer, Stopwatch), callback_of(trainer, RunCheckpoint)
    record.time |= {
        "began": job.started,
        "startup": phases.end(at=watch.first_step_at or began, prepared=watch.prepared_before),
        "fit": before + phases.end(),
        "prepare": phases.prepared,
        "steps": watch.step_seconds + watch.wait_seconds,
        "images_per_second": watch.images_per_second,
        "data_wait": watch.data_wait_share,
        "data_stages": watch.stages,
        "data_advice": watch.advice,
        "optimizer_steps": trainer.global_step,
    }
    if (limit := job.cfg.trainer.get("max_time")) is not None:
        record.time["max_time"] = str(limit)
    if keeper is not None and keeper.best_value is not None:
        record.monitor |= {"value": keeper.best_value, "epoch": keeper.best_epoch}
        record.scores["val"] = dict(keeper.best_scores)
        record.per_class["val"] = {name: dict(values) for name, values in keeper.best_per_class.items()}
    _note_skipped(trainer, record)
    note_checkpoints(record, folder)
    write(record, folder.result)
    return record


def _note_skipped(trainer: Trainer, record: Record) -> None:
    """Which samples could not be read (`data.on_bad_sample=skip`)."""
    from segladder.tasks.callbacks import BadSamples

    skipped = callback_of(trainer, BadSamples).summary()
    if skipped is not None:
        record.data["skipped"] = skipped


def _test(trainer: Trainer, record: Record, folder: RunFolder, datamodule: SegmentationDataModule, task: Rung) -> None:
    """Scores the best weights on the test split, into record and files."""
    from segladder.tasks.callbacks import InterruptGuard
    from segladder.tasks.callbacks.checkpoint import load_weights

    tested = datamodule.samples("test") is not None
    if folder.best.is_file():
        load_weights(folder.best, task)
    elif tested:
        name = task.monitor
        why = f"{name} was undefined at every validation" if "val" in task.scores else "Nothing was validated"
        say(f"{why}, so there is no best checkpoint: the test scores are of the last weights.")
    if tested:
        with callback_of(trainer, InterruptGuard):
            trainer.test(task, datamodule=datamodule, verbose=False)
        if "test" not in task.scores:
            raise UserError("Nothing was tested: trainer.limit_test_batches leaves no batch. Give more, or null.")
        record.scores["test"] = dict(task.scores["test"])
        record.per_class["test"] = {name: dict(values) for name, values in task.per_class["test"].items()}
        task.write_per_image(folder.per_image)
        _note_skipped(trainer, record)
    elif "val" in record.scores:
        say("There is no test split: the record holds validation scores only.")
    else:
        say("There is no test split, and nothing was validated: the record holds no scores.")
    record.model["flops"] = flops_of(task)
    record.memory = peak_memory()


def _loggers(job: Job, decision: Decision) -> list[Any]:
    from segladder.tasks.trackers import RunContext

    folder = decision.folder
    record = read(folder.result)
    wandb_id = record.wandb.get("id") or secrets.token_hex(4)
    context = RunContext(
        folder=folder.path,
        name=" ".join(f"{key}={value}" for key, value in job.varying.items())[:_WANDB_NAME] or job.name,
        wandb_id=wandb_id,
        group=job.cfg.study_name or "single",
        tags=tuple(choice for group in _TAGS if (choice := job.choices.get(group))),
        config=job.public | {"choices": job.choices, "id": record.id},
        scrub=scrub,
        start_step=_steps_done(decision.checkpoint),
    )
    loggers = [build(entry, context=context) for entry in (job.cfg.get("logger") or {}).values() if entry]
    modes = [logger.mode for logger in loggers if hasattr(logger, "mode")]
    record.wandb = {"id": wandb_id, "mode": modes[0]} if modes else {}
    record.time["resumed"] = decision.kind == "resume"
    write(record, folder.result)
    return loggers


def _steps_done(checkpoint: Path | None) -> int:
    """Rows that the trackers have of what lies before a checkpoint: one per batch that ended an optimizer step."""
    if checkpoint is None:
        return 0
    import torch

    loops = torch.load(checkpoint, map_location="cpu", weights_only=True)["loops"]
    return int(loops["fit_loop"]["epoch_loop.state_dict"]["_batches_that_stepped"])


def _draft(
    job: Job, run_id: str, method: str, datamodule: SegmentationDataModule, task: Rung, fingerprint: dict[str, Any]
) -> Record:
    from segladder.models.size import parameter_count

    return Record(
        id=run_id,
        name=job.name,
        method=method,
        task=task.kind,
        seed=job.cfg.seed,
        choices=job.choices,
        overrides=job.overrides,
        monitor={"name": job.cfg.metric.name, "mode": job.cfg.metric.mode},
        protocol=protocol_of(job.public),
        data=datamodule.summary(),
        model={"parameters": parameter_count(task.model), "pretrained": pretrained_of(job.public)},
        code=fingerprint,
        environment=environment(world_size=_world_size(job.cfg.trainer), plugins=list(job.cfg.get("plugins") or [])),
    )


def _world_size(trainer: Any) -> int:
    devices = trainer.get("devices")
    count = len(devices) if hasattr(devices, "__len__") and not isinstance(devices, str) else devices
    return int(count) * int(trainer.get("num_nodes") or 1) if isinstance(count, int) and count > 0 else 1
