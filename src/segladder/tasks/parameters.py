"""Which parameters an optimizer gets, at which learning rate, and what is said where it refuses its settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from segladder.types import UserError


def trained_parameters(module: nn.Module, optimizer: Callable[..., Any]) -> list[Any]:
    """The parameters that are not frozen: one list, or two groups where the backbone learns at a rate of its own.

    Args:
        module: a task; its `model.backbone.lr_factor`, if there is one, is the backbone's share of the rate.
        optimizer: what will take them; its `lr` is the rate of the rest.

    Raises:
        UserError: everything is frozen, or there is no rate to take a share of.
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not trained:
        raise UserError("Every parameter is frozen, so there is nothing to train. Set backbone.freeze=false.")
    backbone = getattr(getattr(module, "model", None), "backbone", None)
    factor = getattr(backbone, "lr_factor", 1.0)
    if factor == 1 or not isinstance(backbone, nn.Module):
        return trained
    of_backbone = {id(parameter) for parameter in backbone.parameters()}
    own = [parameter for parameter in trained if id(parameter) in of_backbone]
    rest = [parameter for parameter in trained if id(parameter) not in of_backbone]
    if not own:
        raise UserError(
            f"backbone.lr_factor={factor:g} has no effect: the whole backbone is frozen. Leave one of the two out."
        )
    groups: list[Any] = [{"params": rest}] if rest else []
    return [*groups, {"params": own, "lr": factor * _rate(optimizer)}]


def _rate(optimizer: Callable[..., Any]) -> float:
    """The learning rate that an optimizer's factory was given, else the optimizer's own default."""
    given = optimizer.keywords if isinstance(optimizer, functools.partial) else {}
    if "lr" in given:
        return float(given["lr"])
    target = optimizer.func if isinstance(optimizer, functools.partial) else optimizer
    parameter = inspect.signature(target).parameters.get("lr")
    if parameter is None or not isinstance(parameter.default, int | float):
        raise UserError("backbone.lr_factor needs optimizer.lr, which this optimizer does not have.")
    return float(parameter.default)


def built_optimizer(build: Callable[..., Optimizer], parameters: list[Any]) -> Optimizer:
    """The optimizer of these parameters.

    Raises:
        UserError: it refuses its settings.
    """
    try:
        return build(parameters)
    except (ValueError, TypeError, RuntimeError) as error:
        raise _refused(build, error, part="optimizer", such_as=", such as optimizer.lr") from error


def built_schedule(build: Callable[..., Any], optimizer: Optimizer, total_steps: int) -> Any:
    """The learning-rate schedule of so many steps.

    Raises:
        UserError: it refuses its settings.
    """
    try:
        return build(optimizer, total_steps)
    except (ValueError, TypeError) as error:
        raise _refused(build, error, part="scheduler") from error


def _refused(build: Callable[..., Any], error: Exception, *, part: str, such_as: str = "") -> UserError:
    if isinstance(error, UserError):
        return error
    name = getattr(getattr(build, "func", build), "__name__", f"The {part}")
    words = {key: value for key, value in getattr(build, "keywords", {}).items() if isinstance(value, str)}
    if isinstance(error, TypeError) and words:
        key, value = next(iter(words.items()))
        return UserError(f"{part}.{key} is '{value}', which {name} cannot use. Give a number, such as 1e-3.")
    return UserError(f"{name} refuses its settings: {error}. Check the values below {part}{such_as}.")
