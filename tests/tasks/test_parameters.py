"""What the optimizer gets."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from segladder.tasks.parameters import built_optimizer, built_schedule, trained_parameters
from segladder.tasks.schedule import poly
from segladder.types import UserError

ADAM = functools.partial(torch.optim.Adam, lr=0.01)


class Net(nn.Module):
    def __init__(self, lr_factor=1.0):
        super().__init__()
        self.backbone = nn.Conv2d(1, 2, 1)
        self.head = nn.Conv2d(2, 2, 1)
        self.backbone.lr_factor = lr_factor


class Task(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model


def test_without_a_factor_there_is_one_group():
    groups = ADAM(trained_parameters(Task(Net()), ADAM)).param_groups
    assert [len(group["params"]) for group in groups] == [4]


def test_the_backbone_learns_at_its_share_of_the_rate():
    task = Task(Net(0.1))
    groups = ADAM(trained_parameters(task, ADAM)).param_groups
    assert [group["lr"] for group in groups] == [0.01, pytest.approx(0.001)]
    assert groups[1]["params"] == list(task.model.backbone.parameters())
    assert groups[0]["params"] == list(task.model.head.parameters())


def test_the_rate_may_be_the_optimizers_own_default():
    groups = torch.optim.Adam(trained_parameters(Task(Net(0.5)), torch.optim.Adam)).param_groups
    assert [group["lr"] for group in groups] == [1e-3, 5e-4]


def test_frozen_parameters_are_left_out():
    task = Task(Net())
    task.model.backbone.requires_grad_(False)
    assert len(trained_parameters(task, ADAM)) == 2
    task.model.head.requires_grad_(False)
    with pytest.raises(UserError, match="nothing to train"):
        trained_parameters(task, ADAM)


def test_a_factor_for_a_frozen_backbone_is_refused():
    task = Task(Net(0.1))
    task.model.backbone.requires_grad_(False)
    with pytest.raises(UserError, match="no effect"):
        trained_parameters(task, ADAM)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lr": "1e-x"}, "optimizer.lr is '1e-x', which Adam cannot use. Give a number"),
        ({"lr": -1.0}, "Adam refuses its settings: Invalid learning rate: -1.0. Check the values below optimizer"),
    ],
)
def test_what_an_optimizer_refuses_is_a_sentence(settings, said):
    with pytest.raises(UserError, match=said):
        built_optimizer(functools.partial(torch.optim.Adam, **settings), [nn.Parameter(torch.zeros(1))])


def test_what_a_schedule_refuses_is_a_sentence():
    optimizer = built_optimizer(ADAM, [nn.Parameter(torch.zeros(1))])
    assert built_schedule(functools.partial(poly, power=1.0), optimizer, 10).get_last_lr() == [0.01]
    with pytest.raises(UserError, match=r"scheduler\.power is 'x', which poly cannot use"):
        built_schedule(functools.partial(poly, power="x"), optimizer, 10)
    with pytest.raises(UserError, match=r"scheduler\.power is -1; it cannot be negative"):
        built_schedule(functools.partial(poly, power=-1), optimizer, 10)
