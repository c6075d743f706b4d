"""What keeps a training waiting for data, in a sentence, and which settings would shorten it here."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import torch

from segladder.data.cache.content import is_file_source
from segladder.data.samples import Samples
from segladder.data.speed.stages import Stages
from segladder.data.speed.workers import available_cores, workers_text
from segladder.data.transforms.augment import Augment

WORTH_A_WORD = 0.1
"""Share of the training time that may pass waiting before anything is said."""
WORTH_SECONDS = 1.0
"""Seconds that must pass waiting: nobody would notice that fewer are gone, whatever their share of a short run."""
_OF_MEMORY = 0.25
"""Share of the machine's memory that decoded samples may take before they belong on disk."""
_WORTH_CACHING = 0.3
"""Share of the time of an image that decoding must take for a cache to be advised."""
_WORTH_MOVING = 0.3
"""Share of the time of an image that augmentation must take for its colours to be worth moving to a GPU."""
_BUSY = 0.6
"""Workers that were at work for less of the time were not what it waited for."""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the advice depends on besides the times themselves."""

    step_seconds: float
    """Time of the training steps."""
    wait_seconds: float
    """Time between them, in which the next batch is awaited."""
    workers: int
    """Processes that read."""
    spare_cores: int
    """Cores that could read: all but those that the training itself computes on."""
    synthetic: bool
    """Whether images are drawn, not read."""
    cached: bool
    """Whether a cache was used."""
    on_disk: bool
    """Whether the data set can be cached on disk."""
    decoded_bytes: int | None
    """Memory of all decoded samples; None where nobody knows."""
    epochs: float
    """How often each sample was read."""
    jitters_for_gpu: bool
    """Whether workers change colours that a GPU could change."""


def bottleneck(stages: Stages, now: Circumstances) -> str | None:
    """The slowest stage and what would help against it; None where waiting is short, or was not for the data's sake.

    Args:
        stages: of the training samples.
        now: the training they were read for.
    """
    total = now.step_seconds + now.wait_seconds
    if not stages.images or now.wait_seconds < WORTH_SECONDS or now.wait_seconds / total <= WORTH_A_WORD:
        return None
    if now.workers and stages.seconds < _BUSY * now.workers * total:
        busy = stages.seconds / (now.workers * total)
        return (
            f"The {_workers(now.workers)} had work for {busy:.0%} of the time: the rest is starting them and handing"
            " batches over, which weighs less in a longer training and with larger batches."
        )
    names = {
        "decode": "drawing images" if now.synthetic else "decoding",
        "cache": "reading the cache",
        "augment": "augmentation",
        "collate": "putting batches together",
    }
    slowest = max(names, key=lambda name: float(getattr(stages, name)))
    each = 1000 / stages.images
    sentence = (
        f"{names[slowest].capitalize()} takes {_ms(getattr(stages, slowest) * each)} of {_ms(stages.seconds * each)} ms"
        f" an image ({_workers(now.workers)})."
    )
    advice = _advice(stages, now)
    return f"{sentence} {' or '.join(advice)} would help." if advice else sentence


def circumstances(
    samples: Samples,
    stages: Stages,
    *,
    workers: int,
    step_seconds: float,
    wait_seconds: float,
    on_cpu: bool,
    processes: int,
) -> Circumstances:
    """What was so in a training.

    Args:
        samples: those that it read.
        stages: what they took.
        workers: processes that read.
        step_seconds: see `Circumstances`.
        wait_seconds: likewise.
        on_cpu: whether the network was computed on the CPU, by as many threads as torch has now.
        processes: training processes that share the machine.
    """
    source: Any = samples.source
    cores = available_cores() // processes
    return Circumstances(
        step_seconds=step_seconds,
        wait_seconds=wait_seconds,
        workers=workers,
        spare_cores=max(0, cores - (torch.get_num_threads() if on_cpu else 1)),
        synthetic=source.synthetic,
        cached=samples.cache is not None,
        on_disk=is_file_source(source),
        decoded_bytes=getattr(source, "decoded_bytes", None),
        epochs=stages.images / max(1, len(samples)),
        jitters_for_gpu=not on_cpu and _jitters(samples.augment),
    )


def _advice(stages: Stages, now: Circumstances) -> list[str]:
    """Settings, the most effective first."""
    if now.synthetic:
        return []
    found = []
    if not now.cached and stages.decode >= _WORTH_CACHING * stages.seconds:
        small = now.decoded_bytes is not None and now.decoded_bytes < _OF_MEMORY * _memory()
        if small and now.epochs > 1.5:
            found.append("data.cache=ram")
        elif now.on_disk:
            found.append("data.cache=disk" if now.epochs > 1.5 else "data.cache=disk (from the second reading on)")
    if now.jitters_for_gpu and stages.augment >= _WORTH_MOVING * stages.seconds:
        found.append("augment.device=gpu")
    # as many as read an image in the time that the network takes for one, and one more
    wanted = min(now.spare_cores, math.ceil(stages.seconds / max(now.step_seconds, 1e-9)) + 1)
    if wanted > now.workers:
        found.append(f"data.num_workers={wanted}")
    return found


def _jitters(augment: Any) -> bool:
    """Whether an augmentation of ours changes colours itself, and might leave that to a device."""
    if type(augment) is not Augment or augment.device != "cpu" or augment.extra:
        return False
    return any((augment.brightness, augment.contrast, augment.saturation, augment.hue))


def _memory() -> int:
    """Bytes that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _workers(count: int) -> str:
    return "no workers" if count == 0 else workers_text(count)


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
