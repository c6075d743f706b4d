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
from segladder.losses.scores import working_dtype
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
        blocks = Blocks(logits.flatten(2), counted, working_dtype(logits.dtype), set())
        sweep = (_whole if blocks.single else _block_by_block)(blocks, labels, wants_regions, wants_all)
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
        parts = [_slopes(term, areas, log_p, labels, counted, sweep.log_sums) for term in terms]
        ctx.save_for_backward(logits, labels, counted, sweep.peak, sweep.scale, on_truth)
        ctx.softmax, ctx.parts, ctx.dirty = sweep.softmax, parts, blocks.dirty
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
    """Each class's log-probability summed over the pixels that count, `(C,)`; 0 unless asked for."""
    softmax: Tensor | None = None
    """`(B, C, N)`, kept where one block holds everything."""


def _whole(blocks: Blocks, labels: Tensor, wants_regions: bool, wants_all: bool) -> _Sweep:
    """The pass over a single block: as few kernels as can be, for small inputs live by that."""
    everything = slice(0, None)
    scale = blocks.counted.to(blocks.dtype)
    predicted = log_sums = scale.new_zeros(())
    for clean in blocks.attempts():
        log_softmax = torch.log_softmax(blocks.load(everything, everything, clean), 1)
        log_p = log_softmax.gather(1, labels.unsqueeze(1)).squeeze(1)
        log_sums = pixel_sum(log_softmax, scale) if wants_all else log_sums
        if clean or blocks.is_finite(log_p, log_sums):
            break
    softmax = exponentiate(log_softmax)
    if wants_regions:
        predicted = pixel_sum(softmax, scale)
    return _Sweep(
        log_p=log_p,
        peak=None,
        scale=scale,
        predicted=predicted,
        log_sums=log_sums.to(blocks.dtype),
        softmax=softmax,
    )


def _block_by_block(blocks: Blocks, labels: Tensor, wants_regions: bool, wants_all: bool) -> _Sweep:
    """The pass over many blocks: no map as large as the logits is kept."""
    pixels, dtype, wide = blocks.pixels, blocks.dtype, sum_dtype(labels.device)
    peak, scale, log_p = (torch.empty(labels.shape, dtype=dtype, device=labels.device) for _ in range(3))
    predicted, log_sums = (torch.zeros(pixels.shape[1], dtype=wide, device=labels.device) for _ in range(2))
    for images, span in blocks:
        m, weight, inside = peak[images, span], scale[images, span], blocks.counted[images, span]
        all_classes = log_sums
        for clean in blocks.attempts():
            z = blocks.load(images, span, clean)
            torch.amax(z, 1, out=m)
            z = blocks.centre(z, m)
            all_classes = pixel_sum(z, inside.to(dtype)) if wants_all else log_sums
            total = exponentiate(z).sum(1)
            if clean or blocks.is_finite(total, all_classes):
                break
        # 0 where a pixel does not count: it then has no part in any sum, and no gradient
        torch.div(inside, total, out=weight)
        if wants_regions:
            predicted += pixel_sum(z, weight)
        log_total = total.log_()
        true = pixels[images, :, span].gather(1, labels[images, span].unsqueeze(1)).squeeze(1)
        torch.sub(true, m, out=log_p[images, span]).sub_(log_total)
        if wants_all:
            log_sums += all_classes - log_total.masked_fill_(~inside, 0).sum(dtype=wide)
    return _Sweep(log_p=log_p, peak=peak, scale=scale, predicted=predicted, log_sums=log_sums.to(dtype))


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
    blocks = Blocks(pixels, counted, scale.dtype, ctx.dirty)
    for images, span in blocks:
        # e is the softmax before its division: p = e * scale
        if ctx.softmax is not None:
            e = ctx.softmax
        else:
            block = blocks.load(images, span, blocks.is_dirty())
            e = exponentiate(blocks.centre(block, peak[images, span]))
        weight, s = scale[images, span], at_truth[images, span]
        row = s.neg()
        if by_area is not None:
            row.sub_(class_sum(e, by_area).mul_(weight))
        if spread is not None:
            row.add_(spread.sum())
        row.mul_(weight)
        into = blocks.target_of(out[images, :, span])
        if by_area is None:
            torch.mul(e, row.unsqueeze(1), out=into)
        else:
            torch.addcmul(row.unsqueeze(1), by_area.view(1, C, 1), weight.unsqueeze(1), out=into)
            into.mul_(e)
        if spread is not None:
            ones = counted[images, span].unsqueeze(1).to(into.dtype)
            into.addcmul_(spread.view(1, C, 1), ones, value=-1)
        add_at_labels(into, labels[images, span], s)
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
