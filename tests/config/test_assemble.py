"""From configuration to parts that fit the data."""

from __future__ import annotations

import pytest
import torch
from hydra import compose, initialize_config_dir

from segladder.config.assemble import build_callbacks, build_datamodule, build_task
from segladder.config.paths import conf_dir
from segladder.types import UserError


def composed(*overrides):
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("train", overrides=["data.counts.train=32", "model.base_channels=4", *overrides])


def built(*overrides):
    cfg = composed(*overrides)
    data = build_datamodule(cfg)
    return data, build_task(cfg, data)


def test_classes_and_channels_come_from_the_data():
    data, task = built("data.channels=2", "data.classes=3")
    assert (task.model.in_channels, task.model.num_classes) == (2, 4)
    assert data.info.num_classes == 4


def test_a_typed_number_must_agree_with_the_data():
    built("model.num_classes=2")
    with pytest.raises(UserError, match="has 2 classes"):
        built("model.num_classes=5")


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(123)
    first = built("seed=1")[1].state_dict()
    torch.manual_seed(456)
    again, other = built("seed=1")[1].state_dict(), built("seed=2")[1].state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_automatic_class_weights_are_the_training_labels_median_frequencies():
    data, task = built("loss=ce", "loss.terms.ce.class_weights=auto")
    pixels = data.class_pixels()
    assert pixels.sum() == 32 * 64 * 64
    weights = next(iter(task.loss.buffers()))
    assert weights[1] / weights[0] == pytest.approx(float(pixels[0] / pixels[1]), rel=1e-4)


def test_callbacks_that_are_not_enabled_are_not_built():
    names = {type(callback).__name__ for callback in build_callbacks(composed())}
    assert names == {"RunCheckpoint", "Progress", "Pictures"}
    more = build_callbacks(composed("callbacks.early_stopping.enabled=true", "callbacks.progress.enabled=false"))
    assert {type(callback).__name__ for callback in more} == {"RunCheckpoint", "EarlyStop", "Pictures"}
