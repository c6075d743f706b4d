"""Label maps made safe for the terms: ignored pixels set apart, labels outside the classes refused."""

from __future__ import annotations

import torch
from torch import Tensor

from segladder.types import UserError


class LabelCheck:
    """Sets ignored pixels apart and refuses labels outside the classes.

    On the CPU a bad label is refused at once. On an accelerator looking at a value would stop the host until the
    device has caught up, once a step; there bad labels are left out like ignored ones, the first batch that holds
    any is remembered on the device, and what is remembered travels to the host beside the work. The first call
    after its arrival raises, a step or few late; `finish()` waits for it and belongs at the end of an epoch.
    """

    def __init__(self, *, lazy: bool | None = None) -> None:
        """
        Args:
            lazy: remember on the device and raise later; by default wherever labels are not on the CPU.
        """
        self._lazy = lazy
        self._found: Tensor | None = None
        self._travelling: tuple[Tensor, torch.cuda.Event | None] | None = None

    def __call__(self, target: Tensor, num_classes: int, ignore_index: int) -> tuple[Tensor, Tensor]:
        """Split a label map into labels and validity.

        Args:
            target: `(B, H, W)` integer or bool.
            num_classes: labels are 0 to `num_classes` - 1.
            ignore_index: label of the pixels that do not count.

        Returns:
            Labels `(B, H, W)` int64 with 0 where they do not count, and `(B, H, W)` bool, True where they count.

        Raises:
            UserError: a label is outside the classes, here or (on an accelerator) in an earlier call.
        """
        if target.is_floating_point() or target.is_complex():
            raise UserError(f"The label map is {target.dtype}. Labels are integers, one class per pixel.")
        target = target.long()
        valid = target.ne(ignore_index)
        labels = target.where(valid, 0)
        if labels.numel() == 0:
            return labels, valid
        if target.device.type != "cpu" if self._lazy is None else self._lazy:
            self._raise_if_arrived()
            bad = (labels < 0) | (labels >= num_classes)
            self._remember(labels, bad, num_classes, ignore_index)
            return labels.masked_fill(bad, 0), valid & ~bad
        low, high = labels.aminmax()
        if int(low) < 0 or int(high) >= num_classes:
            bad = (labels < 0) | (labels >= num_classes)
            raise _out_of_range(*_summary(labels, bad, num_classes, ignore_index).tolist())
        return labels, valid

    def finish(self) -> None:
        """Wait for what the device remembers, and raise if that is a label outside the classes.

        Raises:
            UserError: as a call does.
        """
        found, self._found, self._travelling = self._found, None, None
        if found is not None:
            _raise_if_bad(found)

    def _remember(self, labels: Tensor, bad: Tensor, num_classes: int, ignore_index: int) -> None:
        now = _summary(labels, bad, num_classes, ignore_index)
        if self._found is not None and self._found.device == now.device:
            now = torch.where(self._found[2] > 0, self._found, now)
        self._found = now
        if self._travelling is not None:
            return
        if now.device.type == "cuda":
            host = torch.empty(now.shape, dtype=now.dtype, pin_memory=True)
            host.copy_(now, non_blocking=True)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record()
            self._travelling = host, event
        elif now.device.type == "cpu":
            self._travelling = now, None

    def _raise_if_arrived(self) -> None:
        if self._travelling is None:
            return
        host, event = self._travelling
        if event is not None and not event.query():  # type: ignore[no-untyped-call]
            return
        self._travelling = None
        if int(host[2]):
            self._found = None
            _raise_if_bad(host)


def _summary(labels: Tensor, bad: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Worst label, its pixels, all bad pixels, number of classes, ignore index: `(5,)` int64, without a sync."""
    low, high = labels.aminmax()
    worst = torch.where(low < 0, low, high)
    counts = torch.stack((worst, (labels == worst).sum(), bad.sum()))
    return torch.cat((counts, counts.new_full((1,), num_classes), counts.new_full((1,), ignore_index)))


def _raise_if_bad(summary: Tensor) -> None:
    worst, pixels, total, num_classes, ignore_index = summary.tolist()
    if total:
        raise _out_of_range(worst, pixels, total, num_classes, ignore_index)


def _out_of_range(value: int, pixels: int, total: int, num_classes: int, ignore_index: int) -> UserError:
    others = f" ({total} pixels hold such labels)" if total > pixels else ""
    return UserError(
        f"Label {value} at {pixels} pixels is outside the {num_classes} classes (0 to {num_classes - 1}){others}."
        f" Map it to a class, or to {ignore_index} if these pixels are to be ignored."
    )
