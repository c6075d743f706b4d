"""A split file, line by line: what other tools stumble over, and what is listed twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segladder.data.doctor.findings import Finding

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """An entry of a split file."""

    number: int
    text: str


def read_split_file(path: Path, *, split: str, file: str) -> tuple[list[Line], list[Finding]]:
    """Its entries, stripped, and what is wrong with the file.

    Args:
        path: the file.
        split: whose list it is.
        file: what it is called in findings.
    """
    raw = path.read_bytes()
    lines = raw.removeprefix(_BOM).decode("utf-8", errors="replace").splitlines(keepends=True)
    bodies = [line.rstrip("\r\n") for line in lines]
    windows = [number for number, line in enumerate(lines, 1) if line.endswith("\r\n")]
    blank = [number for number, body in enumerate(bodies, 1) if not body.strip()]
    spaced = [number for number, body in enumerate(bodies, 1) if body.strip() and body != body.strip()]
    faults = ["a byte order mark at its start"] if raw.startswith(_BOM) else []
    faults += [
        f"{what} in {_lines(numbers)}"
        for what, numbers in (
            ("Windows line ends (CRLF)", windows),
            ("nothing", blank),
            ("spaces around the name", spaced),
        )
        if numbers
    ]
    told = [Finding(kind="split-file", file=file, what="; ".join(faults), split=split)] if faults else []
    return [Line(number, body.strip()) for number, body in enumerate(bodies, 1) if body.strip()], told


def _lines(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"{len(numbers):,} lines, the first of them line {numbers[0]}"
