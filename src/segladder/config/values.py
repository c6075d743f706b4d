"""Values that compose but make no sense together: told before anything heavy starts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

METRICS = ("miou", "dice", "pixel_accuracy", "mean_accuracy", "fw_iou", "boundary_f1", "boundary_iou")
"""What every rung is scored by: any prediction can be read as a class for each pixel."""

_AVERAGES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar1", "ar10")

_PER_CLASS = {False: "iou/", True: "mask_ap/"}
"""The measures that are logged for each class, by whether objects are found."""

RERUN = ("no", "changed", "all")
_WHOLE = ("max_epochs", "max_steps", "check_val_every_n_epoch", "accumulate_grad_batches")
"""Keys of the trainer that are whole numbers or null."""
PRECISIONS = (
    *("32-true", "16-mixed", "bf16-mixed", "64-true", "16-true", "bf16-true", "transformer-engine"),
    *("transformer-engine-float16", "64", "32", "16", "bf16"),
)
"""What Lightning takes as trainer.precision."""
_SWITCHES = ("sweep.retry", "data.endless", "data.drop_last", "task.compile")


def check_values(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Refuses what composes and then would do nothing, or something else than it says.

    Args:
        cfg: a composed config of a run.
        overrides: what was typed.

    Raises:
        UserError: the first thing that is wrong.
    """
    if OmegaConf.select(cfg, "seed") is None:
        raise UserError("seed is null. Give a whole number: a run without a seed cannot be repeated.")
    if any(word.partition("=")[0].lstrip("+") == "loss.expr" for word in overrides):
        raise UserError(
            "loss.expr only tells what the loss is. Choose one as in loss=dice+ce, weigh terms with loss.weights."
        )
    for key in _SWITCHES:
        value = OmegaConf.select(cfg, key)
        if value is not None and not isinstance(value, bool):
            raise UserError(f"{key} is {value!r}. Give true or false.")
    rerun = OmegaConf.select(cfg, "sweep.rerun")
    if rerun is not None and rerun not in RERUN:
        near = did_you_mean(str(rerun), RERUN)
        raise UserError(f"sweep.rerun is '{rerun!s}'{near} It is one of {', '.join(RERUN)}.")
    _check_metric(cfg)
    _check_callbacks(cfg)
    for key in _WHOLE:
        value = OmegaConf.select(cfg, f"trainer.{key}")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise UserError(f"trainer.{key} is {value!r}. Give a whole number.")
    precision = OmegaConf.select(cfg, "trainer.precision")
    if precision is not None and str(precision) not in PRECISIONS:
        near = did_you_mean(str(precision), PRECISIONS)
        raise UserError(f"trainer.precision is '{precision}'{near} It is one of {', '.join(PRECISIONS)}.")
    for key in ("max_epochs", "max_steps", "limit_train_batches"):
        if OmegaConf.select(cfg, f"trainer.{key}") == 0:
            raise UserError(f"trainer.{key} is 0: nothing would be trained. Give more.")
    every, epochs = (OmegaConf.select(cfg, f"trainer.{key}") for key in ("check_val_every_n_epoch", "max_epochs"))
    if every is not None and every < 1:
        raise UserError(f"trainer.check_val_every_n_epoch is {every}. Give 1 or more.")
    within = OmegaConf.select(cfg, "trainer.val_check_interval")
    if every and epochs and 0 < epochs < every and within is None:
        raise UserError(
            f"trainer.check_val_every_n_epoch is {every}, but trainer.max_epochs {epochs}: no validation would"
            f" ever take place, and no best checkpoint be kept. Give at most {epochs}."
        )


def _check_metric(cfg: DictConfig) -> None:
    chosen, mode = OmegaConf.select(cfg, "metric.name"), OmegaConf.select(cfg, "metric.mode")
    if OmegaConf.select(cfg, "metric") is not None and (chosen is None or mode is None):
        raise UserError("A metric needs a name and a mode: name: missed, mode: min (or max) in its YAML.")
    name = str(chosen)
    if OmegaConf.select(cfg, "metric._target_") is not None:
        _check_own_metric(name, mode)
        return
    objects = str(OmegaConf.select(cfg, "task._target_")).endswith(".InstanceTask")
    model = OmegaConf.select(cfg, "model")
    if not objects and OmegaConf.select(cfg, "task._target_") and model is not None and "num_things" in model:
        raise UserError("The model finds objects, but the task is another. Leave task= out, or choose task=instance.")
    known = (*METRICS, *of_objects(OmegaConf.select(cfg, "task.max_detections"))) if objects else METRICS
    per_class = _PER_CLASS[objects]
    if chosen is not None and name not in known and not name.startswith(per_class):
        if not objects and (name in of_objects() or name.startswith(_PER_CLASS[True])):
            raise UserError(
                f"metric.name is '{name}', which scores objects, and this model names the class of each pixel."
                f" Choose one of {', '.join(METRICS)}, or a model that finds objects, such as model=maskrcnn."
            )
        raise UserError(
            f"metric.name is '{name}'{did_you_mean(name, known)} It is one of {', '.join(known)}, or"
            f" {per_class}<class>."
        )
    if mode not in (None, "max"):
        raise UserError(f"metric.mode is {mode!r}; of every metric here more is better. Leave it at max.")


def of_objects(max_detections: object = 100) -> tuple[str, ...]:
    """What the instance rung is scored by beside `METRICS`: the last recall is called after the most detections."""
    names = (*_AVERAGES, f"ar{max_detections}")
    return tuple(f"{kind}_{name}" for kind in ("mask", "box") for name in names)


def _check_own_metric(name: str, mode: object) -> None:
    """A metric of the user's own, built beside ours."""
    if not re.fullmatch(r"[A-Za-z]\w*", name) or name in (*METRICS, *of_objects()):
        raise UserError(
            f"metric.name is '{name}'. Give your own metric a name of letters, digits and _, other than"
            f" {', '.join(METRICS)}."
        )
    if mode not in ("max", "min"):
        raise UserError(f"metric.mode is {mode!r}. Say whether more is better (max) or less (min).")


def _check_callbacks(cfg: DictConfig) -> None:
    callbacks = OmegaConf.select(cfg, "callbacks")
    for name in [str(key) for key in callbacks] if isinstance(callbacks, DictConfig) else []:
        entry = callbacks[name]
        if entry is None:
            continue
        if not isinstance(entry, DictConfig):
            raise UserError(f"callbacks.{name} is {entry!r}. Write callbacks.{name}.enabled=true or =false.")
        if not isinstance(entry.get("enabled", True), bool):
            raise UserError(f"callbacks.{name}.enabled is {entry.enabled!r}. Give true or false.")
