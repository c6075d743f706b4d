"""Words about sweeps that make no sense, told before anything runs: what cannot be swept over, what has no effect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from segladder.config.composition import Composition
from segladder.config.suggest import did_you_mean
from segladder.config.unknown_key import unknown_key
from segladder.config.values import RERUN
from segladder.types import UserError

_FOLDERS: dict[str, tuple[Any, ...]] = {
    "hydra.run.dir": (".",),
    "hydra.sweep.dir": (),
    "hydra.sweep.subdir": (".",),
    "hydra.job.chdir": (False, None),
    "hydra.output_subdir": (None,),
}
"""Hydra's words for where outputs go, and the values that change nothing."""

_FILLED_IN = ("sweep.varying", "sweep.search")
_SWITCHES = ("sweep.dry", "sweep.fail_fast", "sweep.retry")
_OF_SWEEPS = ("sweep.fail_fast", "sweep.time_limit", "sweep.retry")
"""What only a sweep looks at."""

_GRIDS = ("GridSweeper", "BasicSweeper")


def refuse_sweep_words(overrides: Sequence[str], *, sweep: bool, context: Composition) -> list[str]:
    """Finds what would be accepted and then sweep over nonsense, or be ignored.

    What does not parse or compose is left to Hydra, which says so.

    Args:
        overrides: the words as Hydra gets them.
        sweep: whether `-m` was given.
        context: the call of Hydra that they belong to.

    Returns:
        Warnings, a sentence each.

    Raises:
        UserError: the first word that makes no sense.
    """
    parsed = list(_parsed(overrides))
    for override in parsed:
        _refuse_folder(override)
        if sweep and override.is_sweep_override():
            _refuse_swept(override)
    _refuse_unread(parsed, overrides, context)
    if sweep:
        cfg = _composed(context, RunMode.MULTIRUN)
        if cfg is None:
            return []
        params = OmegaConf.select(cfg, "hydra.sweeper.params") or {}
        swept = [*parsed, *_parsed([f"{key!s}={value!s}" for key, value in params.items()])]
        for override in swept:
            if override.is_sweep_override():
                _refuse_swept(override)
        _refuse_ranges(swept, str(OmegaConf.select(cfg, "hydra.sweeper._target_")))
        if "sweep" in cfg:
            _check({key: OmegaConf.select(cfg, key) for key in (*_SWITCHES, "sweep.time_limit", "sweep.rerun")})
            _refuse_filled_in(parsed)
        return []
    for override in parsed:
        if override.is_interval_sweep():
            raise UserError(
                f"'{override.input_line}' is a range to search in, not a value. Add -m hydra/sweeper=optuna to search"
                " it, or give one value."
            )
    return _without_sweep(parsed, context)


def _parsed(words: Sequence[str]) -> Iterator[Override]:
    parser = OverridesParser.create()
    for word in words:
        try:
            yield parser.parse_override(word)
        except HydraException:
            continue


def _composed(context: Composition, mode: RunMode) -> DictConfig | None:
    try:
        return context.loader.load_configuration(context.config_name, list(context.overrides), mode)
    except (HydraException, OmegaConfBaseException, ValueError, OSError, yaml.YAMLError):
        return None


def _key(override: Override) -> str:
    return str(override.key_or_group)


def _value(override: Override) -> Any:
    """The one value of a word; None where it has several."""
    return None if override.is_sweep_override() or override.is_delete() else override.value()


def _refuse_folder(override: Override) -> None:
    key = _key(override)
    if key in _FOLDERS and (override.is_sweep_override() or _value(override) not in _FOLDERS[key]):
        raise UserError(
            f"'{override.input_line}' has no place here: run folders are segladder's own. paths.outputs=DIR says where"
            " they lie, study_name= and name= what they are called."
        )


def _refuse_swept(override: Override) -> None:
    """
    Raises:
        UserError: jobs of one sweep cannot differ in this.
    """
    key, word = _key(override), override.input_line
    top = re.split(r"[./]", key)[0]
    if key.startswith("hydra.sweeper.params."):
        raise UserError(f"'{word}' has several values for hydra's own setting. Write the key itself: {key[21:]}=…")
    if top in ("hydra", "sweep"):
        raise UserError(
            f"'{word}' would sweep over how the sweep itself is run. Give {key} one value, and start another sweep for"
            " the other."
        )
    if key == "study":
        raise UserError(f"'{word}' names several sweeps. Start each by itself: python train.py -m study=NAME.")
    if key == "study_name" or top == "paths":
        raise UserError(f"'{word}' would do the same runs once for each folder. Give {key} one value.")
    if key == "name":
        raise UserError(
            f"'{word}' would do the same run once for each name. Leave it out: jobs are named after the settings that"
            " they differ in."
        )


def _refuse_ranges(overrides: Sequence[Override], sweeper: str) -> None:
    """
    Raises:
        UserError: a range where the sweeper goes through values one by one.
    """
    if sweeper.rpartition(".")[2] not in _GRIDS:
        return
    for override in overrides:
        if override.is_interval_sweep():
            key = _key(override)
            raise UserError(
                f"'{override.input_line}' is a range to search in, and a grid has no ranges. Add hydra/sweeper=optuna"
                f" to search it, or list values: {key}=1,2,3 or {key}=range(1,4)."
            )


def _refuse_filled_in(overrides: Sequence[Override]) -> None:
    for override in overrides:
        if _key(override) in _FILLED_IN:
            raise UserError(f"'{override.input_line}': the sweep itself fills in {_key(override)}. Leave it out.")


def _check(values: dict[str, Any]) -> None:
    """
    Raises:
        UserError: a setting of the sweep is no such value.
    """
    for key in _SWITCHES:
        if not isinstance(values.get(key, False), bool):
            raise UserError(f"{key} is {values[key]!r}. Give true or false.")
    rerun = values.get("sweep.rerun", "no")
    if rerun not in RERUN:
        raise UserError(f"sweep.rerun is '{rerun!s}'{did_you_mean(str(rerun), RERUN)} It is one of {', '.join(RERUN)}.")
    limit = values.get("sweep.time_limit")
    number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if limit is not None and not (number and math.isfinite(limit) and limit > 0):
        raise UserError(f"sweep.time_limit is {limit!r}. Give the minutes that a job may take, above 0, or null.")


def _without_sweep(parsed: Sequence[Override], context: Composition) -> list[str]:
    """What is told of words about sweeps that stand beside no `-m`."""
    typed = {_key(override): override for override in parsed if _key(override).startswith("sweep.")}
    cfg = _composed(context, RunMode.RUN) if typed else None
    if cfg is None or "sweep" not in cfg:
        return []
    _refuse_filled_in(list(typed.values()))
    values = {key: _value(override) for key, override in typed.items()}
    _check({key: values[key] for key in (*_SWITCHES, "sweep.time_limit") if key in values})
    if values.get("sweep.dry"):
        raise UserError("sweep.dry=true lists the jobs of a sweep, and this is a single run. Add -m, or leave it out.")
    return [
        f"'{typed[key].input_line}' has no effect: it belongs to a sweep. Add -m, or leave it out."
        for key in _OF_SWEEPS
        if values.get(key)
    ]


def _refuse_unread(parsed: Sequence[Override], words: Sequence[str], context: Composition) -> None:
    """
    Raises:
        UserError: a `+key=…` adds a key beside all others that nothing reads.
    """
    added = {
        override.input_line: _key(override).partition(".")[0]
        for override in parsed
        if override.type in (OverrideType.ADD, OverrideType.FORCE_ADD)
        and override.package is None
        and "/" not in _key(override)
    }
    if not added:
        return
    rest = tuple(word for word in context.overrides if word not in added)
    bare = Composition(context.config_dir, context.config_name, rest, context.extra_dirs)
    cfg = _composed(bare, RunMode.MULTIRUN)
    if cfg is None:
        return
    texts = [text for text in _texts(OmegaConf.to_container(cfg, resolve=False)) if "${" in text]
    for word, top in added.items():
        if top in cfg or bare.options(top):
            continue
        # the user's own config, or another of his words, may point at it
        told = (*texts, *(other for other in words if other != word))
        if any(re.search(rf"\$\{{[^}}]*\b{re.escape(top)}\b", text) for text in told):
            continue
        raise UserError(f"'{word}' adds a key that nothing reads. {unknown_key(top, bare)}")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
