"""What comes out of the protocol: whole images, resized ones, windows, and all of them together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segladder.inference import Inference, Segmenter
from segladder.models import UNet
from segladder.types import DatasetInfo

from .networks import Toy, padded_convolutions, pointwise, raw_images


def same(actual: Tensor, expected: Tensor) -> None:
    """Equal probabilities; logits may differ by a constant per pixel."""
    torch.testing.assert_close(actual.float().softmax(1), expected.float().softmax(1), rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_plain_hands_on_the_logits_bit_for_bit(dtype):
    network, raw = pointwise(dtype=dtype), raw_images(2, 3, 9, 7)
    scores = Inference().scores(network, raw)
    assert Inference().plain and scores.dtype == dtype
    assert torch.equal(scores, network.logits(network.images(raw)))


@pytest.mark.parametrize("weighting", ["gaussian", "uniform"])
@pytest.mark.parametrize("settings", [{}, {"overlap": 0.0}, {"overlap": 0.9}, {"stride": [3, 8]}, {"batch": 5}])
@pytest.mark.parametrize("size", [(24, 31), (8, 10), (1, 1), (5, 40), (40, 5)])
def test_windows_say_what_the_whole_says_of_a_network_that_sees_single_pixels(weighting, settings, size):
    network, raw = pointwise(), raw_images(2, 3, *size)
    sliding = Inference(window=[8, 10], weighting=weighting, **settings)
    same(sliding.scores(network, raw), network.logits(network.images(raw)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.int32])
def test_any_channels_and_types_of_image_pass(channels, dtype):
    network, raw = pointwise(channels), raw_images(1, channels, 20, 22, dtype=dtype)
    same(Inference(window=8, flip=True).scores(network, raw), network.logits(network.images(raw)))


def test_a_window_of_the_images_size_is_the_whole_image():
    network, raw = padded_convolutions(), raw_images(2, 3, 16, 20)
    same(Inference(window=[16, 20]).scores(network, raw), network.logits(network.images(raw)))
    assert network.seen[0] == (2, 3, 16, 20)


def test_a_larger_window_sees_the_image_padded_with_zeros_after_normalisation():
    network, raw = padded_convolutions(), raw_images(1, 3, 10, 30)
    padded = F.pad(network.images(raw), (0, 0, 0, 6))
    expected = network.logits(padded)[:, :, :10]
    same(Inference(window=[16, 30]).scores(network, raw), expected)


def starts(length: int, window: int, stride: int) -> list[int]:
    """Written down anew: a stride apart, the last one ends with the image."""
    found = [0]
    while found[-1] + window < length:
        found.append(min(found[-1] + stride, length - window))
    return found


def safe_pixels(size: tuple[int, int], *, window: int, stride: int, reach: int) -> Tensor:
    """Where no covering window has an inner border within the network's reach, `(H, W)` bool.

    At the image's own border a window is padded with the zeros that the whole image is padded with.
    """
    safe = torch.ones(size, dtype=torch.bool)
    for axis, length in enumerate(size):
        for start in starts(length, window, stride):
            for pixel in range(start, start + window):
                near_first = start > 0 and pixel - start < reach
                near_last = start + window < length and start + window - 1 - pixel < reach
                if near_first or near_last:
                    safe.select(axis, pixel).fill_(False)
    return safe


@pytest.mark.parametrize(("layers", "stride"), [(1, 12), (2, 12), (2, 16), (3, 5)])
@pytest.mark.parametrize("weighting", ["gaussian", "uniform"])
def test_windows_say_what_the_whole_says_farther_from_their_borders_than_the_network_sees(layers, stride, weighting):
    network, raw = padded_convolutions(layers=layers), raw_images(1, 3, 37, 53)
    safe = safe_pixels((37, 53), window=16, stride=stride, reach=layers)
    sliding = Inference(window=16, stride=stride, weighting=weighting).scores(network, raw).softmax(1)
    apart = (sliding - network.logits(network.images(raw)).softmax(1)).abs().amax(1)[0]
    assert 0.02 < safe.float().mean() < 1
    assert apart[safe].max() < 2e-6
    # the border that is not the image's shows
    assert apart[~safe].max() > 1e-3


def test_a_net_with_poolings_needs_windows_on_the_grid_of_its_poolings():
    torch.manual_seed(0)
    network, raw = Toy(UNet(3, 4, depth=2, base_channels=4).eval()), raw_images(1, 3, 128, 160)
    whole = network.logits(network.images(raw)).softmax(1)

    def apart(stride: int) -> float:
        # two convolutions at each of 1, 2, 4, 2, 1 pixels reach 20, poolings and upsamplings a few more
        safe = safe_pixels((128, 160), window=64, stride=stride, reach=28)
        assert safe.any()
        sliding = Inference(window=64, stride=stride).scores(network, raw).softmax(1)
        return (sliding - whole).abs().amax(1)[0][safe].max().item()

    assert apart(32) < 1e-5
    assert apart(35) > 1e-3


def dense(network: Toy, raw: Tensor, *, window: int, stride: int, flip: bool, scales: list[float]) -> Tensor:
    """The protocol as one would write it first: all windows, all weights, one division at the end."""
    B, _, H, W = raw.shape
    distance = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    line = torch.exp(-(distance**2) / (2 * (window / 8) ** 2))
    weight = torch.outer(line, line)
    total, weights = torch.zeros(B, 4, H, W, dtype=torch.float64), torch.zeros(H, W, dtype=torch.float64)
    for y in starts(H, window, stride):
        for x in starts(W, window, stride):
            images = network.images(raw[..., y : y + window, x : x + window])
            views = []
            for scale in scales:
                size = (round(window * scale), round(window * scale))
                seen = F.interpolate(images, size, mode="bilinear", antialias=True) if scale != 1 else images
                logits = [network.logits(seen)]
                if flip:
                    logits.append(network.logits(seen.flip(-1)).flip(-1))
                views += [F.interpolate(one, (window, window), mode="bilinear").softmax(1) for one in logits]
            mean = torch.stack(views).double().mean(0)
            total[..., y : y + window, x : x + window] += mean * weight
            weights[y : y + window, x : x + window] += weight
    return total / weights


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_the_average_equals_a_plain_statement_of_it(batch):
    network, raw = padded_convolutions(), raw_images(2, 3, 41, 33)
    inference = Inference(window=16, stride=7, flip=True, scales=[0.5, 1.0, 1.75], batch=batch)
    scores = inference.scores(network, raw)
    expected = dense(network, raw, window=16, stride=7, flip=True, scales=[0.5, 1.0, 1.75])
    assert scores.shape == (2, 4, 41, 33) and scores.dtype == torch.float32
    torch.testing.assert_close(scores.exp().double(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(scores.argmax(1)[0], inference.classes(network, raw[0]).long())


def test_batch_is_windows_per_pass_and_at_least_one_of_each_image():
    def passes(images: int, batch: int) -> list[int]:
        network = pointwise()
        Inference(window=8, overlap=0, batch=batch).scores(network, raw_images(images, 3, 16, 40))
        return [shape[0] for shape in network.seen]

    assert passes(1, 4) == [4, 1, 4, 1]
    assert passes(2, 4) == [4, 4, 2, 4, 4, 2]
    assert passes(3, 1) == [3] * 10


@pytest.mark.parametrize(("size", "expected"), [(8, (8, 16)), ([12, 10], (12, 10)), (20, (20, 40)), (64, (64, 128))])
def test_resized_images_come_back_at_their_own_size(size, expected):
    network, raw = padded_convolutions(), raw_images(2, 3, 20, 40, dtype=torch.float32)
    scores = Inference(size=size).scores(network, raw)
    assert network.seen == [(2, 3, *expected)]
    small = raw if expected == (20, 40) else F.interpolate(raw, expected, mode="bilinear", antialias=True)
    logits = F.interpolate(network.logits(network.images(small)), (20, 40), mode="bilinear")
    torch.testing.assert_close(scores, logits, rtol=1e-4, atol=1e-5)
    assert torch.equal(Inference(size=size).classes(network, raw[0]).long(), scores[0].argmax(0))


def test_windows_lie_on_the_resized_image():
    network, raw = padded_convolutions(), raw_images(1, 3, 60, 90, dtype=torch.float32)
    inference = Inference(size=30, window=16, stride=10, scales=[1.0, 1.25])
    scores = inference.scores(network, raw)
    small = F.interpolate(raw, (30, 45), mode="bilinear", antialias=True)
    inside = dense(network, small, window=16, stride=10, flip=False, scales=[1.0, 1.25]).float().log()
    torch.testing.assert_close(scores, F.interpolate(inside, (60, 90), mode="bilinear"), rtol=1e-4, atol=1e-5)
    assert torch.equal(inference.classes(network, raw[0]).long(), scores[0].argmax(0))


@pytest.mark.parametrize("settings", [{}, {"size": 7}, {"window": 4}, {"flip": "both", "scales": [0.5, 2.0]}])
def test_an_image_of_one_pixel_gets_its_scores(settings):
    network, raw = padded_convolutions(), raw_images(1, 3, 1, 1)
    scores = Inference(**settings).scores(network, raw)
    assert scores.shape == (1, 4, 1, 1) and torch.isfinite(scores).all()
    assert Inference(**settings).classes(network, raw[0]).shape == (1, 1)


@pytest.mark.parametrize("settings", [{}, {"window": 8}, {"window": 8, "size": 30}, {"flip": True}])
def test_bfloat16_logits_are_averaged_in_float32(settings):
    network, raw = pointwise(dtype=torch.bfloat16), raw_images(1, 3, 20, 24)
    scores = Inference(**settings).scores(network, raw)
    expected = network.logits(network.images(raw)).float().softmax(1)
    assert scores.dtype == (torch.float32 if settings else torch.bfloat16)
    if "size" not in settings:
        torch.testing.assert_close(scores.float().softmax(1), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"size": 12}, {"window": 8}, {"scales": [0.5, 1.0]}])
def test_an_array_on_disk_is_read_as_a_tensor_is(settings, tmp_path):
    raw = raw_images(3, 20, 26)
    np.save(tmp_path / "image.npy", raw.numpy())
    mapped = np.load(tmp_path / "image.npy", mmap_mode="r")
    network = padded_convolutions()
    assert torch.equal(Inference(**settings).classes(network, mapped), Inference(**settings).classes(network, raw))


@pytest.mark.parametrize(("classes", "dtype"), [(3, torch.uint8), (256, torch.uint8), (257, torch.int16)])
@pytest.mark.parametrize("settings", [{}, {"window": 6}])
def test_the_class_map_takes_as_few_bytes_as_it_can(classes, dtype, settings):
    network, raw = pointwise(1, classes), raw_images(1, 12, 9)
    found = Inference(**settings).classes(network, raw)
    assert found.dtype == dtype and found.device.type == "cpu"
    assert torch.equal(found.long(), network.logits(network.images(raw[None]))[0].argmax(0))


def test_no_image_and_no_network_is_changed_and_no_gradient_kept():
    network, raw = padded_convolutions(), raw_images(1, 3, 20, 20, dtype=torch.float32)
    before = raw.clone()
    first = Inference(window=8, flip=True, scales=[1.0, 1.5]).scores(network, raw.requires_grad_())
    second = Inference(window=8, flip=True, scales=[1.0, 1.5]).scores(network, raw)
    assert torch.equal(raw, before) and torch.equal(first, second) and not first.requires_grad


def test_certain_networks_give_finite_scores():
    network = Toy(lambda images: torch.cat((images[:, :1] * 0 + 1e4, images[:, :1] * 0 - 1e4), 1))
    scores = Inference(window=8, size=30).scores(network, raw_images(1, 3, 20, 20))
    assert torch.isfinite(scores).all() and (scores.softmax(1)[:, 0] == 1).all()


def test_it_works_within_inference_mode():
    network, raw = pointwise(), raw_images(1, 3, 20, 20)
    with torch.inference_mode():
        classes = Inference(window=8, flip=True).classes(network, raw[0])
    assert torch.equal(classes.long(), network.logits(network.images(raw))[0].argmax(0))


def test_mixed_precision_averages_in_float32():
    network, raw = padded_convolutions(), raw_images(1, 3, 30, 40)
    inference = Inference(size=24, window=16, flip=True, scales=[0.5, 1.0])
    with torch.autocast("cpu", torch.bfloat16):
        mixed = inference.scores(network, raw)
    assert mixed.dtype == torch.float32
    assert (mixed.softmax(1) - inference.scores(network, raw).softmax(1)).abs().max() < 0.02


def test_a_segmenter_is_a_network():
    info = DatasetInfo(name="x", classes=("a", "b"), palette=((0, 0, 0),) * 2, things=(False,) * 2)
    network = Segmenter(UNet(3, 2, depth=2, base_channels=2), info).eval()
    raw = raw_images(2, 3, 20, 28)
    assert torch.equal(Inference().scores(network, raw), network(raw))
    classes = Inference(window=16, overlap=0.5).classes(network, raw[0])
    assert torch.equal(classes.long(), Inference(window=16, overlap=0.5).scores(network, raw).argmax(1)[0])
