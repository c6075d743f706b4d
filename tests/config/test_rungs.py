"""A model brings its rung: the task and the metric follow from it, and whoever types others is told or obeyed."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir

from segladder.config.assemble import build_datamodule, build_task
from segladder.config.paths import conf_dir
from segladder.config.values import check_values
from segladder.types import UserError

SMALL = ("data.counts.train=8", "model.fpn_channels=16")


def composed(*overrides: str, command: str = "train"):
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose(command, overrides=list(overrides))


@pytest.mark.parametrize("command", ["train", "evaluate", "predict"])
def test_choosing_mask_rcnn_chooses_the_instance_task_and_its_metric(command):
    cfg = composed(
        "model=maskrcnn", "+backbone=resnet18" if command == "evaluate" else "backbone=resnet18", command=command
    )
    assert cfg.task._target_ == "segladder.tasks.InstanceTask" and cfg.metric.name == "mask_ap"


def test_without_it_everything_is_as_ever():
    cfg = composed("model=deeplab")
    assert cfg.task._target_ == "segladder.tasks.SemanticTask" and cfg.metric.name == "miou"


def test_a_typed_metric_and_a_presets_win_over_the_models():
    assert composed("model=maskrcnn", "metric=box_ap50").metric.name == "box_ap50"
    assert composed("experiment=maskrcnn_disks").metric.name == "mask_ap50"
    assert composed("experiment=maskrcnn_disks", "metric=miou").metric.name == "miou"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("model=maskrcnn", "task=semantic", "metric=miou"), "finds objects, but the task is 'semantic'"),
        (("model=unet", "task=instance"), "names the class of each pixel, but the task is 'instance'"),
    ],
)
def test_a_task_of_another_rung_than_the_model_is_told(words, sentence):
    cfg = composed(*words, "data.counts.train=8")
    with pytest.raises(UserError, match=sentence):
        build_task(cfg, build_datamodule(cfg))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("metric=mask_ap",), "scores objects, and this model names the class of each pixel"),
        (("model=maskrcnn", "metric.name=mask_pa"), "did you mean 'mask_ap'"),
        (("model=maskrcnn", "task.max_detections=300", "metric.name=mask_ar100"), "It is one of"),
    ],
)
def test_a_metric_that_the_rung_does_not_have_is_told(words, sentence):
    with pytest.raises(UserError, match=sentence):
        check_values(composed(*words), list(words))


def test_the_recall_is_called_after_the_most_detections():
    check_values(composed("model=maskrcnn", "task.max_detections=300", "metric.name=mask_ar300"), [])


def test_class_weights_of_the_data_make_no_sense_for_masks():
    cfg = composed("model=maskrcnn", "loss=ce", "loss.terms.ce.class_weights=auto", *SMALL)
    with pytest.raises(UserError, match="of each object's own mask"):
        build_task(cfg, build_datamodule(cfg))
