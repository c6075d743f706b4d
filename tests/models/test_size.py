"""Parameters and arithmetic of a network, against sums done by hand."""

from __future__ import annotations

import torch
from torch import nn

from segladder.models import UNet, flops, parameter_count


def test_a_shared_parameter_counts_once() -> None:
    layer = nn.Linear(3, 4)
    assert parameter_count(nn.Sequential(layer, layer)) == 3 * 4 + 4


def test_flops_of_a_unet_are_twice_its_multiply_adds() -> None:
    net = UNet(1, 2, depth=2, base_channels=16, batch_norm=False)
    per_pixel = {  # pixels at that level -> multiply-adds per pixel of its output
        64 * 64: 9 * (1 * 16 + 16 * 16) + 32 * 16 + 9 * (32 * 16 + 16 * 16) + 16 * 2,
        32 * 32: 9 * (16 * 32 + 32 * 32) + 64 * 32 + 9 * (64 * 32 + 32 * 32),
        16 * 16: 9 * (32 * 64 + 64 * 64),
    }
    expected = 2 * sum(pixels * adds for pixels, adds in per_pixel.items())
    assert flops(net, (1, 1, 64, 64)) == expected


def test_flops_leave_the_network_and_the_random_state_alone() -> None:
    net = UNet(1, 2, depth=2, base_channels=4, dropout=0.5).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    flops(net, (1, 1, 16, 16))
    assert net.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
