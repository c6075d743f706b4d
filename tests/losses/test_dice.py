"""Dice against its formula, and against other libraries where they are installed."""

import pytest
import torch

from segladder.losses import Dice, LossSum
from segladder.types import UserError


def by_formula(logits, target, *, smooth=0.0, ignore=255):
    """Class by class in plain loops."""
    p, valid = logits.softmax(1), target != ignore
    values = []
    for kind in range(logits.shape[1]):
        t = (target == kind).to(p) * valid
        if t.sum() > 0:
            q = p[:, kind] * valid
            values.append((2 * (q * t).sum() + smooth) / (q.sum() + t.sum() + smooth))
    return 1 - torch.stack(values).mean()


def drawn(classes=4):
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 8, 9, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, classes, (2, 8, 9))
    target[0, 0] = 255
    return logits, target


def dice(smooth=0.0, **settings):
    return LossSum({"dice": Dice(smooth=smooth)}, {"dice": 1}, **settings)


@pytest.mark.parametrize("smooth", [0.0, 2.5])
@pytest.mark.parametrize("classes", [4, 2])
def test_equals_the_formula(smooth, classes):
    logits, target = drawn(classes)
    total, _ = dice(smooth)(logits, target)
    expected = by_formula(logits, target, smooth=smooth)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits))


def test_equals_smp_where_every_class_is_present():
    losses = pytest.importorskip("segmentation_models_pytorch.losses")
    logits, target = drawn()
    theirs = losses.DiceLoss("multiclass", ignore_index=255, smooth=0.0)(logits, target)
    torch.testing.assert_close(dice()(logits, target)[0], theirs)


def test_equals_kornia_on_one_image_where_every_class_is_present():
    """kornia takes the mean over images, so only one image is the same formula."""
    losses = pytest.importorskip("kornia.losses")
    logits, target = (part[1:] for part in drawn())
    theirs = losses.dice_loss(logits, target, average="macro", ignore_index=255)
    torch.testing.assert_close(dice()(logits, target)[0], theirs, rtol=1e-6, atol=1e-6)


def test_absent_classes_do_not_dilute_the_gradient():
    """Classes that nobody predicts and nobody labels may come or go."""
    logits, target = drawn(2)
    more = torch.cat((logits.detach(), torch.full((2, 17, 8, 9), -1e3, dtype=torch.float64)), 1).requires_grad_()
    value, other = dice()(logits, target)[0], dice()(more, target)[0]
    torch.testing.assert_close(value, other)
    (gradient,), (wide,) = torch.autograd.grad(value, logits), torch.autograd.grad(other, more)
    torch.testing.assert_close(gradient, wide[:, :4])


def test_perfect_prediction_costs_nothing_and_a_wrong_one_everything():
    target = torch.tensor([[[0, 1], [1, 0]]])
    right = 1e4 * torch.nn.functional.one_hot(target, 2).movedim(-1, 1).float()
    assert dice()(right, target)[0] == 0
    assert dice()(-right, target)[0] == 1


def test_each_binary_mask_is_a_sample():
    torch.manual_seed(0)
    logits, target = torch.randn(3, 6, 6), torch.randint(0, 2, (3, 6, 6))
    target[2] = 0
    p = logits.sigmoid()
    per_mask = [1 - 2 * (p[i] * target[i]).sum() / (p[i].sum() + target[i].sum()) for i in (0, 1)]
    total, _ = dice(binary=True)(logits, target)
    torch.testing.assert_close(total, (per_mask[0] + per_mask[1]) / 2)


@pytest.mark.parametrize("smooth", [-1.0, float("inf"), float("nan")])
def test_smooth_out_of_range_is_refused(smooth):
    with pytest.raises(UserError, match=r"loss\.terms\.dice\.smooth"):
        Dice(smooth=smooth)
