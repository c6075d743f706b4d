"""Cross-entropy, Dice, focal and Tversky of one logit map in a single pass over blocks of pixels.

Written term by term, each loss keeps several maps as large as the logits until the backward pass. All of these
terms need only a few numbers per pixel (the softmax's maximum and sum, the true class's log-probability) and
per class (soft areas). So the forward pass keeps those, the backward pass makes the softmax again block by
block, and beyond the gradient itself the memory is some 30 bytes per pixel and one block.

With p the softmax, t the true class, A and B the derivatives by a class's predicted and overlapping area, and h
the derivative by log p_t of the terms that live on single pixels, the gradient at one pixel is
    dz_c = p_c (A_c - sum_k A_k p_k - s) + [c = t] s,   s = p_t B_t + h.
Label smoothing adds  p_c sum_k v_k - v_c  for its share v.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from segladder.losses.blocks import (
    Blocks,
    add_at_labels,
    class_sum,
    exponentiate,
    pixel_sum,
    pixels_by_label,
    sums_by_label,
)
from segladder.losses.ce import CrossEntropy
from segladder.losses.class_weights import at_labels
from segladder.losses.dice import Dice
from segladder.losses.focal import Focal
from segladder.losses.overlap import Regions, sum_dtype
from segladder.losses.slopes import Slopes
from segladder.losses.tversky import Tversky

Term = CrossEntropy | Dice | Focal | Tversky
FUSED = (CrossEntropy, Dice, Focal, Tversky)


def blocked_losses(logits: Tensor, target: Tensor, valid: Tensor, terms: Sequence[Term]) -> Tensor:
    """Values of several terms, differentiable once by the logits.

    Args:
        logits: `(B, C, H, W)`, any floating type and memory format.
        target: `(B, H, W)` int64 class, in range at every pixel.
        valid: `(B, H, W)` bool, pixels that count.
        terms: K terms, instances of `FUSED` itself, not of a subclass.

    Returns:
        `(K,)` float32, or float64 for float64 logits.

    Raises:
        RuntimeError: backward with `create_graph=True`; this pass has no second derivative.
    """
    values: Tensor = _BlockedLosses.apply(logits, target, valid, tuple(terms))
    return values


class _BlockedLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, valid: Tensor, terms: tuple[Term, ...]) -> Tensor:
        labels, counted = target.flatten(1), valid.flatten(1)
        wants_regions = any(isinstance(term, (Dice, Tversky)) for term in terms)
        wants_all = any(isinstance(term, CrossEntropy) and term.label_smoothing for term in terms)
        pixels, wants = logits.flatten(2), {"regions": wants_regions, "log_sums": wants_all}
        # on the CPU maps are cleaned only once they prove to need it; asking an accelerator would stop the host
        clean = logits.device.type != "cpu"
        sweep = _sweep(Blocks(pixels, counted, clean=clean), labels, **wants)
        if not clean and not sweep.is_finite():
            clean = True
            sweep = _sweep(Blocks(pixels, counted, clean=True), labels, **wants)
        log_p = sweep.log_p.masked_fill_(~counted, 0)
        on_truth = areas = None
        if wants_regions:
            C = logits.shape[1]
            on_truth = log_p.exp().mul_(counted)
            areas = Regions(
                inside=sums_by_label(on_truth, labels, C),
                predicted=sweep.predicted,
                true=pixels_by_label(labels, counted, C),
            )
        parts = [_slopes(term, areas, log_p, labels, counted, sweep.log_sums.to(log_p.dtype)) for term in terms]
        ctx.save_for_backward(logits, labels, counted, sweep.peak, sweep.scale, on_truth)
        ctx.softmax, ctx.parts, ctx.clean = sweep.softmax, parts, clean
        return torch.stack([part.value.to(log_p.dtype) for part in parts])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        # torch's once_differentiable would give a constant here, and a gradient penalty would silently do nothing
        if torch.is_grad_enabled():
            raise RuntimeError(
                "The loss was asked for a gradient that can itself be differentiated (create_graph=True), which the"
                " fused pass cannot give. Call the terms one by one: term(Scores(logits, valid), target, valid)."
            )
        # the loss is computed outside autocast, but its backward may be called inside
        with torch.autocast(device_type=grad.device.type, enabled=False):
            return _gradient(ctx, grad), None, None, None


@dataclass(frozen=True, kw_only=True)
class _Sweep:
    """What a pass over the logits leaves behind."""

    log_p: Tensor
    """The true class's log-probability, `(B, N)`; anything where a pixel does not count."""
    peak: Tensor | None
    """Largest logit of each pixel, `(B, N)`; None if `softmax` is kept."""
    scale: Tensor
    """What makes exp(logit - peak), or the kept softmax, a probability; 0 where a pixel does not count."""
    predicted: Tensor
    """All the probability given to each class, `(C,)`, wide; 0 unless asked for."""
    log_sums: Tensor
    """Each class's log-probability summed over the pixels that count, `(C,)`, wide; 0 unless asked for."""
    softmax: Tensor | None
    """`(B, C, N)`, kept where one block holds everything: small inputs, where each kernel counts."""

    def is_finite(self) -> bool:
        """Whether no NaN or infinity went into the sums, be it from pixels that count or from others."""
        return all(math.isfinite(part.sum().item()) for part in (self.log_p, self.predicted, self.log_sums))


def _sweep(blocks: Blocks, labels: Tensor, *, regions: bool, log_sums: bool) -> _Sweep:
    counted = blocks.counted.to(blocks.dtype)
    peak, scale = (None, counted) if blocks.single else (torch.empty_like(counted), torch.empty_like(counted))
    log_p, softmax = torch.empty_like(counted), None
    predicted, logs = (counted.new_zeros(blocks.pixels.shape[1], dtype=sum_dtype(labels.device)) for _ in range(2))
    for images, span in blocks:
        block = blocks.load(images, span)
        z = blocks.log_softmax(block)
        torch.gather(z, 1, labels[images, span].unsqueeze(1), out=log_p[images, span].unsqueeze(1))
        if peak is not None:
            torch.amax(block, 1, out=peak[images, span])
            # the largest log-probability is -log sum exp(logit - peak), also where logits are too large to subtract it
            torch.amax(z, 1, out=scale[images, span])
        if log_sums:
            logs += pixel_sum(z, counted[images, span])
        if regions or blocks.single:
            softmax = exponentiate(z)
        if regions:
            predicted += pixel_sum(z, counted[images, span])
    return _Sweep(
        log_p=log_p,
        peak=peak,
        scale=scale if peak is None else scale.exp_().mul_(counted),
        predicted=predicted,
        log_sums=logs,
        softmax=softmax if blocks.single else None,
    )


def _slopes(term: Term, areas: Regions | None, log_p: Tensor, labels: Tensor, counted: Tensor, sums: Tensor) -> Slopes:
    if isinstance(term, CrossEntropy):
        return term.from_log_p(log_p, labels, counted, sums=sums)
    if isinstance(term, Focal):
        return term.from_log_p(log_p, labels, counted)
    assert areas is not None
    return term.from_regions(areas)


def _gradient(ctx: Any, grad: Tensor) -> Tensor:
    logits, labels, counted, peak, scale, on_truth = ctx.saved_tensors
    C = logits.shape[1]
    factors = grad.unbind()
    by_area = _weighted([part.predicted for part in ctx.parts], factors)
    by_truth = _weighted([part.inside for part in ctx.parts], factors)
    spread = _weighted([part.spread for part in ctx.parts], factors)
    at_truth = _weighted([part.log_p for part in ctx.parts], factors)
    if by_truth is not None:
        overlap = at_labels(by_truth, labels).mul_(on_truth)
        at_truth = overlap if at_truth is None else at_truth.add_(overlap)
    assert at_truth is not None
    gradient = torch.empty_like(logits)
    pixels, out = logits.flatten(2), gradient.flatten(2)
    # row: what multiplies exp(logit - peak) in the formula, as far as no sum over classes goes into it
    row = at_truth.neg() if spread is None else spread.sum() - at_truth
    row.mul_(scale)
    square = scale.square() if by_area is not None else scale
    blocks = Blocks(pixels, counted, clean=ctx.clean)
    for images, span in blocks:
        if ctx.softmax is not None:
            e = ctx.softmax
        else:
            e = exponentiate(blocks.centre(blocks.load(images, span), peak[images, span]))
        into, factor = blocks.target_of(out[images, :, span]), row[images, span]
        if by_area is None:
            torch.mul(e, factor.unsqueeze(1), out=into)
        else:
            factor = factor.addcmul_(class_sum(e, by_area), square[images, span], value=-1)
            weight = scale[images, span].unsqueeze(1)
            torch.addcmul(factor.unsqueeze(1), by_area.view(1, C, 1), weight, out=into)
            into.mul_(e)
        if spread is not None:
            ones = counted[images, span].unsqueeze(1).to(into.dtype)
            into.addcmul_(spread.view(1, C, 1), ones, value=-1)
        add_at_labels(into, labels[images, span], at_truth[images, span])
        blocks.store(into, out[images, :, span])
    return gradient


def _weighted(slopes: Sequence[Tensor | None], factors: Sequence[Tensor]) -> Tensor | None:
    """Sum of the slopes that exist, each times its term's factor; a new tensor."""
    total: Tensor | None = None
    for slope, factor in zip(slopes, factors, strict=True):
        if slope is not None:
            part = (slope * factor).to(factor.dtype)
            total = part if total is None else total.add_(part)
    return total
