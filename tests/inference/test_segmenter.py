"""A network together with what it knows of its data."""

from __future__ import annotations

import pytest
import torch

from segladder.inference import Segmenter
from segladder.models import UNet
from segladder.types import DatasetInfo, Prediction, UserError

INFO = DatasetInfo(
    name="toy",
    classes=("background", "thing"),
    palette=((0, 0, 0), (255, 0, 0)),
    things=(False, True),
    channels=3,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.1),
)


def segmenter(**settings):
    return Segmenter(UNet(INFO.channels, INFO.num_classes, depth=2, base_channels=4), INFO, **settings)


def test_bytes_and_floats_of_the_same_image_look_the_same_to_the_network():
    image = torch.randint(0, 256, (2, 3, 9, 7), dtype=torch.uint8)
    found = segmenter().images(image)
    mean, std = torch.tensor(INFO.mean).view(1, 3, 1, 1), torch.tensor(INFO.std).view(1, 3, 1, 1)
    assert torch.allclose(found, (image / 255 - mean) / std)
    assert torch.allclose(found, segmenter().images(image / 255), atol=1e-6)


def test_the_input_is_never_changed():
    image = torch.rand(1, 3, 8, 8)
    before = image.clone()
    segmenter().images(image)
    assert torch.equal(image, before)


def test_prediction_leaves_the_mode_as_it_was_and_has_the_images_size():
    module = segmenter().train()
    prediction = module.predict(torch.randint(0, 256, (3, 13, 21), dtype=torch.uint8), probabilities=True)
    assert module.training
    assert prediction.semantic().shape == (13, 21)
    assert torch.allclose(prediction.probabilities.sum(0), torch.ones(13, 21), atol=1e-5)
    with pytest.raises(UserError, match="instances"):
        prediction.instances()


def test_a_semantic_prediction_has_a_segment_for_each_class_and_none_where_it_is_ignored():
    classes = torch.tensor([[0, 0, 1], [255, 1, 1]], dtype=torch.uint8)
    segments = Prediction(classes=classes, info=INFO).panoptic()
    assert segments.id_map.tolist() == [[1, 1, 2], [0, 2, 2]]
    assert segments.ids.tolist() == [1, 2] and segments.labels.tolist() == [0, 1] and segments.areas.tolist() == [2, 3]
    assert len(Prediction(classes=torch.full((2, 2), 255), info=INFO).panoptic()) == 0


def test_without_probabilities_the_classes_are_the_same():
    module, image = segmenter(), torch.randint(0, 256, (3, 13, 21), dtype=torch.uint8)
    full = module.predict(image, probabilities=True)
    light = module.predict(image)
    assert light.probabilities is None
    assert torch.equal(full.semantic(), light.semantic())


def test_arrays_pictures_and_tensors_of_one_image_are_predicted_alike():
    from PIL import Image

    module, image = segmenter(), torch.randint(0, 256, (3, 13, 21), dtype=torch.uint8)
    array = image.permute(1, 2, 0).numpy()
    expected = module.predict(image).semantic()
    assert torch.equal(module.predict(array).semantic(), expected)
    assert torch.equal(module.predict(Image.fromarray(array)).semantic(), expected)


def test_an_unknown_memory_format_is_refused():
    with pytest.raises(UserError, match="channels_last"):
        segmenter(memory_format="nhwc")
