"""The LightningModule by itself."""

from __future__ import annotations

import pytest
import torch

from segladder.losses import CrossEntropy, LossSum
from segladder.models import UNet
from segladder.tasks import SemanticTask
from segladder.tasks.semantic import step_seed
from segladder.types import DatasetInfo, UserError

INFO = DatasetInfo(
    name="toy",
    classes=("background", "thing"),
    palette=((0, 0, 0), (255, 0, 0)),
    things=(False, True),
    channels=3,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.1),
)


def task(info=INFO, **settings):
    model = UNet(info.channels, info.num_classes, depth=2, base_channels=4)
    loss = LossSum({"ce": CrossEntropy()}, {"ce": 1.0})
    return SemanticTask(model, loss, info, optimizer=torch.optim.SGD, **settings)


def test_bytes_and_floats_of_the_same_image_look_the_same_to_the_network():
    image = torch.randint(0, 256, (2, 3, 9, 7), dtype=torch.uint8)
    found = task().images(image)
    mean, std = torch.tensor(INFO.mean).view(1, 3, 1, 1), torch.tensor(INFO.std).view(1, 3, 1, 1)
    assert torch.allclose(found, (image / 255 - mean) / std)
    assert torch.allclose(found, task().images(image / 255), atol=1e-6)


def test_the_input_is_never_changed():
    image = torch.rand(1, 3, 8, 8)
    before = image.clone()
    task().images(image)
    assert torch.equal(image, before)


def test_prediction_leaves_the_mode_as_it_was_and_has_the_images_size():
    module = task().train()
    prediction = module.predict(torch.randint(0, 256, (3, 13, 21), dtype=torch.uint8))
    assert module.training
    assert prediction.semantic().shape == (13, 21)
    assert torch.allclose(prediction.probabilities.sum(0), torch.ones(13, 21), atol=1e-5)
    with pytest.raises(UserError, match="instances"):
        prediction.instances()


def test_a_step_draws_by_seed_epoch_batch_and_rank_alone():
    seeds = {step_seed(s, e, b, r) for s in range(3) for e in range(3) for b in range(3) for r in range(3)}
    assert len(seeds) == 81
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert step_seed(1, 2, 3, 0) == step_seed(1, 2, 3, 0)


def test_a_compiled_network_keeps_the_checkpoints_names():
    plain, compiled = task(), task(compile=True)
    assert plain.state_dict().keys() == compiled.state_dict().keys()


def test_an_unknown_memory_format_is_refused():
    with pytest.raises(UserError, match="channels_last"):
        task(memory_format="nhwc")
