"""How often each integer occurs: exact, deterministic, and on a GPU without the host waiting for it."""

from __future__ import annotations

import torch
from torch import Tensor


def count(index: Tensor, bins: int) -> Tensor:
    """Occurrences of 0, 1, ..., bins - 1.

    On the CPU this is `torch.bincount`. On a GPU that one waits for the largest value, `histc` refuses
    deterministic mode, and so many atomic additions into so few bins queue up: there the values are sorted
    and the borders between them looked up, which needs neither atomics nor the host.

    Args:
        index: integers in [0, bins) of any shape; not checked.
        bins: number of bins, at least 1.

    Returns:
        `(bins,)` int64.
    """
    index = index.flatten()
    if index.device.type == "cpu":
        return torch.bincount(index, minlength=bins)
    return count_by_sorting(index, bins)


def count_by_sorting(index: Tensor, bins: int) -> Tensor:
    """`count` for devices where the host must not wait; `index` is one-dimensional."""
    dtype = torch.int32 if bins < 2**31 else torch.int64
    ordered = index.to(dtype).sort().values
    edges = torch.arange(bins + 1, device=index.device, dtype=dtype)
    return torch.searchsorted(ordered, edges).diff()
