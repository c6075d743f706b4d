"""Schedules against their formulas and torch's own."""

from __future__ import annotations

import math

import pytest
import torch

from segladder.tasks.schedule import constant, cosine, one_cycle, poly
from segladder.types import UserError


def rates(schedule, steps, **settings):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = schedule(optimizer, steps, **settings)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_poly_is_torchs_polynomial():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    reference = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=20, power=0.9)
    expected = []
    for _ in range(20):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()
    assert rates(poly, 20, power=0.9) == pytest.approx(expected, rel=1e-6)


def test_cosine_ends_at_its_floor():
    found = rates(cosine, 11, floor=0.1)
    assert found[0] == 0.5
    assert found[5] == pytest.approx(0.5 * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * 5 / 11))))
    assert found[-1] > 0.05


def test_warm_up_climbs_in_equal_steps_to_the_full_rate():
    found = rates(constant, 10, warmup_steps=4)
    assert found[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert found[5:] == [0.5] * 5


def test_one_cycle_tops_at_the_optimizers_rate():
    found = rates(one_cycle, 20, peak=0.25)
    assert max(found) == pytest.approx(0.5, rel=1e-3)
    assert found[0] == pytest.approx(0.5 / 25)


@pytest.mark.parametrize(
    ("schedule", "settings", "hint"),
    [
        (poly, {"power": -1}, "power"),
        (cosine, {"floor": 2}, "floor"),
        (one_cycle, {"peak": 1}, "peak"),
        (constant, {"warmup_steps": 10}, "warm-up"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(schedule, settings, hint):
    with pytest.raises(UserError, match=hint):
        rates(schedule, 10, **settings)
