"""Where in the training set a Trainer stands: a resumed run goes on there, to the sample.

Lightning behaviours this leans on (2.6): `fit_loop.epoch_progress.current` and
`fit_loop.epoch_loop.batch_progress.current` count `ready`, `processed` and `completed`; `fit_loop.restarting` is true
until the first epoch after a resume.
"""

from __future__ import annotations

from typing import Any


def training_position(trainer: Any, batches: int) -> tuple[int, int]:
    """Epoch and batches already done when an iteration over the training set starts.

    Args:
        trainer: the Trainer, None for none.
        batches: batches in a whole epoch.
    """
    if trainer is None:
        return 0, 0
    fit = trainer.fit_loop
    epoch = fit.epoch_progress.current
    if epoch.processed > epoch.completed:
        # a checkpoint from the end of an epoch: its batches are done, its end is not counted yet
        return epoch.processed, 0
    # `ready` also counts a batch that was cut off in the middle
    done = fit.epoch_loop.batch_progress.current.processed if fit.restarting else 0
    return (epoch.completed + 1, 0) if done >= _epoch_length(trainer, batches) else (epoch.completed, done)


def _epoch_length(trainer: Any, batches: int) -> int:
    """Batches that an epoch really has, with `trainer.limit_train_batches`."""
    limit = trainer.limit_train_batches or 1.0
    return min(batches, limit) if isinstance(limit, int) else int(batches * limit)
