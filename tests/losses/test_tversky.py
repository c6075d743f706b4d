"""Tversky against its formula, and its meaning of alpha and beta."""

import pytest
import torch

from segladder.losses import Dice, LossSum, Tversky
from segladder.types import UserError


def loss_of(term, **settings):
    return LossSum({"it": term}, {"it": 1}, **settings)


def drawn():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 8, 9, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 3, (2, 8, 9))
    target[0, 0] = 255
    return logits, target


def test_equals_the_formula():
    logits, target = drawn()
    p, valid, values = logits.softmax(1), target != 255, []
    for kind in range(3):
        true = (target == kind) & valid
        tp = p[:, kind][true].sum()
        fp = p[:, kind][valid & ~true].sum()
        fn = (1 - p[:, kind][true]).sum()
        values.append((tp + 2) / (tp + 0.2 * fp + 0.9 * fn + 2))
    expected = 1 - torch.stack(values).mean()
    total, _ = loss_of(Tversky(alpha=0.2, beta=0.9, smooth=2.0))(logits, target)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits))


def test_both_prices_at_one_half_are_dice():
    logits, target = drawn()
    halves = loss_of(Tversky(alpha=0.5, beta=0.5))(logits, target)[0]
    torch.testing.assert_close(halves, loss_of(Dice())(logits, target)[0])


def test_beta_prices_misses_and_alpha_false_alarms():
    target = torch.zeros(1, 4, 4).long()
    target[0, 1:3, 1:3] = 1
    shy, bold = torch.zeros(1, 4, 4), torch.full((1, 4, 4), 20.0)
    shy -= 20
    shy[0, 1, 1] = 20
    misses_dear = loss_of(Tversky(alpha=0.1, beta=0.9), binary=True)
    alarms_dear = loss_of(Tversky(alpha=0.9, beta=0.1), binary=True)
    assert misses_dear(shy, target)[0] > alarms_dear(shy, target)[0]
    assert misses_dear(bold, target)[0] < alarms_dear(bold, target)[0]


def test_class_predicted_nowhere_costs_everything_even_where_misses_are_free():
    target = torch.tensor([[[0, 1]]])
    logits = torch.tensor([[[[1e4, 1e4]], [[-1e4, -1e4]]]], requires_grad=True)
    total, _ = loss_of(Tversky(alpha=1.0, beta=0.0))(logits, target)
    total.backward()
    torch.testing.assert_close(total.detach(), torch.tensor(0.75))
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"alpha": -1.0}, "alpha is -1"),
        ({"beta": float("nan")}, "beta is nan"),
        ({"smooth": -0.5}, "smooth is -0.5"),
        ({"alpha": 0.0, "beta": 0.0}, "always 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        Tversky(**settings)
