"""What a config from a run folder may build: classes on an explicit list, never functions looked up by name.

The user's own command line and config folders are trusted like code. A config that comes out of a run folder,
a record or a checkpoint is data: somebody else may have written it. Hydra's own block-list of targets is no
boundary (`setuptools._distutils.spawn.spawn`, `torch.hub.load` pass it), so every target is looked up in ours
first, and nothing is imported for one that is not there.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.allowed import CLASSES, OWN_PACKAGES
from segladder.types import UserError

_RESOLVER = re.compile(r"\$\{[^{}$]*:")
_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")


def check_targets(cfg: Any, plugins: Sequence[str] = ()) -> None:
    """Refuses a config that would build anything but known classes. Call it before `build`.

    Args:
        cfg: a config or plain container from a run folder.
        plugins: the user's own packages whose classes he trusts, from `plugins=[mypkg]` on his command line;
            never from `cfg` itself.

    Raises:
        UserError: a `_target_` is not on the list, is no class, or cannot be read; a value calls a resolver.
    """
    config = cfg if isinstance(cfg, DictConfig | ListConfig) else OmegaConf.create(cfg)
    for key, value in _leaves(OmegaConf.to_container(config, resolve=False)):
        # `${a.b}` only points; `${oc.env:KEY}` would read the reader's environment, other resolvers run code
        if isinstance(value, str) and _RESOLVER.search(value):
            raise UserError(
                f"'{key}' is '{value}', which calls a resolver. A config from a run folder must hold plain"
                " values: write the value itself there."
            )
    try:
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"The config does not resolve: {str(error).splitlines()[0]}.") from error
    for key, value in _leaves(plain):
        if key.rpartition(".")[2] == "_target_":
            trusted_class(value, plugins, key=key)


def trusted_class(target: object, plugins: Sequence[str] = (), *, key: str = "_target_") -> type:
    """The class that `target` names.

    Raises:
        UserError: it is not on the list, or is no class.
    """
    if not isinstance(target, str) or not _NAME.fullmatch(target):
        raise UserError(f"'{key}' is {target!r}, which names no class.")
    package = target.partition(".")[0]
    own = any(target.startswith(f"{name}.") for name in OWN_PACKAGES)
    # parents of a plug-in's name are not trusted with it: plugins=[a.b] allows a.b.*, not a.c
    plugin = any(target.startswith(f"{name}.") for name in plugins)
    if not (own or plugin or target in CLASSES):
        hint = f" If '{package}' is your own package, say so: plugins=[{package}]."
        known = package in (
            "segladder",
            "hydra",
            "builtins",
            "os",
            "sys",
            "torch",
            "torchvision",
            "timm",
            "transformers",
        )
        raise UserError(
            f"'{key}' names '{target}', which is not among the classes that a config from a run folder may"
            f" build.{'' if known else hint}"
        )
    found = _locate(target, key)
    if not inspect.isclass(found):
        raise UserError(
            f"'{key}' names '{target}', which is no class. A config from a run folder may build only classes."
        )
    home = found.__module__
    allowed_homes = OWN_PACKAGES if own else tuple(plugins) if plugin else (package,)
    if not any(home == name or home.startswith(f"{name}.") for name in allowed_homes):
        raise UserError(
            f"'{key}' names '{target}', which is '{home}.{found.__qualname__}' in truth and not among the"
            " classes that a config from a run folder may build."
        )
    return found


def _locate(target: str, key: str) -> object:
    parts = target.split(".")
    for split in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:split])
        try:
            found: object = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                continue
            raise
        for part in parts[split:]:
            found = getattr(found, part, None)
        if found is not None:
            return found
    raise UserError(f"'{key}' names '{target}', which does not exist here. It may come from another version.")


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            name = f"{path}.{key}" if path else str(key)
            if key == "_target_":
                yield name, value
            else:
                yield from _leaves(value, name)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, f"{path}.{index}" if path else str(index))
    else:
        yield path, node
