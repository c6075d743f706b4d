"""From a composed configuration to built parts: what is known of the data flows into model, loss and task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from omegaconf import OmegaConf

from segladder.config.build import arguments, build, find_target
from segladder.types import DatasetInfo, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omegaconf import DictConfig
    from pytorch_lightning import Callback
    from torch import nn

    from segladder.data.module import SegmentationDataModule
    from segladder.tasks import Rung


def build_datamodule(cfg: DictConfig, *, labels_alone: bool = False) -> SegmentationDataModule:
    """The DataModule of `cfg.data` with the augmentation of `cfg.augment`; its `info` is ready.

    Args:
        cfg: `data`, `seed`, `task`, and `augment` where there is one.
        labels_alone: nothing is predicted, so images may be missing.

    Raises:
        UserError: the data are not what the configuration says.
    """
    augment = build(cfg["augment"]) if cfg.get("augment") else None
    rung = rung_of(cfg)
    known = arguments(find_target(cfg["data"]["_target_"], "data._target_"))
    without = labels_alone and (known is None or "labels_alone" in known)
    module: SegmentationDataModule = build(
        cfg["data"],
        augment=augment,
        order_seed=cfg["seed"],
        instances=rung is not None and rung.instances,
        **({"labels_alone": True} if without else {}),
    )
    return module


def rung_of(cfg: DictConfig) -> type[Rung] | None:
    """The class of `cfg.task`, which says what a rung needs of data, model and loss; None where there is no task."""
    target = OmegaConf.select(cfg, "task._target_")
    if target is None:
        return None
    rung: Any = find_target(target, "task._target_")
    return cast("type[Rung]", rung)


def build_task(cfg: DictConfig, datamodule: SegmentationDataModule) -> Rung:
    """The LightningModule of `cfg.task` around model and loss, sized by the data.

    Raises:
        UserError: the model's classes or channels contradict the data's.
    """
    import torch

    info = datamodule.info
    # weights are drawn here and nowhere before, so they depend on the seed alone
    torch.manual_seed(cfg["seed"])
    model = build_model(cfg, info)
    task: Rung = build(
        cfg["task"],
        model=model,
        loss=_loss_of(cfg, datamodule),
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
    """The network of `cfg.model`, sized by the data: `num_classes` of pixels, or `num_things` that are objects.

    Raises:
        UserError: its classes or channels contradict the data's, its settings make no sense, or it is of another
            rung than the task.
    """
    objects = finds_objects(cfg["model"])
    rung = rung_of(cfg)
    if rung is not None and rung.instances != objects:
        name = str(cfg["model"]["_target_"]).rpartition(".")[2]
        does, choice = ("finds objects", "instance") if objects else ("names the class of each pixel", "semantic")
        raise UserError(
            f"The model ({name}) {does}, but the task is '{rung.kind}'. Leave task= out, or choose task={choice}."
        )
    counts = {"num_things": sum(info.things)} if objects else {"num_classes": info.num_classes}
    [(key, count)] = counts.items()
    model: nn.Module = build(
        cfg["model"],
        in_channels=_agreed(cfg["model"], "in_channels", info.channels, info),
        **{key: _agreed(cfg["model"], key, count, info)},
    )
    return model


def finds_objects(model: DictConfig) -> bool:
    """Whether a model is of the instance rung: it asks for `num_things`, the number of classes of objects."""
    return "num_things" in (arguments(find_target(model["_target_"], "model._target_")) or {})


def build_loss(cfg: DictConfig, info: DatasetInfo) -> Any:
    """The sum of `cfg.loss`, of the data's classes or of binary masks; class weights by a rule are not counted yet.

    Raises:
        UserError: settings that make no sense.
    """
    rung = rung_of(cfg)
    if rung is None or not rung.binary:
        return _sum_of(cfg["loss"], ignore_index=info.ignore_index, num_classes=info.num_classes)
    weights = OmegaConf.select(cfg, "loss.terms.ce.class_weights")
    if isinstance(weights, str) or (isinstance(weights, Sequence) and len(weights) != 2):
        raise UserError(
            f"loss.terms.ce.class_weights is {weights}, but the loss is of each object's own mask. Give two numbers, of"
            " outside and inside, or null."
        )
    return _sum_of(cfg["loss"], binary=True, num_classes=2)


def _sum_of(loss: DictConfig, **kwargs: Any) -> Any:
    try:
        return build(loss, **kwargs)
    except TypeError as error:
        # a word where a number belongs, which only the comparison with a number finds out
        for name, term in (loss.get("terms") or {}).items():
            for key, value in term.items():
                if isinstance(value, str) and not str(key).startswith("_"):
                    raise UserError(f"loss.terms.{name}.{key} is '{value}'. Give a number.") from error
        raise


def _loss_of(cfg: DictConfig, datamodule: SegmentationDataModule) -> Any:
    loss = build_loss(cfg, datamodule.info)
    if getattr(loss, "needs_class_weights", False):
        loss.resolve_class_weights(datamodule.class_pixels())
    return loss


def build_callbacks(cfg: DictConfig) -> list[Callback]:
    """Every entry of `cfg.callbacks` that is enabled (an entry without `enabled` is), and in a search the pruning."""
    built: list[Callback] = []
    trial = OmegaConf.select(cfg, "sweep.search")
    if trial is not None and trial.get("pruner"):
        from segladder.tasks.callbacks import Prune

        keys = ("storage", "study", "trial", "pruner", "pruner_settings")
        built.append(Prune(**{key: trial[key] for key in keys}))
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
        what = {"num_classes": "classes", "num_things": "classes of objects"}.get(key, "channels")
        raise UserError(
            f"model.{key} is {typed}, but data set '{info.name}' has {from_data} {what}."
            f" Leave model.{key} at null: it comes from the data."
        )
    return from_data
