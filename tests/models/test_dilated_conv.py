"""The dilated convolution against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segladder.models.dilated_conv import DilatedConv2d


@pytest.mark.parametrize("first", [False, True], ids=["inner", "first"])
@pytest.mark.parametrize(("dilation", "size"), [(2, (9, 12)), (5, (4, 3))])
def test_outputs_and_gradients_are_torchs(dilation: int, size: tuple[int, int], first: bool) -> None:
    theirs = nn.Conv2d(6, 4, 3, padding=dilation, dilation=dilation, bias=False).to(memory_format=torch.channels_last)
    ours = DilatedConv2d(6, 4, 3, padding=dilation, dilation=dilation, bias=False)
    ours.load_state_dict(theirs.state_dict())
    ours.to(memory_format=torch.channels_last)
    x = torch.randn(2, 6, *size).contiguous(memory_format=torch.channels_last)
    gradients = []
    for layer in (ours, theirs):
        image = x.clone().requires_grad_(not first)
        out = layer(image)
        out.sin().sum().backward()
        assert ("_Convolution" in type(out.grad_fn).__name__) == (layer is ours)
        gradients.append((out.detach(), layer.weight.grad, image.grad))
    assert gradients[0][1].stride() == gradients[1][1].stride()
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_only_what_gains_leaves_torchs_path() -> None:
    layer = DilatedConv2d(4, 4, 3, padding=2, dilation=2, bias=False)
    x = torch.randn(2, 4, 8, 8).contiguous(memory_format=torch.channels_last)
    assert "_Convolution" in type(layer(x).grad_fn).__name__
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert "_Convolution" not in type(layer(x).grad_fn).__name__
    assert "_Convolution" not in type(layer(x.contiguous()).grad_fn).__name__
    assert layer.double()(x.double()).dtype == torch.double


def test_a_copy_of_a_layer_holds_its_very_weights() -> None:
    layer = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
    new = DilatedConv2d.like(layer)
    assert new.weight is layer.weight and new.bias is None and new.dilation == (2, 2) and new.padding == (2, 2)
