"""Run records into the few facts that a report is made of; what cannot be read is told, never dropped in silence.

Reading ten thousand records takes seconds, so that the facts are kept beside the runs, `<runs>/.report-index.json`, and
those of a record are taken from there as long as its file has not changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from segladder.data.progress import with_progress
from segladder.report.records.measured import Measured, Number, number_of
from segladder.report.records.older import chosen, method_of_config, with_methods
from segladder.report.records.run import Run
from segladder.runs.atomic import write_atomic
from segladder.runs.code import fingerprint
from segladder.runs.comparable import pretrained_of, protocol_of
from segladder.runs.folder import RunFolder
from segladder.runs.identity import NEUTRAL
from segladder.runs.record import Record, read
from segladder.runs.tidy.listing import run_folders, status_of
from segladder.types import UserError

INDEX = ".report-index.json"
_NOT_SETTINGS = ("data", "study", "experiment", "debug", "logger", "callbacks", "runtime", "metric", "task")
"""Config groups that do not tell one method from another: what they change shows elsewhere."""


_KEPT = tuple(entry.name for entry in fields(Run) if entry.name != "path")
"""What the index has of a run."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What lies in a folder."""

    runs: list[Run]
    left_out: dict[str, str]
    """Folder -> why its record cannot be read."""


def read_runs(root: Path) -> Found:
    """Every run at or below `root`, in the order of paths.

    Raises:
        UserError: there is no such folder, or no run in it.
    """
    folders = run_folders(root)
    if not folders:
        raise UserError(
            f"There are no runs in '{root}'. Give the folder that runs lie in, as paths.outputs named it, or train"
            " first: python train.py -m study=loss_ablation."
        )
    known = _known(root)
    runs: list[Run] = []
    left_out: dict[str, str] = {}
    kept: dict[str, Any] = {}
    for folder in with_progress(folders, len(folders), "reading runs"):
        place = os.path.relpath(folder.path, root)
        seen = [*_look(folder.result), *_look(folder.config)]
        entry = known.get(place)
        if entry is not None and entry["seen"] == seen and entry["run"]["status"] != "running":
            run = _run_of(entry["run"], folder)
        else:
            try:
                run = _facts(read(folder.result), folder)
            except UserError as error:
                left_out[str(folder.path)] = str(error)
                continue
            entry = {"seen": seen, "run": {name: getattr(run, name) for name in _KEPT}}
        kept[place] = entry
        runs.append(run)
    if any(known.get(place) is not entry for place, entry in kept.items()) or len(kept) != len(known):
        with suppress(UserError):  # a folder that cannot be written can be reported on all the same
            write_atomic(root / INDEX, json.dumps({"code": fingerprint(), "runs": kept}))
    return Found(runs=with_methods(runs), left_out=left_out)


def _known(root: Path) -> dict[str, Any]:
    try:
        content = json.loads((root / INDEX).read_bytes())
        return dict(content["runs"]) if content["code"] == fingerprint() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none yet, or damaged: all it could do is save time


def _run_of(values: Mapping[str, Any], folder: RunFolder) -> Run:
    lists = {key: tuple(values[key]) for key in ("classes", "pretrained") if values[key] is not None}
    return Run(**(dict(values) | lists), path=str(folder.path))


def _look(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


def _facts(record: Record, folder: RunFolder) -> Run:
    method, protocol, shared, state = record.method, record.protocol, "", ""
    pretrained = record.model.get("pretrained")
    if not (method and protocol) and record.parent is None and record.seed is not None:
        # an older record: the configuration beside it says the rest
        config = _config(folder)
        if not method:
            shared = chosen(record)
            method, state = method_of_config(record, config)
        if config:
            protocol = protocol or protocol_of(config)
            pretrained = pretrained_of(config) if pretrained is None else pretrained
    info = record.data.get("info")
    environment, code = record.environment, record.code
    measured = Measured(record, folder)
    devices = environment.get("devices")
    return Run(
        path=str(folder.path),
        study=folder.path.resolve().parent.name,
        name=record.name,
        id=record.id,
        parent=record.parent,
        method=method,
        chosen=shared,
        config=state,
        method_known="",
        status=status_of(record),
        reason=str((record.error or {}).get("message") or ""),
        task=record.task,
        seed=record.seed,
        created=record.created,
        settings=settings_of(record.choices, record.overrides) | _limit(record),
        metric=str(record.monitor.get("name") or ""),
        minimised=record.monitor.get("mode") == "min",
        scores=_numbers(record.scores),
        per_class=record.per_class,
        data=str(record.data.get("name") or record.choices.get("data") or ""),
        classes=tuple(map(str, info.get("classes") or ())) if isinstance(info, dict) else (),
        hashes=_texts(record.data.get("hashes")),
        labels=_texts(record.data.get("labels")),
        splits=_texts(record.data.get("splits")),
        counts=_whole(record.data.get("counts")),
        skipped=_whole(_mapping(record.data.get("skipped")).get("counts")),
        protocol=protocol,
        pretrained=measured.names("model.pretrained", pretrained),
        steps=measured.count("time.optimizer_steps"),
        parameters=measured.amount("model.parameters"),
        flops=measured.amount("model.flops"),
        latency_ms=measured.amount("model.latency_ms"),
        images_per_second=measured.amount("time.images_per_second"),
        hours=_hours(measured.amount("time.fit")),
        memory=measured.amount("memory.peak_device") or measured.amount("memory.peak_host"),
        devices=", ".join(map(str, devices)) if isinstance(devices, list) and devices else str(environment.get("cpu")),
        host=str(environment.get("host") or ""),
        fingerprint=str(code.get("fingerprint") or ""),
        commit=str(code.get("commit") or ""),
        dirty=bool(code.get("dirty")),
        senseless=measured.senseless,
    )


def _limit(record: Record) -> dict[str, str]:
    """The longest time of training, where that is the run's budget: a preset may set it without a word typed."""
    limit = record.time.get("max_time")
    return {} if limit is None else {"trainer.max_time": str(limit)}


def settings_of(choices: Mapping[str, str | None], overrides: Iterable[str]) -> dict[str, str]:
    """What was chosen and typed, but for the seed, the data and what decides no result."""
    found = {group: str(choice) for group, choice in choices.items() if choice and group not in _NOT_SETTINGS}
    for word in overrides:
        key, equals, value = word.partition("=")
        key = key.lstrip("+~").partition("@")[0]
        if not equals or key in choices or key == "seed" or _starts(key, (*NEUTRAL, *_NOT_SETTINGS)):
            continue
        found[key] = value
    return found


def _starts(key: str, beginnings: Iterable[str]) -> bool:
    # a key below data, such as data.fraction, does tell methods apart; the group itself does not
    return any(key == start or (key.startswith(f"{start}.") and start != "data") for start in beginnings)


def _config(folder: RunFolder) -> dict[str, Any]:
    try:
        content = yaml.load(folder.config.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> dict[str, int]:
    return {str(key): count for key, count in _mapping(value).items() if isinstance(count, int)}


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in _mapping(value).items() if text is not None}


def _numbers(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Number]]:
    return {split: {name: number_of(value) for name, value in found.items()} for split, found in scores.items()}


def _hours(seconds: Number) -> Number:
    return None if seconds is None else seconds / 3600
