"""The record of a run, `result.json`: a public, versioned format, described in docs/result-format.md."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Literal, get_args

from segladder.runs.atomic import write_atomic
from segladder.runs.lock import lock_state
from segladder.types import UserError

SCHEMA = 1
"""The version written; an older one is understood, a newer one refused."""

Status = Literal["running", "finished", "interrupted", "failed", "pruned", "timeout"]


class NewerRecordError(UserError):
    """A record written by a newer version than this one."""


@dataclass(kw_only=True)
class Record:
    """What stays of a run. Scores are fractions in [0, 1], times seconds, sizes bytes; None if undefined."""

    schema: int = SCHEMA
    id: str
    """64 hexadecimal digits, see `identity.py`; all repeats of a run share it."""
    name: str
    parent: str | None = None
    """Id of the run that this record evaluates; such a record is never a seed of its own."""
    method: str = ""
    """64 hexadecimal digits that all seeds of a method share, see `comparable.py`; "" where it is not known."""
    status: Status = "running"
    task: str = ""
    seed: int | None = None
    created: str = ""
    """When the run began, ISO 8601 in UTC."""
    updated: str = ""
    """When the record was last written."""
    choices: dict[str, str | None] = field(default_factory=dict)
    """Config group -> choice, the loss in its canonical form."""
    overrides: list[str] = field(default_factory=list)
    monitor: dict[str, Any] = field(default_factory=dict)
    """`name`, `value`, `epoch` of the best checkpoint."""
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """Split -> metric -> value."""
    per_class: dict[str, dict[str, dict[str, float | None]]] = field(default_factory=dict)
    """Split -> measure -> class -> value."""
    protocol: dict[str, Any] = field(default_factory=dict)
    """How the scores come about, see `comparable.py`."""
    data: dict[str, Any] = field(default_factory=dict)
    """`name`, `hashes` and `counts` by split."""
    model: dict[str, Any] = field(default_factory=dict)
    """`parameters`, `flops`; `pretrained`, the weights that training began with."""
    time: dict[str, Any] = field(default_factory=dict)
    """`startup`, `prepare`, `fit`, `evaluate`, `total` in seconds; `images_per_second`; `data_wait`, a share;
    `optimizer_steps`."""
    memory: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    """As from `environment.py`, and `world_size`."""
    code: dict[str, Any] = field(default_factory=dict)
    """`commit`, `dirty`, `fingerprint`."""
    checkpoints: dict[str, str | None] = field(default_factory=dict)
    """`best` and `last`, relative to the run folder."""
    wandb: dict[str, Any] = field(default_factory=dict)
    """`id`, `mode`."""
    error: dict[str, Any] | None = None
    """`type` and `message` of what ended a failed run."""
    unknown: dict[str, Any] = field(default_factory=dict)
    """Keys that this version does not know, written back as they were read."""
    path: Path | None = field(default=None, compare=False)
    """The file that the record was read from; not part of it."""

    def to_json(self) -> dict[str, Any]:
        """The record as plain values, in the order of the file.

        Raises:
            TypeError: a value is neither plain nor a number of NumPy or torch.
        """
        values = {name: getattr(self, name) for name in _NAMES}
        return {key: plain(value, key) for key, value in (values | self.unknown).items()}

    def effective_status(self) -> Status:
        """The status, where a `running` whose process is gone reads as `interrupted`."""
        if self.status == "running" and self.path is not None:
            return "running" if lock_state(self.path.with_name("lock")).kind == "alive" else "interrupted"
        return self.status

    def score(self, metric: str, *, split: str = "test") -> float:
        """One score; NaN where it is undefined or was not taken."""
        value = self.scores.get(split, {}).get(metric)
        return math.nan if value is None else float(value)


_NAMES = tuple(entry.name for entry in fields(Record) if entry.name not in ("unknown", "path"))
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "name", "method", "task", "created", "updated"), (str,)),
    "parent": (str, type(None)),
    "seed": (int, type(None)),
    "overrides": (list,),
    "error": (dict, type(None)),
}
"""What a field must be; all others are mappings."""


def read(path: Path) -> Record:
    """Read a record.

    Args:
        path: `result.json`, or the run folder that holds it.

    Raises:
        NewerRecordError: a newer segladder wrote it.
        UserError: there is none, or it was cut short or edited into something else.
    """
    path = Path(path)
    path = path / "result.json" if path.is_dir() else path
    try:
        data = json.loads(path.read_bytes().decode("utf-8"), parse_constant=lambda _: None)
    except FileNotFoundError as error:
        raise UserError(f"There is no record '{path}'. Point at a run folder, which holds a result.json.") from error
    except OSError as error:
        raise UserError(f"The record '{path}' cannot be read: {error.strerror}. Check its permissions.") from error
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise _damaged(path, f"is not valid JSON{where}") from error
    return _checked(data, path)


def write(record: Record, path: Path) -> None:
    """Write a record whole or not at all, with `updated` set to now; NaN and infinities become null.

    Raises:
        UserError: the disk is full or refuses.
    """
    record.updated = now()
    record.created = record.created or record.updated
    record.path = Path(path)
    content = record.to_json()
    try:
        data = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        # A file name that is no valid text: kept through JSON's own escapes.
        data = json.dumps(content, indent=2, ensure_ascii=True, allow_nan=False).encode("ascii")
    write_atomic(record.path, data + b"\n")


def update(path: Path, **changes: Any) -> Record:
    """Read a record, change some of its fields, and write it back with everything else as it was.

    Raises:
        AttributeError: a field does not exist.
        UserError: the record cannot be read or written.
    """
    record = read(path)
    for name, value in changes.items():
        if name not in _NAMES:
            raise AttributeError(f"A record has no field '{name}'; it has {', '.join(_NAMES)}.")
        setattr(record, name, value)
    assert record.path is not None
    write(record, record.path)
    return record


def now() -> str:
    """The present moment as records write it, ISO 8601 in UTC to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def plain(value: Any, where: str = "value") -> Any:
    """A value as JSON can hold it: numbers of NumPy and torch become Python's, NaN and infinities None.

    Raises:
        TypeError: it is something else; `where` is named.
    """
    if value is None or isinstance(value, (bool, str)):
        return str(value.value) if isinstance(value, Enum) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(below, f"{where}.{key}") for key, below in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [plain(below, f"{where}[{index}]") for index, below in enumerate(items)]
    if isinstance(value, PurePath):
        return str(value)
    # Arrays and tensors of any library, and OmegaConf's lists, without importing one of them.
    if hasattr(value, "tolist"):
        return plain(value.tolist(), where)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return plain(list(value), where)
    raise TypeError(f"'{where}' is a {type(value).__name__}, which a record cannot hold.")


def _checked(data: Any, path: Path) -> Record:
    if not isinstance(data, dict):
        raise _damaged(path, "holds no JSON object")
    schema = data.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise _damaged(path, "has no 'schema'")
    if schema > SCHEMA:
        raise NewerRecordError(
            f"The record '{path}' has schema {schema}, and this segladder reads up to {SCHEMA}."
            f" Update segladder to read it."
        )
    for key in ("id", "name", "status"):
        if key not in data:
            raise _damaged(path, f"has no '{key}'")
    if data["status"] not in get_args(Status):
        raise _damaged(path, f"has the status {data['status']!r}, which is none of {', '.join(get_args(Status))}")
    for key in data.keys() & set(_NAMES) - {"schema", "status"}:
        if not isinstance(data[key], _KINDS.get(key, (dict,))) or isinstance(data[key], bool):
            raise _damaged(path, f"has a {type(data[key]).__name__} at '{key}'")
    for key, depth in (("scores", 2), ("per_class", 3)):
        if not _numbers(data.get(key, {}), depth):
            raise _damaged(path, f"has something else than numbers at '{key}'")
    known = {key: value for key, value in data.items() if key in _NAMES}
    unknown = {key: value for key, value in data.items() if key not in _NAMES}
    return Record(**known, unknown=unknown, path=path)


def _numbers(node: Any, depth: int) -> bool:
    if depth == 0:
        return node is None or (isinstance(node, (int, float)) and not isinstance(node, bool))
    return isinstance(node, dict) and all(_numbers(below, depth - 1) for below in node.values())


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"The record '{path}' {why}: it was cut short or edited."
        f" Restore it, or move its folder away and run the same command again."
    )
