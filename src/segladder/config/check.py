"""What a composed config must satisfy before anything heavy starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.build import SPECIAL, arguments, find_target, unknown_argument
from segladder.types import UserError


def check(cfg: DictConfig, *, imports: bool = False) -> list[str]:
    """Finds what composition lets through: values left open, keys that nothing reads, wrong types of roots.

    Hydra refuses unknown keys on the command line, but merges those of an experiment file silently.

    Args:
        cfg: a composed config, its loss settled.
        imports: whether targets may be imported to learn their arguments. Without, only those whose module is
            loaded already are compared; `build` looks at the others when their turn comes.

    Returns:
        Warnings, one sentence each.

    Raises:
        UserError: the first thing that is wrong.
    """
    warnings: list[str] = []
    for node, key in _nodes(cfg):
        _check_values(node, key)
        if isinstance(node, DictConfig) and "_target_" in node:
            _check_arguments(node, key, imports=imports)
        elif isinstance(node, DictConfig) and "_partial_" in node:
            warnings.append(f"'{key}._partial_' has no effect: '{key}' has no _target_.")
    _check_roots(cfg)
    return warnings


def missing_keys(cfg: DictConfig) -> list[str]:
    """Keys that still hold `???`, except below `hydra`."""
    return sorted(key for key in OmegaConf.missing_keys(cfg) if not key.startswith("hydra."))


def _check_values(node: DictConfig | ListConfig, key: str) -> None:
    names = list(node) if isinstance(node, DictConfig) else range(len(node))
    for name in names:
        where = f"{key}.{name}" if key else str(name)
        if OmegaConf.is_missing(node, name):
            raise UserError(f"'{where}' has no value yet. Set it on the command line: {where}=…")
        if OmegaConf.is_interpolation(node, name):
            try:
                node[name]
            except OmegaConfBaseException as error:
                raw = OmegaConf.to_container(node, resolve=False)[name]  # type: ignore[index]
                raise UserError(
                    f"'{where}' is '{raw}', which does not resolve:"
                    f" {str(error).splitlines()[0].rstrip('.')}. Set {where} itself, or what it points at."
                ) from error


def _check_arguments(node: DictConfig, key: str, *, imports: bool) -> None:
    target = node["_target_"]
    if not (imports or _loaded(str(target))):
        return
    found: Callable[..., Any] = find_target(target, f"{key}._target_" if key else "_target_")
    known = arguments(found)
    # the switch of a callback is read by `assemble.build_callbacks`, not by the callback
    switch = {"enabled"} if key.startswith("callbacks.") else {"name", "mode"} if key == "metric" else set()
    for name in node:
        if known is not None and name not in SPECIAL | switch and name not in known:
            raise UserError(unknown_argument(str(name), key=key, target=found, known=known))


def _loaded(target: str) -> bool:
    # `vars`, as `hasattr` would make a lazy package import what is asked for
    module, _, name = target.rpartition(".")
    return module in sys.modules and name in vars(sys.modules[module])


def _check_roots(cfg: DictConfig) -> None:
    for key in ("seed", "data.seed"):
        value = OmegaConf.select(cfg, key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32):
            raise UserError(f"{key} is {value!r}. Give a whole number from 0 to 4294967295.")
    devices = OmegaConf.select(cfg, "trainer.devices")
    if isinstance(devices, bool) or (isinstance(devices, int) and devices < 1 and devices != -1):
        raise UserError(f"trainer.devices is {devices!r}. Give a number of devices, a list of their indices, or auto.")
    if isinstance(devices, str) and devices != "auto" and not devices.replace(",", "").replace("-1", "").isdigit():
        raise UserError(f"trainer.devices is '{devices}'. Give a number of devices, a list of their indices, or auto.")
    for key in ("data.batch_size", "trainer.max_epochs", "trainer.max_steps", "data.num_workers"):
        value = OmegaConf.select(cfg, key)
        if isinstance(value, str | float) and value != "auto":
            raise UserError(f"{key} is {value!r}. Give a whole number.")
    plugins = OmegaConf.select(cfg, "plugins")
    if isinstance(plugins, str):
        raise UserError(f"plugins={plugins} is one word. Write a list: plugins=[{plugins}].")


def _nodes(node: Any, key: str = "") -> Iterator[tuple[DictConfig | ListConfig, str]]:
    if not isinstance(node, DictConfig | ListConfig) or node._is_none() or node._is_missing():
        return
    yield node, key
    names = list(node) if isinstance(node, DictConfig) else range(len(node))
    for name in names:
        if not key and name == "hydra":
            continue
        if OmegaConf.is_missing(node, name) or OmegaConf.is_interpolation(node, name):
            continue
        yield from _nodes(node[name], f"{key}.{name}" if key else str(name))
