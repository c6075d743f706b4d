"""Run folders as runs leave them, made without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segladder.runs.folder import RunFolder, next_folder
from segladder.runs.record import Record, write


def run_id(digits: str) -> str:
    """An id that begins so."""
    return digits + "e" * (64 - len(digits))


def leave(
    root: Path,
    digits: str = "0123abcd",
    status: str = "finished",
    *,
    study: str | None = "study",
    name: str = "a",
    val: float | None = None,
    bare: bool = False,
    **fields: Any,
) -> RunFolder:
    """One attempt at the run whose id begins with `digits`; with both checkpoints, unless it is bare."""
    folder = next_folder(root, study, name, run_id(digits)).create()
    monitor = {"name": "miou", "mode": "max", "value": val}
    scores = {} if val is None else {"val": {"miou": val, "dice": val}, "test": {"miou": val - 0.01, "dice": None}}
    write(
        Record(id=run_id(digits), name=name, status=status, **({"monitor": monitor, "scores": scores} | fields)),
        folder.result,
    )
    if not bare:
        folder.metrics.write_text("step,loss\n1,0.5\n")
        folder.best.write_bytes(b"b" * 1000)
        folder.last.write_bytes(b"l" * 3000)
        folder.log.write_text("".join(f"line {number}\n" for number in range(30)))
    return folder


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder with what it holds."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
