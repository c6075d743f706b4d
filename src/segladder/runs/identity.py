"""A run's identity: a hash of what decides its result, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from segladder.types import UserError

NEUTRAL = (
    # what a run is called and where it lands
    "name",
    "study",
    "study_name",
    "paths",
    "hydra",
    # how the sweep goes about it
    "run",
    "sweep",
    # what only writes down or looks on
    "logger",
    "callbacks.progress",
    "callbacks.pictures",
    "callbacks.checkpoint.every_minutes",
    "trainer.default_root_dir",
    "trainer.enable_model_summary",
    "trainer.enable_progress_bar",
    "trainer.log_every_n_steps",
    "trainer.logger",
    "trainer.profiler",
    # how fast it goes: samples are a function of seed, epoch and index, whoever reads them
    "data.num_workers",
    "data.prefetch",
    "data.cache",
    "data.cache_dir",
    "data.decoder",
    "runtime.keep_freed_buffers",
    "runtime.threads",
)
"""Config keys, each with all below it, that do not decide a result. A key that is not listed here does."""

LATER = {"data.on_bad_sample": "error"}
"""Config keys that came later, at the value that changes nothing: with it, ids are those from before."""

DATA_PATHS = ("data.root", "data.annotations")
"""Config keys that say where the data lie; once hashes of the splits are known, those stand for them."""

WEIGHT_KEYS = ("weights", "checkpoint", "init_from")
"""Last words of config keys that may name a file of weights."""

_NEVER = object()

_SCHEME = 1
"""Part of the hash; goes up when the same config comes to mean something else."""


def identity(
    config: Mapping[str, Any],
    *,
    data_hashes: Mapping[str, str] | None = None,
    weight_hashes: Mapping[str, str] | None = None,
) -> str:
    """The id of the run that `config` describes, 64 hexadecimal digits.

    The order of keys is of no account, nor is anything under `NEUTRAL`. A loss counts in its canonical form:
    `ce+dice` and `1*dice+ce` are one. `devices: auto` stays the word, on whatever machine.

    Args:
        config: the composed and resolved config as plain containers.
        data_hashes: split name -> hash of its content. Takes the place of the keys in `DATA_PATHS`, so that
            the same data in another folder is the same run, and other data in the same folder another.
        weight_hashes: dotted config key -> hash of the file that it names, as from `hash_weights`.

    Raises:
        TypeError: the config holds an object that is no plain value.
    """
    weights = {tuple(key.split(".")): value for key, value in (weight_hashes or {}).items()}
    dropped = _split(NEUTRAL) + (_split(DATA_PATHS) if data_hashes is not None else ())
    decisive = _decisive(config, path=(), dropped=dropped, replaced=weights)
    if isinstance(config.get("loss"), Mapping):
        decisive[_key("loss")] = _loss(decisive[_key("loss")])
    content = {
        "scheme": _SCHEME,
        "config": decisive,
        "data": None if data_hashes is None else dict(data_hashes),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def short(run_id: str) -> str:
    """The first 8 digits of an id, which end the name of its run folder."""
    return run_id[:8]


def hash_weights(config: Mapping[str, Any]) -> dict[str, str]:
    """Hash every file of weights that the config names: dotted config key -> sha256 of the file.

    A word that is no file (`imagenet`) is left alone and counts as the word.

    Raises:
        UserError: a file cannot be read.
    """
    found: dict[str, str] = {}

    def search(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, Mapping):
            for key, value in node.items():
                search(value, (*path, str(key)))
        elif isinstance(node, (str, PurePath)) and path and path[-1] in WEIGHT_KEYS and Path(node).is_file():
            found[".".join(path)] = hash_file(Path(node))

    search(config, ())
    return found


def hash_file(path: Path) -> str:
    """The sha256 of a file's content, 64 hexadecimal digits.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}. Check the path and its permissions.") from error


def _split(keys: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(key.split(".")) for key in keys)


def _decisive(
    node: Mapping[Any, Any],
    *,
    path: tuple[str, ...],
    dropped: tuple[tuple[str, ...], ...],
    replaced: Mapping[tuple[str, ...], str],
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in node.items():
        here = (*path, str(key))
        if here in dropped or value == LATER.get(".".join(here), _NEVER):
            continue
        if here in replaced:
            kept[_key(key)] = {"sha256": replaced[here]}
        elif isinstance(value, Mapping):
            below = _decisive(value, path=here, dropped=dropped, replaced=replaced)
            # A group of which nothing but neutral keys was set is as good as not set at all.
            if below or not _holds_neutral(value, here, dropped):
                kept[_key(key)] = below
        else:
            kept[_key(key)] = _plain(value, here)
    return kept


def _holds_neutral(node: Mapping[Any, Any], path: tuple[str, ...], dropped: tuple[tuple[str, ...], ...]) -> bool:
    return len(node) > 0 and any(key[: len(path)] == path for key in dropped)


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {_key(key): _plain(below, (*path, str(key))) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below, (*path, str(index))) for index, below in enumerate(value)]
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Enum):
        return value.name
    raise TypeError(f"'{'.'.join(path)}' is a {type(value).__name__}; an identity is made of plain values only.")


def _key(key: Any) -> str:
    # JSON knows only text as keys; 1 and "1" must stay two.
    return key if isinstance(key, str) else f"\0{type(key).__name__}:{key}"


def _loss(node: dict[str, Any]) -> dict[str, Any]:
    """A sum of terms without the words that asked for it; 1 and 1.0 are the same weight and setting."""
    if {"weights", "terms"} <= node.keys():
        node = {key: value for key, value in node.items() if key != "expr"}
    merged: dict[str, Any] = _one_number(node)
    return merged


def _one_number(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _one_number(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_one_number(below) for below in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
