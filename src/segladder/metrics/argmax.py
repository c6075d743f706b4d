"""The class of each pixel from a network's logits: `argmax` over the channels, in a fraction of its time.

On the CPU `Tensor.argmax(1)` walks the channels of contiguous logits with a stride of a whole map and costs
far more than the confusion matrix behind it. Here a block that fits the cache is reduced with vectorised
operations only: its maximum, where it is reached (as 0 and 1 in the logits' own type: a comparison into bool
is not vectorised), and of those places the first.
"""

from __future__ import annotations

import torch
from torch import Tensor

from segladder.metrics.blocks import GRAIN, boxes

_PIXELS_PER_THREAD = 8_192
"""19 float channels of so many pixels are 0.6 MB: they stay in a core's second-level cache."""

_PIXELS_PER_MAX = 2**21
"""Block of channels_last logits: large enough that a fork costs nothing, 24 MB of values and indices."""


def classes_of(logits: Tensor) -> Tensor:
    """Index of the largest logit of each pixel, equal to `logits.argmax(1)` in every case.

    Of equal logits the lowest class wins; NaN counts as the largest value, the first NaN of a pixel wins.

    Args:
        logits: `(B, C, H, W)` floating point of any memory format.

    Returns:
        `(B, H, W)`; on the CPU uint8 up to 255 classes and int16 above, elsewhere int64.

    Raises:
        ValueError: not four-dimensional floating point logits.
    """
    if logits.ndim != 4 or not logits.is_floating_point():
        raise ValueError(f"Logits are (B, C, H, W) floating point; got {tuple(logits.shape)} of {logits.dtype}.")
    logits = logits.detach()
    B, C, H, W = logits.shape
    if logits.device.type != "cpu":
        return logits.argmax(1)
    classes = torch.zeros(B, H, W, dtype=torch.uint8 if C <= 255 else torch.int16)
    if C == 1 or classes.numel() == 0:
        return classes
    if logits.stride(1) == 1:
        _channels_last(logits.permute(0, 2, 3, 1), classes)
    else:
        _channels_first(logits, classes)
    return classes


def _channels_last(logits: Tensor, classes: Tensor) -> None:
    # max with indices is the faster of the two kernels over an inner dimension: 0.8x of argmax
    for block in boxes(classes.shape, _PIXELS_PER_MAX):
        classes[block].copy_(logits[block].max(-1).indices)


def _channels_first(logits: Tensor, classes: Tensor) -> None:
    B, C, H, W = logits.shape
    if logits.stride(2) == W * logits.stride(3):
        logits, classes = logits.flatten(2).unsqueeze(2), classes.view(B, 1, H * W)
    half = logits.dtype in (torch.bfloat16, torch.float16)
    dtype = torch.float32 if half else logits.dtype
    threads = torch.get_num_threads()
    # one or two threads gain nothing from forking; with more each gets a share that fits its cache
    pixels = max(1, GRAIN // C) if threads <= 2 else _PIXELS_PER_THREAD * threads
    worth = torch.arange(C, 0, -1, dtype=dtype).view(C, 1, 1)
    room = torch.empty(min(C * pixels, logits.numel()), dtype=dtype)
    for images, rows, columns in boxes(classes.shape, pixels):
        block = logits[images, :, rows, columns]
        reached = room[: block.numel()].view(block.shape)
        if half:
            highest = reached.copy_(block).amax(1, keepdim=True)
            reached.eq_(highest)
        else:
            highest = block.amax(1, keepdim=True)
            torch.eq(block, highest, out=reached)
        first = reached.mul_(worth).amax(1)
        classes[images, rows, columns].copy_(first.neg_().add_(C))
    # NaN equals nothing, itself included: such a pixel came out as class C
    if any(int(classes[box].max()) == C for box in boxes(classes.shape)):
        nan = classes == C
        classes[nan] = logits.movedim(1, -1)[nan].argmax(-1).to(classes.dtype)
