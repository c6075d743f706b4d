"""Which maps of a backbone the pyramid takes, and what comes out."""

from __future__ import annotations

import pytest
import torch

from segladder.models import Backbone
from segladder.models.feature_pyramid import FeaturePyramid
from segladder.types import UserError

from .tiny import resnet, tiny


def test_every_level_has_its_stride_and_the_pyramids_channels() -> None:
    features = resnet().features(in_channels=3)
    pyramid = FeaturePyramid(features, channels=8)
    levels = pyramid.levels(features(torch.randn(1, 3, 64, 96), pyramid.taken))
    assert pyramid.strides == (4, 8, 16, 32, 64) and pyramid.names == ["0", "1", "2", "3"]
    sizes = [tuple(level.shape) for level in levels.values()]
    assert sizes == [(1, 8, 16, 24), (1, 8, 8, 12), (1, 8, 4, 6), (1, 8, 2, 3), (1, 8, 1, 2)]


def test_of_several_maps_of_a_stride_it_takes_the_deepest() -> None:
    features = Backbone(name="mobilenet_v3", source="torchvision").features(in_channels=3)
    assert features.strides == (2, 4, 8, 8, 16, 32)
    assert FeaturePyramid(features, channels=8).taken == [1, 3, 4, 5]


def test_maps_that_do_not_halve_are_refused_with_their_strides() -> None:
    features = tiny().features(in_channels=3)
    features.strides = (2, 4, 16, 32, 32)
    with pytest.raises(UserError, match=r"but backbone test_efficientnet has them at 2, 4, 16, 32, 32\."):
        FeaturePyramid(features, channels=8)
