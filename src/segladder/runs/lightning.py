"""Lightning's Trainer as a run needs it: built from the job, and quiet about what does not fit."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segladder.config.assemble import build_callbacks
from segladder.config.build import build
from segladder.config.machine import THREADS
from segladder.config.sentences import say_warnings_plainly
from segladder.config.words import unquoted
from segladder.runs.folder import RunFolder
from segladder.runs.job import Job
from segladder.runs.lock import RunLock
from segladder.runs.record import read, write
from segladder.types import UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

    from segladder.runs.ranks.environment import RankEnvironment
    from segladder.tasks.callbacks import BadSamples


def trainer_for(
    job: Job, folder: RunFolder, loggers: list[Any], lock: RunLock | None, *, environment: RankEnvironment | None = None
) -> Trainer:
    """Lightning's Trainer as the job configures it, with what every run has.

    Args:
        job: whose `trainer` and `callbacks` are built.
        folder: the run's.
        loggers: trackers; none for a process beside rank zero.
        lock: looked at before each checkpoint is written; None beside rank zero.
        environment: which of the run's processes this is; None where it is the only one.

    Raises:
        UserError: settings that do not fit each other or this machine.
    """
    import torch
    from lightning_fabric.utilities.exceptions import MisconfigurationException
    from pytorch_lightning.callbacks import Checkpoint, ProgressBar

    from segladder.runs.checkpoint_io import AtomicCheckpointIO
    from segladder.runs.ranks.environment import RankEnvironment
    from segladder.tasks.callbacks import FirstBatch, InterruptGuard, NanGuard, Stopwatch

    words = [f"data={job.choices.get('data')}", *(word for word in job.overrides if word.startswith("data."))]
    quick = FirstBatch(["segladder", "data", "check", *map(unquoted, words)])
    callbacks = [
        _bad_samples(folder, lock),
        Stopwatch(),
        InterruptGuard(),
        NanGuard(),
        quick,
        *build_callbacks(job.cfg),
    ]
    if environment is not None and lock is None:
        # one process tells how far the run is
        callbacks = [callback for callback in callbacks if not isinstance(callback, ProgressBar)]
    settings = job.cfg.trainer
    if job.cfg.runtime.get("threads") or os.environ.get(THREADS):
        # without it Lightning gives each process of a parallel run its share of all cores
        os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    alone = environment is None
    environment = environment or RankEnvironment.alone()
    try:
        trainer: Trainer = build(
            settings,
            callbacks=callbacks,
            logger=loggers or False,
            default_root_dir=str(folder.path),
            plugins=[AtomicCheckpointIO(lock), environment],
            enable_checkpointing=any(isinstance(c, Checkpoint) for c in callbacks),
            enable_progress_bar=any(isinstance(c, ProgressBar) for c in callbacks),
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except MisconfigurationException as error:
        chosen = ", ".join(f"{key}={settings.get(key)}" for key in ("accelerator", "devices", "strategy", "precision"))
        raise UserError(
            f"The trainer cannot be set up ({chosen}): {' '.join(str(error).split())} Change what does not fit this"
            f" machine, such as trainer.accelerator=auto trainer.devices=1."
        ) from error
    if alone and trainer.num_devices * trainer.num_nodes > 1:
        raise UserError(
            f"This runs in one process, and trainer.devices={settings.get('devices')} with"
            f" trainer.num_nodes={trainer.num_nodes} asks for {trainer.num_devices * trainer.num_nodes}."
            " Give trainer.devices=1 trainer.num_nodes=1."
        )
    return trainer


def _bad_samples(folder: RunFolder, lock: RunLock | None) -> BadSamples:
    """Whatever ends the run, its record names the samples that were skipped; beside rank zero nobody writes."""
    from segladder.tasks.callbacks import BadSamples

    if lock is None:
        return BadSamples()

    def note(skipped: Mapping[str, Any]) -> None:
        record = read(folder.result)
        record.data["skipped"] = dict(skipped)
        write(record, folder.result)

    return BadSamples(note=note, earlier=read(folder.result).data.get("skipped"))


def callback_of(trainer: Trainer, kind: type[Any]) -> Any:
    """The trainer's callback of a kind; None where there is none."""
    found = (callback for callback in trainer.callbacks if isinstance(callback, kind))  # type: ignore[attr-defined]
    return next(found, None)


def pruned_at(trainer: Trainer) -> int | None:
    """The validation, from 0, after which a search gave the run up; None where it did not."""
    from segladder.tasks.callbacks import Prune

    callback = callback_of(trainer, Prune)
    return None if callback is None else callback.pruned_at


def quieten() -> None:
    """Lightning's advice that does not fit: it knows nothing of stateless order and blocks read in place."""
    import pytorch_lightning  # noqa: F401  sets its loggers' levels and the form of warnings when imported

    say_warnings_plainly()
    for name in ("pytorch_lightning", "lightning_fabric", "lightning_utilities"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for text in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*resuming from a checkpoint that ended before the epoch ended.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*treespec.*is deprecated.*",
        # frozen stages, as asked for
        ".*module\\(s\\) in eval mode at the start of training.*",
        # our scores are reduced over the processes before they are logged
        ".*sync_dist=True.*",
        ".*Total length of .* across ranks is zero.*",
        # on a cluster, where our own processes are started without it
        ".*`srun` command is available.*",
    ):
        warnings.filterwarnings("ignore", message=text)
