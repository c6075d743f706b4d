"""One run in full, for a terminal: how it ended, how to start it again, what came out, and where it ran."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from segladder.commands.run_table import local
from segladder.config.words import unquoted
from segladder.launchers.show.columns import Column, encodable, laid_out, one_line
from segladder.launchers.show.estimate import duration
from segladder.runs.folder import RunFolder
from segladder.runs.identity import short
from segladder.runs.lock import lock_state
from segladder.runs.record import Record, read
from segladder.runs.storage import size_text
from segladder.runs.tidy.by_id import attempts_beside
from segladder.runs.tidy.listing import size_of, status_of

_TAIL = 15
"""Lines of the log that are shown below an error."""

_TAIL_BYTES = 64_000
_INDENT = "  "

_MEASURES = ("iou", "mask_ap", "box_ap", "dice", "accuracy", "precision", "boundary_f1", "boundary_iou", "share")
"""Of what is known of each class, in this order."""

_FILLED_IN = ("sweep.varying", "sweep.search")
_OF_SWEEPS = (*_FILLED_IN, "sweep.retry", "sweep.fail_fast", "sweep.time_limit")
"""Words that say nothing in a single run."""

_PACKAGES = ("segladder", "torch", "pytorch-lightning")


def page_of(folder: RunFolder, *, width: int | None = None) -> str:
    """All that its record and folder tell.

    Args:
        folder: the run's.
        width: of the terminal, which tables do not exceed. None: as wide as need be.

    Raises:
        UserError: the record cannot be read.
    """
    record = read(folder.result)
    width = None if width is None else width - len(_INDENT)
    sections = [
        _head(record, folder),
        _scores(record, width),
        _classes(record, width),
        _titled("Data", _pairs(_data(record))),
        _titled("Model and time", _pairs(_effort(record))),
        _titled("Environment", _pairs(_environment(record))),
        _titled("Files", _pairs(_files(record, folder))),
        _error(record, folder),
        _attempts(folder, width),
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections if lines)
    return "\n".join(encodable(line) for line in text.splitlines())


def command_of(record: Record) -> str:
    """The line for a shell that asks for this very run again.

    A job of a sweep is a run like any other and is started without `-m`, unless a `study=` is among its words, which
    only a sweep takes.
    """
    words = [str(word) for word in record.overrides]
    sweep = any(word.startswith("study=") for word in words)
    idle = _FILLED_IN if sweep else _OF_SWEEPS
    quoted = " ".join(shlex.quote(unquoted(word)) for word in words if word.partition("=")[0].lstrip("+") not in idle)
    if record.parent is not None or any(word.startswith(("run=", "predictions")) for word in words):
        return f"segladder evaluate {quoted}".rstrip()
    return f"segladder train{' -m' if sweep else ''} {quoted}".rstrip()


def _head(record: Record, folder: RunFolder) -> list[str]:
    state = lock_state(folder.lock)
    status = status_of(record)
    if state.kind == "alive":
        status += f" ({state.owner or 'another process'} is at it)"
    elif record.status == "running":
        where = f", which was {state.owner}," if state.owner else ""
        status += f" (its process{where} is gone; the same command again goes on from its last checkpoint)"
    pairs = [
        ("status", status),
        ("folder", folder.path),
        ("command", command_of(record)),
        ("varies in", _varying(folder)),
        ("created", local(record.created) if record.created else None),
        ("updated", local(record.updated) if record.updated else None),
        ("evaluates", f"run {short(record.parent)}" if record.parent else None),
    ]
    return _titled(f"{one_line(record.name)}  {short(record.id)}", _pairs(pairs))


def _varying(folder: RunFolder) -> str | None:
    """The keys in which the jobs of its sweep differed."""
    try:
        config = yaml.safe_load(folder.config.read_text(encoding="utf-8"))
        varying = config["sweep"]["varying"]
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return None
    return ", ".join(map(str, varying)) if isinstance(varying, list) else None


def _scores(record: Record, width: int | None) -> list[str]:
    splits = [split for split in ("train", "val", "test") if record.scores.get(split)]
    names = list(dict.fromkeys(name for split in splits for name in record.scores[split]))
    if not names:
        return []
    monitored = record.monitor.get("name")
    shown = [f"{name} (monitored)" if name == monitored else name for name in names]
    columns = [Column(title="", cells=shown, gives=1, least=8)]
    columns += [_numbers(split, [record.scores[split].get(name) for name in names]) for split in splits]
    epoch = record.monitor.get("epoch")
    best = f", best checkpoint of epoch {epoch}" if epoch is not None else ""
    return _titled(f"Scores{best}", laid_out(columns, width=width))


def _classes(record: Record, width: int | None) -> list[str]:
    split = next((split for split in ("test", "val", "train") if record.per_class.get(split)), None)
    if split is None:
        return []
    measures = record.per_class[split]
    kept = [name for name in _MEASURES if name in measures] or list(measures)
    classes = list(dict.fromkeys(name for measure in kept for name in measures[measure]))
    columns = [Column(title="", cells=[one_line(name) for name in classes], gives=9, least=8)]
    for place, measure in enumerate(kept):
        column = _numbers(measure, [measures[measure].get(name) for name in classes])
        # the last ones give way first
        column.gives, column.vanishes = (8 - place, True) if place else (0, False)
        columns.append(column)
    return _titled(f"Classes on {split}", laid_out(columns, width=width))


def _data(record: Record) -> Iterator[tuple[str, Any]]:
    data = record.data
    yield "name", data.get("name")
    yield "root", data.get("root")
    hashes, parts = _mapping(data.get("hashes")), _mapping(data.get("part"))
    for split, count in _mapping(data.get("counts")).items():
        part = _mapping(parts.get(split))
        notes = [f"data.{key}={value}" for key, value in part.items() if key not in ("of", "shown")]
        notes += [f"hash {str(hashes[split])[:12]}"] if hashes.get(split) else []
        known = f" ({', '.join(notes)})" if notes else ""
        of = f" of {part['of']:,}" if isinstance(part.get("of"), int) and part["of"] != count else ""
        yield str(split), f"{count:,}{of} samples{known}" if isinstance(count, int) else count
    left_out = _mapping(_mapping(data.get("skipped")).get("counts"))
    yield "not readable", ", ".join(f"{count} of {split}" for split, count in left_out.items()) or None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _effort(record: Record) -> Iterator[tuple[str, Any]]:
    yield "choices", ", ".join(f"{group}={choice}" for group, choice in record.choices.items() if choice) or None
    yield "parameters", _whole(record.model.get("parameters"))
    flops = record.model.get("flops")
    yield "GFLOP", f"{flops / 1e9:,.2f} per image" if isinstance(flops, int | float) else None
    times = {key: record.time.get(key) for key in ("startup", "prepare", "fit", "evaluate", "total")}
    numbers = {key: value for key, value in times.items() if isinstance(value, int | float)}
    if numbers.get("prepare", 1) < 1:
        del numbers["prepare"]
    parts = [f"{key} {duration(value)}" for key, value in numbers.items()]
    yield "time", ", ".join(parts) + (", resumed" if record.time.get("resumed") else "") if parts else None
    speed, wait = record.time.get("images_per_second"), record.time.get("data_wait")
    if isinstance(speed, int | float):
        waiting = f", {wait:.0%} of it waiting for data" if isinstance(wait, int | float) else ""
        yield "speed", f"{speed:,.0f} images/s{waiting}"
    for key, title in (("peak_host", "memory"), ("peak_device", "GPU memory")):
        peak = record.memory.get(key)
        yield title, f"{size_text(peak)} at most" if isinstance(peak, int | float) else None


def _environment(record: Record) -> Iterator[tuple[str, Any]]:
    told = record.environment
    yield "host", told.get("host")
    yield "cpu", f"{told['cpu']}, {told.get('cores')} cores" if told.get("cpu") else None
    devices = told.get("devices")
    names = [str(d.get("name", d) if isinstance(d, Mapping) else d) for d in devices or []]
    yield "devices", ", ".join(names) or None
    yield "processes", told.get("world_size")
    yield "threads", told.get("threads")
    versions = told.get("versions")
    known = versions if isinstance(versions, Mapping) else {}
    packages = [f"{name} {known[name]}" for name in _PACKAGES if known.get(name)]
    python = [f"Python {told['python']}"] if told.get("python") else []
    yield "versions", ", ".join(python + packages) or None
    code = record.code
    dirty = " with uncommitted changes" if code.get("dirty") else ""
    yield "commit", f"{str(code['commit'])[:12]}{dirty}" if code.get("commit") else None
    yield "code", f"fingerprint {str(code['fingerprint'])[:12]}" if code.get("fingerprint") else None
    yield "W&B", f"{record.wandb['id']} ({record.wandb.get('mode')})" if record.wandb.get("id") else None


def _files(record: Record, folder: RunFolder) -> Iterator[tuple[str, Any]]:
    yield "total", size_text(size_of(folder.path))
    for kind in ("best", "last"):
        file: Path = getattr(folder, kind)
        if file.is_file():
            yield file.name, size_text(file.stat().st_size)
        elif kind in record.checkpoints:
            yield file.name, "gone"
    for part in (folder.pictures, folder.wandb):
        if taken := size_of(part):
            yield f"{part.name}/", size_text(taken)


def _error(record: Record, folder: RunFolder) -> list[str]:
    if not record.error and record.status in ("finished", "running", "pruned"):
        return []
    error = record.error or {}
    said = ": ".join(one_line(error[key]) for key in ("type", "message") if error.get(key))
    lines = [said or "The record does not say why it ended."]
    kept = error.get("log")
    for name, tail in ((folder.log.name, _tail(folder.log)), ("what its process wrote", kept)):
        if isinstance(tail, list) and tail:
            lines += [f"The end of {name}:", *(f"| {line}" for line in tail[-_TAIL:])]
    return _titled("Error", lines)


def _tail(log: Path) -> list[str]:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            text = file.read().decode("utf-8", "backslashreplace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines[-_TAIL:]]


def _attempts(folder: RunFolder, width: int | None) -> list[str]:
    """The other attempts at the same run, where there are any."""
    found = attempts_beside(folder)
    if len(found) < 2:
        return []
    names = [line.folder.path.name + (" (this one)" if line.folder == folder else "") for line in found]
    columns = [
        Column(title="", cells=names, gives=1, least=16, keeps_end=True),
        Column(title="status", cells=[line.status for line in found]),
        _numbers("val", [line.val for line in found]),
        _numbers("test", [line.test for line in found]),
        Column(title="created", cells=[local(line.created) for line in found], gives=2, vanishes=True),
    ]
    return _titled("Attempts at this run", laid_out(columns, width=width))


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(_INDENT + line for line in lines)] if lines else []


def _pairs(pairs: Any) -> list[str]:
    told = [(name, one_line(value)) for name, value in pairs if value not in (None, "")]
    room = max((len(name) for name, _ in told), default=0)
    return [f"{name.ljust(room)}  {value}" for name, value in told]


def _numbers(title: str, values: Sequence[Any]) -> Column:
    cells = ["" if value is None else f"{value:.4f}" for value in values]
    return Column(title=title, cells=cells, right=True)


def _whole(value: Any) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None
