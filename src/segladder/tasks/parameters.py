"""Which parameters an optimizer gets, and at which learning rate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

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
