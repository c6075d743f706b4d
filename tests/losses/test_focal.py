"""Focal loss against its formula and its limit, cross-entropy."""

import pytest
import torch
import torch.nn.functional as F

from segladder.losses import Focal, LossSum
from segladder.types import UserError


def loss_of(binary=False, **settings):
    return LossSum({"focal": Focal(**settings)}, {"focal": 1}, binary=binary)


def drawn():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 8, 9, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 4, (2, 8, 9))
    target[0, 0] = 255
    return logits, target


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 3.7])
@pytest.mark.parametrize("alpha", [None, 0.25, [0.1, 0.2, 0.3, 0.4]])
def test_equals_the_formula(gamma, alpha):
    logits, target = drawn()
    valid = target != 255
    log_p = logits.log_softmax(1).gather(1, target.where(valid, 0)[:, None])[:, 0][valid]
    factor = 1.0 if alpha is None else alpha
    if isinstance(alpha, list):
        factor = torch.tensor(alpha, dtype=torch.float64)[target[valid]]
    expected = (-factor * (1 - log_p.exp()) ** gamma * log_p).mean()
    total, _ = loss_of(alpha=alpha, gamma=gamma)(logits, target)
    torch.testing.assert_close(total, expected, rtol=1e-6, atol=1e-8)
    ours, theirs = torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-8)


def test_gamma_zero_is_cross_entropy():
    logits, target = drawn()
    torch.testing.assert_close(loss_of(gamma=0)(logits, target)[0], F.cross_entropy(logits, target, ignore_index=255))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("binary", [False, True])
def test_a_certain_and_right_pixel_costs_nothing_and_its_gradient_is_finite(gamma, binary):
    target = torch.tensor([[[0, 1]]])
    logits = torch.tensor([[[-1e4, 1e4]]]) if binary else torch.tensor([[[[1e4, -1e4]], [[-1e4, 1e4]]]])
    logits.requires_grad_()
    total, _ = loss_of(gamma=gamma, binary=binary)(logits, target)
    total.backward()
    assert total == 0
    assert not logits.grad.any()


def test_binary_masks_equal_torchvisions():
    sigmoid_focal_loss = pytest.importorskip("torchvision.ops").sigmoid_focal_loss
    torch.manual_seed(0)
    logits, target = torch.randn(3, 5, 5, dtype=torch.float64), torch.randint(0, 2, (3, 5, 5))
    theirs = sigmoid_focal_loss(logits, target.double(), alpha=0.25, gamma=2, reduction="mean")
    total, _ = loss_of(alpha=0.25, gamma=2, binary=True)(logits, target)
    torch.testing.assert_close(total, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"gamma": -1.0}, "gamma is -1"),
        ({"gamma": float("inf")}, "gamma is inf"),
        ({"alpha": -0.1}, "alpha is"),
        ({"alpha": 0.0}, "alpha is"),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        Focal(**settings)


def test_wrong_number_of_weights_is_refused():
    logits, target = drawn()
    with pytest.raises(UserError, match="has 2 values for 4 classes"):
        loss_of(alpha=[0.1, 0.2])(logits, target)


def test_single_alpha_above_one_makes_no_sense_for_binary_masks():
    with pytest.raises(UserError, match=r"alpha is 2\."):
        loss_of(alpha=2.0, binary=True)(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2).long())
