"""Learning-rate schedules as closed forms of the step, so that a resumed run needs no history to be exact."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from segladder.types import UserError


def constant(optimizer: Optimizer, total_steps: int, *, warmup_steps: int = 0) -> LRScheduler:
    """The full rate at every step.

    Args:
        optimizer: whose rates are scheduled.
        total_steps: optimizer steps of the whole training.
        warmup_steps: steps of a linear climb from 0.
    """
    return _closed_form(optimizer, total_steps, warmup_steps, lambda progress: 1.0)


def poly(optimizer: Optimizer, total_steps: int, *, power: float = 0.9, warmup_steps: int = 0) -> LRScheduler:
    """`(1 - progress) ** power` (Chen et al., DeepLab, TPAMI 2017).

    Args:
        optimizer: whose rates are scheduled.
        total_steps: optimizer steps of the whole training.
        power: 0 is constant, 1 a straight line to 0.
        warmup_steps: steps of a linear climb from 0.

    Raises:
        UserError: `power` is negative.
    """
    if power < 0:
        raise UserError(f"scheduler.power is {power}; it cannot be negative. The usual value is 0.9.")
    return _closed_form(optimizer, total_steps, warmup_steps, lambda progress: (1 - progress) ** power)


def cosine(optimizer: Optimizer, total_steps: int, *, floor: float = 0.0, warmup_steps: int = 0) -> LRScheduler:
    """Half a cosine from 1 to `floor` (Loshchilov & Hutter, SGDR, ICLR 2017).

    Args:
        optimizer: whose rates are scheduled.
        total_steps: optimizer steps of the whole training.
        floor: share of the full rate at the last step, in [0, 1].
        warmup_steps: steps of a linear climb from 0.

    Raises:
        UserError: `floor` is outside [0, 1].
    """
    if not 0 <= floor <= 1:
        raise UserError(f"scheduler.floor is {floor}; it is a share of the full rate, between 0 and 1.")
    return _closed_form(
        optimizer,
        total_steps,
        warmup_steps,
        lambda progress: floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)),
    )


def one_cycle(
    optimizer: Optimizer,
    total_steps: int,
    *,
    peak: float = 0.3,
    start_divisor: float = 25.0,
    end_divisor: float = 1e4,
) -> LRScheduler:
    """One climb to the optimizer's rate and one descent (Smith & Topin, 2018), as torch's OneCycleLR.

    Args:
        optimizer: its `lr` is the top of the cycle.
        total_steps: optimizer steps of the whole training.
        peak: share of the steps that climb, in (0, 1).
        start_divisor: the first rate is the top divided by this.
        end_divisor: the last rate is the first divided by this.

    Raises:
        UserError: `peak` is outside (0, 1).
    """
    if not 0 < peak < 1:
        raise UserError(f"scheduler.peak is {peak}; it is a share of the steps, between 0 and 1.")
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=total_steps,
        pct_start=peak,
        div_factor=start_divisor,
        final_div_factor=end_divisor,
    )


def _closed_form(
    optimizer: Optimizer, total_steps: int, warmup_steps: int, factor: Callable[[float], float]
) -> LRScheduler:
    if warmup_steps < 0 or warmup_steps >= total_steps:
        raise UserError(
            f"scheduler.warmup_steps is {warmup_steps}, but the training has {total_steps} steps in all."
            f" Give fewer warm-up steps or train longer (trainer.max_epochs, trainer.max_steps)."
        )

    def at(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
        return factor(min(1.0, progress))

    return LambdaLR(optimizer, at)
