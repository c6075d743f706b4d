"""A run's saved config as the base of a new composition: Hydra itself puts on top what was typed.

The base is a config of Hydra's `ConfigStore`: the command's own YAML, with the saved parts merged over the groups of
its defaults list. So all of Hydra's grammar, choices and messages work on it as on any other config.

Hydra behaviours this leans on (1.3): the store is searched after the config folders; a stored node may have a
defaults list; entries of it are overridden by `group=choice` on the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from segladder.config.app import read_flags
from segladder.config.trust import check_targets
from segladder.config.words import PATH_KEYS, prepare_overrides
from segladder.types import UserError

Words = dict[str, Any]
"""Key as typed, without + and ~, -> value as Hydra reads it."""


def typed_words(argv: Sequence[str], *, path_keys: Collection[str] = PATH_KEYS) -> Words:
    """What a command line sets, read ahead of its composition; nothing where it does not parse.

    Composing then finds the mistake, and says it.

    Raises:
        UserError: a sweep was asked for: the base of each of its jobs could be another run's.
    """
    flags, _ = read_flags(argv)
    if flags.multirun:
        raise UserError("This command takes one run at a time. Leave -m out, and start it once for each.")
    try:
        parsed = OverridesParser.create().parse_overrides(prepare_overrides(flags.overrides, path_keys=path_keys))
        return {override.key_or_group: override.value() for override in parsed}
    except (HydraException, ValueError):
        return {}


def typed_plugins(words: Mapping[str, Any]) -> list[str]:
    """The user's own packages: only what he types himself is trusted."""
    plugins = words.get("plugins") or []
    return [str(name) for name in plugins] if isinstance(plugins, list) else [str(plugins)]


def refuse_another_network(words: Mapping[str, Any]) -> None:
    """Refuses words that speak of a network beside `run=`, which has one.

    Raises:
        UserError: names the word.
    """
    chosen = next((key for key in words if key == "model" or key.partition(".")[0] == "backbone"), None)
    if chosen is not None:
        raise UserError(f"{chosen}= and run= were both given, and a run has a network already. Leave one out.")
    if "checkpoint" in words and str(words.get("run")).endswith(".ckpt"):
        raise UserError("checkpoint= has no effect beside run=FILE.ckpt, which says which checkpoint. Leave it out.")


def read_config(path: Path) -> dict[str, Any]:
    """The saved config of a run, as plain values.

    Raises:
        UserError: there is none, or it is no config.
    """
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no '{path}': a run folder holds the configuration that it was run with.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"'{path}' cannot be read as a configuration: {str(error).splitlines()[0]}.") from error
    if not isinstance(config, dict):
        raise UserError(f"'{path}' holds no configuration: it was cut short or edited. Restore it.")
    return config


def store_base(
    command: Path,
    saved: Mapping[str, Any],
    *,
    taken: Collection[str],
    words: Mapping[str, Any],
) -> str:
    """Stores the base of a composition.

    Args:
        command: the command's own YAML, such as `conf/predict.yaml`.
        saved: a run's config; the part that is taken must build known classes only.
        taken: the top-level keys that are taken of it. One that is chosen anew on the command line (`data=folder`)
            is dropped, not merged.
        words: what was typed.

    Returns:
        The name of the config to compose.

    Raises:
        UserError: the saved config would build something else than known classes; see `trust`.
    """
    kept = {key: saved[key] for key in taken if saved.get(key) is not None and key not in words}
    check_targets(kept, typed_plugins(words))
    base = yaml.safe_load(command.read_text(encoding="utf-8"))
    for key, value in kept.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = {**base[key], **value} if both else value
    # a saved part that builds something is whole: the command's own choice of its group would leave other keys in it
    for entry in base["defaults"]:
        if isinstance(entry, dict):
            entry.update({key: None for key in entry if isinstance(kept.get(key), dict) and "_target_" in kept[key]})
    name = f"{command.stem}_run"
    ConfigStore.instance().store(name=name, node=base)
    return name
