"""Stages that dilate instead of striding: the same receptive field on a finer map (the à trous algorithm)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from segladder.models.dilated_conv import DilatedConv2d


def dilate(stages: Sequence[nn.Module], output_stride: int, *, strided_too: bool = False) -> None:
    """Takes the strides out of an encoder's last stages, in place, until its output stride is `output_stride`.

    A convolution that loses its stride sees the map before the stride and keeps the dilation so far; those after it
    see what would have been every other pixel and get twice of it. Every second pixel of the result is then what
    the strided encoder gives.

    Args:
        stages: the last stages with a stride of 2 each, the last one ending at stride 32.
        output_stride: 8, 16 or 32.
        strided_too: the convolution that loses its stride gets the new dilation, too: torchvision's way with
            MobileNetV3, which its published weights were trained with.
    """
    rate = 1
    for stage, stride in zip(stages, _strides(len(stages)), strict=True):
        if stride <= output_stride:
            continue
        _dilate_stage(stage, rate * 2 if strided_too else rate, rate * 2)
        rate *= 2


def _strides(count: int) -> list[int]:
    return [32 >> (count - 1 - index) for index in range(count)]


def _dilate_stage(stage: nn.Module, strided_rate: int, rate: int) -> None:
    for parent in list(stage.modules()):
        for name, layer in list(parent.named_children()):
            if not isinstance(layer, nn.Conv2d):
                continue
            step = strided_rate if max(layer.stride) > 1 else rate
            layer.stride = (1, 1)
            if max(layer.kernel_size) > 1 and step > 1:
                layer.dilation = (step, step)
                layer.padding = tuple(step * (size // 2) for size in layer.kernel_size)
                setattr(parent, name, DilatedConv2d.like(layer))
