"""Flips and scales: what they add, and where they must change nothing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segladder.inference import Inference

from .networks import Toy, padded_convolutions, pointwise, raw_images

FLIPS = {True: [[-1]], "horizontal": [[-1]], "vertical": [[-2]], "both": [[-1], [-2], [-2, -1]]}


def symmetric() -> Toy:
    """A convolution whose kernel reads the same from left and right and from above and below."""
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        layer.weight.copy_((layer.weight + layer.weight.flip(-1)) / 2)
        layer.weight.copy_((layer.weight + layer.weight.flip(-2)) / 2)
    return Toy(layer)


@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize("window", [None, 12])
def test_a_network_that_knows_no_sides_says_the_same_when_flipped(flip, window):
    network, raw = symmetric(), raw_images(2, 3, 21, 30)
    flipped = Inference(flip=flip, window=window).scores(network, raw)
    once = Inference(window=window).scores(network, raw)
    torch.testing.assert_close(flipped.softmax(1), once.softmax(1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("flip", FLIPS)
def test_flips_are_averaged_with_the_image_as_it_is(flip):
    network, raw = padded_convolutions(), raw_images(2, 3, 15, 18)
    images = network.images(raw)
    views = [network.logits(images), *(network.logits(images.flip(axes)).flip(axes) for axes in FLIPS[flip])]
    expected = torch.stack([view.softmax(1) for view in views]).mean(0)
    network.seen.clear()
    scores = Inference(flip=flip).scores(network, raw)
    torch.testing.assert_close(scores.exp(), expected, rtol=1e-5, atol=1e-6)
    assert len(network.seen) == len(views)


def test_the_scale_of_the_image_itself_alone_is_plain():
    inference = Inference(scales=[1.0])
    network, raw = padded_convolutions(), raw_images(1, 3, 9, 9)
    assert inference.plain
    assert torch.equal(inference.scores(network, raw), network.logits(network.images(raw)))


def test_scales_are_seen_at_their_size_and_averaged_at_the_images():
    network, raw = padded_convolutions(), raw_images(1, 3, 20, 31)
    scores = Inference(scales=[0.5, 1.0, 1.75]).scores(network, raw)
    assert [shape[-2:] for shape in network.seen] == [(10, 16), (20, 31), (35, 54)]
    images, views = network.images(raw), []
    for size in ((10, 16), (20, 31), (35, 54)):
        seen = F.interpolate(images, size, mode="bilinear", antialias=True)
        views.append(F.interpolate(network.logits(seen), (20, 31), mode="bilinear").softmax(1))
    torch.testing.assert_close(scores.exp(), torch.stack(views).mean(0), rtol=1e-4, atol=1e-6)


def test_one_scale_alone_gives_its_logits_resized():
    network, raw = padded_convolutions(), raw_images(1, 3, 20, 30)
    scores = Inference(scales=[0.5]).scores(network, raw)
    seen = F.interpolate(network.images(raw), (10, 15), mode="bilinear", antialias=True)
    torch.testing.assert_close(scores, F.interpolate(network.logits(seen), (20, 30), mode="bilinear"))


def test_every_scale_is_flipped():
    network = pointwise()
    Inference(scales=[0.5, 1.0], flip="both").scores(network, raw_images(1, 3, 8, 8))
    assert [shape[-1] for shape in network.seen] == [4] * 4 + [8] * 4


def test_scales_of_a_uniform_image_say_what_one_says():
    network, raw = pointwise(), torch.full((1, 3, 12, 17), 90, dtype=torch.uint8)
    many = Inference(scales=[0.5, 0.75, 1.0, 1.25, 1.5, 1.75], flip=True, window=8).scores(network, raw)
    once = network.logits(network.images(raw))
    torch.testing.assert_close(many.softmax(1), once.softmax(1), rtol=1e-5, atol=1e-6)
