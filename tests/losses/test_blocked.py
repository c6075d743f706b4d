"""The fused pass against each term's plain form, which autograd differentiates."""

import itertools

import pytest
import torch

from segladder.losses import CrossEntropy, Dice, Focal, Scores, Tversky, blocks
from segladder.losses.blocked import blocked_losses

TERMS = {
    "ce": lambda: CrossEntropy(),
    "weighted ce": lambda: CrossEntropy(class_weights=[1, 2, 3, 0.5, 0], label_smoothing=0.2),
    "dice": lambda: Dice(),
    "smooth dice": lambda: Dice(smooth=3.0),
    "focal": lambda: Focal(),
    "focal, small gamma": lambda: Focal(gamma=0.5, alpha=[0.1, 0.2, 0.3, 0.4, 0.5]),
    "focal, gamma 0": lambda: Focal(gamma=0, alpha=0.25),
    "tversky": lambda: Tversky(),
    "tversky, misses free": lambda: Tversky(alpha=1, beta=0, smooth=0.5),
}
ALL_AT_ONCE = "all at once"


def drawn(dtype, *, layout=torch.contiguous_format, shape=(3, 5, 9, 11)):
    generator = torch.Generator().manual_seed(1)
    logits = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    target = torch.randint(0, shape[1] - 1, (shape[0], *shape[2:]), generator=generator)
    valid = torch.rand(target.shape, generator=generator) < 0.8
    logits = logits.to(dtype).contiguous(memory_format=layout).requires_grad_()
    return logits, target.where(valid, 0), valid


# part of an image; one image; several images; everything
@pytest.mark.parametrize("block", [130, 500, 1_000, 10**6])
@pytest.mark.parametrize("name", [*TERMS, ALL_AT_ONCE])
def test_values_and_gradients_equal_the_plain_form(monkeypatch, block, name):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    terms = [make() for make in TERMS.values()] if name == ALL_AT_ONCE else [TERMS[name]()]
    for dtype, layout in itertools.product(
        (torch.float64, torch.float32), (torch.contiguous_format, torch.channels_last)
    ):
        logits, target, valid = drawn(dtype, layout=layout)
        factors = torch.linspace(0.5, 2, len(terms), dtype=dtype)

        fused = blocked_losses(logits, target, valid, terms)
        (fused_gradient,) = torch.autograd.grad((fused * factors).sum(), logits)

        scores = Scores(logits, valid)
        plain = torch.stack([term(scores, target, valid) for term in terms])
        (gradient,) = torch.autograd.grad((plain * factors).sum(), logits)

        torch.testing.assert_close(fused, plain, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(fused_gradient, gradient, rtol=1e-4, atol=1e-7)
        assert fused_gradient.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("block", [60, 10**6])
def test_gradient_is_that_of_finite_differences(monkeypatch, block):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    logits, target, valid = drawn(torch.float64, shape=(2, 5, 3, 4))
    terms = [make() for make in TERMS.values()]
    assert torch.autograd.gradcheck(lambda z: blocked_losses(z, target, valid, terms), (logits,))


def test_second_derivative_is_refused():
    logits, target, valid = drawn(torch.float64)
    value = blocked_losses(logits, target, valid, [Dice()]).sum()
    with pytest.raises(RuntimeError, match="create_graph=True"):
        torch.autograd.grad(value, logits, create_graph=True)


def test_plain_form_has_a_second_derivative():
    logits, target, valid = drawn(torch.float64, shape=(1, 5, 2, 2))
    assert torch.autograd.gradgradcheck(lambda z: Dice()(Scores(z, valid), target, valid), (logits,))


@pytest.mark.parametrize("block", [500, 10**6])
def test_a_second_backward_gives_the_same_gradient(monkeypatch, block):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    logits, target, valid = drawn(torch.float32)
    value = blocked_losses(logits, target, valid, [CrossEntropy(), Dice(), Focal()]).sum()
    (first,) = torch.autograd.grad(value, logits, retain_graph=True)
    (second,) = torch.autograd.grad(value, logits)
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_logits_that_are_a_slice_of_a_larger_map_are_read_in_place():
    logits, target, valid = drawn(torch.float32)
    wide = torch.zeros(3, 7, 9, 12)
    wide[:, 1:6, :, :11] = logits.detach()
    view = wide[:, 1:6, :, :11].requires_grad_()
    terms = [CrossEntropy(), Dice()]
    expected = blocked_losses(logits, target, valid, terms)
    value = blocked_losses(view, target, valid, terms)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(
        torch.autograd.grad(value.sum(), view)[0], torch.autograd.grad(expected.sum(), logits)[0]
    )
