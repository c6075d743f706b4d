"""The DataLoader of a data set: whole batches in a given order, read here or by processes of their own."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import torch
from torch.utils.data import DataLoader

from segladder.data.order import EpochBatches
from segladder.data.samples import Samples, as_is
from segladder.data.seeding import mix
from segladder.types import Batch


def loader(samples: Samples, batches: EpochBatches, *, workers: int, prefetch: int, seed: int) -> DataLoader[Batch]:
    """Batches of samples.

    Args:
        samples: they come as finished batches.
        batches: which samples each batch holds, also after a resume.
        workers: processes that read, 0 for none.
        prefetch: batches that each of them prepares ahead.
        seed: of what a loader draws for itself; no sample depends on it.
    """
    if workers:
        samples.clock.share()
        # said by `IdleOptions`, in our words and once
        warnings.filterwarnings("ignore", message="This DataLoader will create .* worker processes")
    dataset: Any = samples  # its __getitems__ returns finished batches
    return DataLoader(
        dataset,
        batch_sampler=batches,
        collate_fn=as_is,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=prefetch if workers else None,
        pin_memory=torch.cuda.is_available(),
        # fork shares what is imported already; elsewhere the platform's own way is the safe one
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        # its own, or every epoch would draw a number from the global state
        generator=torch.Generator().manual_seed(mix(seed)),
    )
