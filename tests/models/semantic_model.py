"""The checks that every semantic network must pass: subclass `SemanticModelTester`, give `build`, done.

class TestMyNet(SemanticModelTester):
    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        return MyNet(in_channels, num_classes)
"""

from __future__ import annotations

import io
import pickle

import pytest
import torch
from torch import Tensor, nn


class SemanticModelTester:
    """Ten properties of a network from images `(B, C, H, W)` to logits `(B, classes, H, W)`."""

    NUM_CLASSES = 5
    SIZE = (32, 48)
    ODD_SIZES = ((33, 47), (40, 24), (17, 64))

    def build(self, in_channels: int, num_classes: int) -> nn.Module:
        raise NotImplementedError

    def net(self, in_channels: int = 3) -> nn.Module:
        torch.manual_seed(0)
        return self.build(in_channels, self.NUM_CLASSES)

    def images(self, batch: int = 2, channels: int = 3, size: tuple[int, int] | None = None) -> Tensor:
        generator = torch.Generator().manual_seed(1)
        return torch.randn(batch, channels, *(size or self.SIZE), generator=generator)

    def test_logits_have_the_size_of_the_image_and_are_finite(self) -> None:
        logits = self.net()(self.images())
        assert logits.shape == (2, self.NUM_CLASSES, *self.SIZE)
        assert logits.dtype == torch.float32
        assert torch.isfinite(logits).all()

    def test_sizes_that_fit_no_pooling_come_out_as_they_went_in(self) -> None:
        net = self.net().eval()
        for size in self.ODD_SIZES:
            assert net(self.images(size=size)).shape[-2:] == size

    @pytest.mark.parametrize("channels", [1, 2, 4])
    def test_other_numbers_of_channels_work(self, channels: int) -> None:
        assert self.net(channels)(self.images(channels=channels)).shape[1] == self.NUM_CLASSES

    def test_the_gradient_reaches_every_parameter(self) -> None:
        net = self.net()
        weights = torch.randn(2, self.NUM_CLASSES, *self.SIZE, generator=torch.Generator().manual_seed(2))
        (net(self.images()) * weights).sum().backward()
        for name, parameter in net.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    @torch.no_grad()
    def test_evaluation_says_the_same_twice(self) -> None:
        net = self.net().eval()
        assert torch.equal(net(self.images()), net(self.images()))

    @torch.no_grad()
    def test_evaluation_of_an_image_does_not_hang_on_its_batch(self) -> None:
        net = self.net().eval()
        torch.testing.assert_close(net(self.images())[:1], net(self.images()[:1]), rtol=1e-4, atol=1e-5)

    @torch.no_grad()
    def test_weights_survive_a_file_read_with_weights_only(self) -> None:
        net, other = self.net().eval(), self.build(3, self.NUM_CLASSES).eval()
        file = io.BytesIO()
        torch.save(net.state_dict(), file)
        file.seek(0)
        other.load_state_dict(torch.load(file, weights_only=True))
        assert torch.equal(net(self.images()), other(self.images()))

    def test_it_can_be_sent_to_another_process(self) -> None:
        net = pickle.loads(pickle.dumps(self.net()))
        assert net(self.images()).shape[1] == self.NUM_CLASSES

    def test_bfloat16_autocast_trains_and_agrees_roughly(self) -> None:
        net = self.net().eval()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = net(self.images())
        half.float().square().mean().backward()
        full = net(self.images())
        assert torch.isfinite(half).all()
        assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)
        assert (half - full).abs().mean() < 0.05 * full.abs().mean() + 0.01

    @torch.no_grad()
    def test_channels_last_says_the_same_as_contiguous(self) -> None:
        net = self.net().eval()
        expected = net(self.images())
        net.to(memory_format=torch.channels_last)
        actual = net(self.images().contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)

    def test_the_input_is_left_as_it_was(self) -> None:
        images = self.images()
        before = images.clone()
        self.net()(images)
        assert torch.equal(images, before)

    def test_the_same_seed_builds_the_same_weights(self) -> None:
        first, second = self.net().state_dict(), self.net().state_dict()
        assert all(torch.equal(first[name], second[name]) for name in first)
