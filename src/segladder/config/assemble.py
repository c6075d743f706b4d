"""From a composed configuration to built parts: what is known of the data flows into model, loss and task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from segladder.config.build import arguments, build, find_target
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaconf import DictConfig
    from pytorch_lightning import Callback
    from torch import nn

    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import SemanticTask


def build_datamodule(cfg: DictConfig) -> SegmentationDataModule:
    """The DataModule of `cfg.data` with the augmentation of `cfg.augment`; its `info` is ready.

    Raises:
        UserError: the data are not what the configuration says.
    """
    augment = build(cfg["augment"]) if cfg.get("augment") else None
    module: SegmentationDataModule = build(cfg["data"], augment=augment, order_seed=cfg["seed"])
    return module


def build_task(cfg: DictConfig, datamodule: SegmentationDataModule) -> SemanticTask:
    """The LightningModule of `cfg.task` around model and loss, sized by the data.

    Raises:
        UserError: the model's classes or channels contradict the data's.
    """
    import torch

    info = datamodule.info
    # weights are drawn here and nowhere before, so they depend on the seed alone
    torch.manual_seed(cfg["seed"])
    model = build_model(cfg, info)
    loss = build(cfg["loss"], ignore_index=info.ignore_index, num_classes=info.num_classes)
    if getattr(loss, "needs_class_weights", False):
        loss.resolve_class_weights(datamodule.class_pixels())
    task: SemanticTask = build(
        cfg["task"],
        model=model,
        loss=loss,
        info=info,
        optimizer=build(cfg["optimizer"]),
        scheduler=build(cfg["scheduler"]) if cfg.get("scheduler") else None,
        inference=build(cfg["inference"]) if cfg.get("inference") else None,
        metric=own_metric(cfg["metric"], info),
        monitor=cfg["metric"]["name"],
        monitor_mode=cfg["metric"]["mode"],
        seed=cfg["seed"],
    )
    return task


def build_model(cfg: DictConfig, info: DatasetInfo) -> nn.Module:
    """The network of `cfg.model`, sized by the data.

    Raises:
        UserError: its classes or channels contradict the data's, or its settings make no sense.
    """
    model: nn.Module = build(
        cfg["model"],
        in_channels=_agreed(cfg["model"], "in_channels", info.channels, info),
        num_classes=_agreed(cfg["model"], "num_classes", info.num_classes, info),
    )
    return model


def build_callbacks(cfg: DictConfig) -> list[Callback]:
    """Every entry of `cfg.callbacks` that is enabled; an entry without `enabled` is."""
    built = []
    for entry in (cfg.get("callbacks") or {}).values():
        if not entry or not entry.get("enabled", True):
            continue
        settings = entry.copy()
        OmegaConf.set_struct(settings, False)
        settings.pop("enabled", None)
        built.append(build(settings))
    return built


def own_metric(metric: DictConfig, info: DatasetInfo) -> Callable[[], nn.Module] | None:
    """The user's own metric, where `cfg.metric` says how to build one beside naming it."""
    if "_target_" not in metric:
        return None
    settings = metric.copy()
    OmegaConf.set_struct(settings, False)
    for key in ("name", "mode"):
        settings.pop(key, None)
    known = arguments(find_target(settings["_target_"], "metric._target_"))
    given = {"info": info} if known is None or "info" in known else {}
    return lambda: build(settings, **given)


def _agreed(model: DictConfig, key: str, from_data: int, info: DatasetInfo) -> int:
    """The data's number, unless the user typed one: then the two must agree."""
    typed = model.get(key)
    if typed is not None and typed != from_data:
        what = "classes" if key == "num_classes" else "channels"
        raise UserError(
            f"model.{key} is {typed}, but data set '{info.name}' has {from_data} {what}."
            f" Leave model.{key} at null: it comes from the data."
        )
    return from_data
