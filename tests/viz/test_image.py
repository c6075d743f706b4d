"""Images of every kind as RGB."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.viz import to_rgb


@given(channels=st.integers(1, 4), height=st.integers(1, 20), width=st.integers(1, 20), last=st.booleans())
def test_both_layouts_and_all_channel_counts_give_height_by_width_by_3(
    channels: int, height: int, width: int, last: bool
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, height, width), dtype=np.uint8)
    rgb = to_rgb(np.moveaxis(image, 0, -1) if last else image, layout="HWC" if last else "CHW")
    assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8
    assert np.array_equal(rgb[..., 0], image[0])


def test_channels_become_colours() -> None:
    one, two, four = (np.arange(10, 10 + c, dtype=np.uint8).reshape(c, 1, 1) for c in (1, 2, 4))
    shown = [to_rgb(image, layout="CHW")[0, 0].tolist() for image in (one, two, four)]
    assert shown == [[10, 10, 10], [10, 11, 0], [10, 11, 12]]


def test_the_layout_is_found_where_one_axis_alone_can_be_channels() -> None:
    assert to_rgb(np.zeros((2, 5, 6), np.uint8)).shape == to_rgb(np.zeros((5, 6, 2), np.uint8)).shape == (5, 6, 3)


def test_a_known_size_decides_between_two_possible_layouts() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    assert to_rgb(image, size=(2, 3)).shape == (2, 3, 3)
    assert to_rgb(image, size=(1, 2)).tolist() == image.tolist()


def test_unit_floats_with_noise_are_clipped() -> None:
    assert to_rgb(np.array([[-0.2, 0.0, 0.5, 1.0, 1.3]]))[0, :, 0].tolist() == [0, 0, 128, 255, 255]


def test_sixteen_bit_is_stretched_from_least_to_greatest() -> None:
    image = np.array([[1000, 2000, 3000]], dtype=np.uint16)
    assert to_rgb(image)[0, :, 0].tolist() == [0, 128, 255]
    assert to_rgb(image.astype(np.float32))[0, :, 0].tolist() == [0, 128, 255]
    assert to_rgb(image, value_range=(0, 4000))[0, :, 0].tolist() == [64, 128, 191]


def test_bool_is_black_and_white() -> None:
    assert to_rgb(np.array([[False, True]]))[0, :, 0].tolist() == [0, 255]


def test_normalisation_is_undone() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    original = np.random.default_rng(0).integers(0, 256, (3, 8, 9), dtype=np.uint8)
    normal = (original / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    shown = to_rgb(normal.astype(np.float32), mean=mean, std=std)
    assert np.array_equal(shown, np.moveaxis(original, 0, -1))


def test_nan_is_black_and_a_constant_image_does_not_divide_by_zero() -> None:
    assert to_rgb(np.array([[np.nan, np.inf, 1.0]]))[0, :, 0].tolist() == [0, 0, 255]
    assert to_rgb(np.full((2, 2), 700, dtype=np.uint16)).max() == 0
    assert to_rgb(np.full((2, 2), np.nan)).max() == 0


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((2,), {}, "An image is"),
        ((3, 2, 2), {"mean": (0, 0, 0)}, "mean and std together"),
        ((3, 2, 2), {"layout": "WHC"}, "layout is 'WHC'"),
    ],
)
def test_what_is_no_image_is_refused(shape: tuple[int, ...], options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        to_rgb(np.zeros(shape), **options)
