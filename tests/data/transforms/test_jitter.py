import pytest
import torch

from segladder.data.transforms.jitter import Jitter, jittered

STRONG = [
    Jitter(1.3, 0.6, 1.4, 0.3),
    Jitter(0.7, 1.5, 0.2, -0.5),
    Jitter(1.0, 1.0, 1.0, 0.0),
    Jitter(0.0, 0.5, 1.0, 0.0),
    Jitter(2.0, 2.0, 0.0, 0.1),
]


def drawn(*shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_batch_on_its_device_gets_what_each_image_gets_by_itself(channels):
    images = drawn(len(STRONG), channels, 40, 50)
    together = jittered(images, torch.stack([jitter.packed() for jitter in STRONG]))
    alone = torch.stack([jitter(image) for jitter, image in zip(STRONG, images, strict=True)])
    assert together.dtype == torch.uint8
    assert (together.int() - alone.int()).abs().max() <= 1
    # what lies halfway between two levels may go either way
    assert (together != alone).float().mean() < 0.01


def test_float_images_are_changed_without_clipping():
    images = torch.randn(len(STRONG), 3, 20, 30, generator=torch.Generator().manual_seed(0)) * 1000
    together = jittered(images, torch.stack([jitter.packed() for jitter in STRONG]))
    alone = torch.stack([jitter(image) for jitter, image in zip(STRONG, images, strict=True)])
    assert together.dtype == torch.float32 and together.abs().max() > 2000
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=0.05)


def test_how_a_batch_lies_in_memory_changes_nothing():
    images = drawn(len(STRONG), 3, 16, 24)
    packed = torch.stack([jitter.packed() for jitter in STRONG])
    beside = images.contiguous(memory_format=torch.channels_last)
    assert (jittered(beside, packed).int() - jittered(images, packed).int()).abs().max() <= 1


def test_an_image_of_several_blocks_equals_a_plain_product():
    image = drawn(3, 300, 400)
    jitter = Jitter(1.1, 0.8, 1.3, 0.05)
    weights = torch.tensor([0.2989, 0.587, 0.114], dtype=torch.float64)
    pixels = image.double().reshape(3, -1)
    expected = jitter.matrix().double() @ pixels + jitter.share * (weights @ pixels.mean(1))
    error = jitter(image).double().reshape(3, -1) - expected.clamp(0, 255)
    assert error.abs().max() < 0.501


def test_packed_numbers_are_safe_from_what_rounds_the_floats_of_a_batch():
    assert not STRONG[0].packed().is_floating_point()
