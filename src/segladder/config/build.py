"""The one place where a config becomes an object.

Hydra behaviours this leans on (1.3; the one place to change for 1.4, whose `instantiate` wants a list of
allowed targets and replaces dict arguments at the call instead of merging them):

* `_partial_=True` defers only the outermost call. We use that to call it ourselves: arguments given in code
  then reach the target as they are (Hydra would read a dataclass such as `DatasetInfo` as a config), and what
  the target raises is not wrapped.
* What a nested target raises is wrapped in `InstantiationException` with the original as `__cause__`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig, ListConfig, OmegaConf

from segladder.config.suggest import did_you_mean
from segladder.types import UserError

LIBRARIES = frozenset(
    {"torch", "torchvision", "torchmetrics", "pytorch_lightning", "segmentation_models_pytorch", "timm", "transformers"}
)
"""Packages whose complaints about their arguments are told as the user's mistakes."""

SPECIAL = frozenset({"_target_", "_args_", "_partial_", "_convert_", "_recursive_"})
"""Hydra's own keys in a node that builds something."""


def build(node: Any, /, **kwargs: Any) -> Any:
    """Builds what a config node describes, nested nodes first.

    Args:
        node: a node with `_target_`; its settings reach the target as plain dicts, lists and values. With
            `_partial_: true` the result is a `functools.partial`.
        **kwargs: further arguments of the outermost target, passed as they are; they win over the node's.

    Returns:
        The object; None for None.

    Raises:
        UserError: a target does not exist, has no such argument, lacks one, or a setting is still `???`.
            Errors raised inside a target pass through as they are.
    """
    if node is None:
        return None
    config = node if OmegaConf.is_config(node) else OmegaConf.create(node)
    if not isinstance(config, DictConfig) or "_target_" not in config:
        raise UserError(
            f"'{_full_key(config) or 'This config'}' has no _target_: nothing to build from {dict(config)!r}."
        )
    for inner in _buildable(config):
        _check_call(inner, kwargs if inner is config else {})
    wants_partial = bool(config.get("_partial_", False))
    try:
        deferred = hydra.utils.instantiate(config, _partial_=True, _convert_="all")
    except InstantiationException as error:
        cause = _innermost(error)
        if cause is error:
            raise UserError(f"{str(error).splitlines()[0]} (config key '{_full_key(config)}').") from error
        raise cause from None
    if wants_partial:
        return functools.partial(deferred, **kwargs) if kwargs else deferred
    try:
        return deferred(**kwargs)
    except (ValueError, TypeError, RuntimeError) as error:
        # a library's complaint about its settings is a sentence for the user; an error in our own code or in his
        # package is not, and keeps its traceback
        if isinstance(error, UserError) or str(config["_target_"]).partition(".")[0] not in LIBRARIES:
            raise
        raise UserError(refused(config["_target_"], error, key=_full_key(config))) from error


def refused(target: object, error: Exception, *, key: str) -> str:
    """The sentence about a library's class or function that does not like its settings."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return f"{str(target).rpartition('.')[2]} refuses its settings: {said}. Check the values below '{key}'."


def find_target(target: object, key: str) -> Callable[..., Any]:
    """What a `_target_` names, imported.

    Raises:
        UserError: no such module or name, or nothing that can be called.
    """
    if callable(target):
        return target
    if not isinstance(target, str) or "." not in target:
        raise UserError(f"{key} is {target!r}. Write the full name of a class, as in mypkg.models.MyNet.")
    parts = target.split(".")
    found: Any = None
    for index, part in enumerate(parts):
        name, where = ".".join(parts[: index + 1]), ".".join(parts[:index])
        if index and hasattr(found, part):
            found = getattr(found, part)
            continue
        try:
            if index and not inspect.ismodule(found):
                raise ModuleNotFoundError(name=name)
            found = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise UserError(
                    f"{key} '{target}' needs the package '{error.name}', which is not installed. Install"
                    f" it, as in pip install {str(error.name).partition('.')[0]}."
                ) from error
            if not index:
                raise UserError(
                    f"{key} '{target}': there is no package '{part}'. Install it, or set PYTHONPATH to the"
                    " folder that holds it."
                ) from error
            names = [name for name in dir(found) if not name.startswith("_")]
            raise UserError(
                f"{key} '{target}': '{where}' has no '{part}'{did_you_mean(part, names, show=where + '.{}')}"
            ) from error
    if not callable(found):
        raise UserError(f"{key} '{target}' is a {type(found).__name__}, not a class or function.")
    return found  # type: ignore[no-any-return]


def arguments(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter] | None:
    """The named arguments that `target` takes; None where it takes any, or does not say."""
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    return {name: p for name, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def unknown_argument(name: str, *, key: str, target: Callable[..., Any], known: Iterable[str]) -> str:
    """The sentence about a setting that the target has no argument for."""
    prefix = f"{key}." if key else ""
    return (
        f"Unknown setting '{prefix}{name}'{did_you_mean(name, known, show=prefix + '{}')}"
        f" {getattr(target, '__name__', target)} takes: {', '.join(known) or 'nothing'}."
    )


def _check_call(node: DictConfig, given: Mapping[str, Any]) -> None:
    key = _full_key(node)
    target = find_target(node.get("_target_"), f"{key}._target_" if key else "_target_")
    for name in node:
        if OmegaConf.is_missing(node, name) and name not in given:
            where = f"{key}.{name!s}" if key else str(name)
            raise UserError(f"'{where}' has no value yet. Set it on the command line: {where}=…")
    known = arguments(target)
    if known is None:
        return
    settings = [str(name) for name in node if name not in SPECIAL]
    for name in (*settings, *given):
        if name not in known:
            raise UserError(unknown_argument(name, key=key, target=target, known=known))
    positional = len(node.get("_args_") or ())
    if node.get("_partial_", False):
        return
    lacking = [
        name
        for index, (name, parameter) in enumerate(known.items())
        if parameter.default is parameter.empty and name not in settings and name not in given and index >= positional
    ]
    if lacking:
        where = f"{key}.{lacking[0]}" if key else lacking[0]
        raise UserError(
            f"{getattr(target, '__name__', target)} needs '{lacking[0]}', which the config does not give."
            f" Add it: +{where}=…"
        )


def _buildable(node: Any) -> Iterator[DictConfig]:
    if isinstance(node, DictConfig):
        if node._is_none() or node._is_missing():
            return
        if "_target_" in node:
            yield node
            if not node.get("_recursive_", True):
                return
        for key in node:
            if key not in ("_target_",) and not OmegaConf.is_missing(node, key):
                yield from _buildable(node[key])
    elif isinstance(node, ListConfig) and not (node._is_none() or node._is_missing()):
        for index in range(len(node)):
            if not OmegaConf.is_missing(node, index):
                yield from _buildable(node[index])


def _full_key(node: Any) -> str:
    return str(node._get_full_key(None) or "")


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, InstantiationException) and error.__cause__ is not None:
        error = error.__cause__
    return error
