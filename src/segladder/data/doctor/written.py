"""The check as `check.json`, for programs; the format is described in docs/data.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from segladder.data.doctor.checkup import Checkup, Holds, Sizes
from segladder.data.doctor.findings import Finding, Group

SCHEMA = 1

_LISTED = 1000
"""Findings of one kind that the file lists; `count` counts them all."""


def verdict(checkup: Checkup) -> str:
    """`error`, `warning` or `clean`."""
    return "error" if checkup.errors else "warning" if checkup.warnings else "clean"


def content(checkup: Checkup) -> dict[str, Any]:
    """What `check.json` says."""
    survey = checkup.survey
    return {
        "schema": SCHEMA,
        "verdict": verdict(checkup),
        "errors": checkup.errors,
        "warnings": checkup.warnings,
        "data": {
            "name": survey.name,
            "root": None if survey.root is None else str(survey.root),
            "classes": list(survey.info.classes),
        },
        "images": checkup.images,
        "seconds": round(checkup.seconds, 3),
        "findings": [_group(group) for group in checkup.groups],
        "splits": {name: _holds(holds, survey.info.classes) for name, holds in checkup.holds.items()},
        "notes": list(survey.notes),
        "error": None,
    }


def write_json(checkup: Checkup, path: Path) -> None:
    """Writes `check.json`."""
    _write(content(checkup), path)


def write_error(sentence: str, path: Path, *, name: str, root: str | Path | None) -> None:
    """Writes the `check.json` of a check that could not be made.

    Args:
        sentence: why.
        path: the file.
        name: of the data set.
        root: where it lies.
    """
    data: dict[str, Any] = {"name": name, "root": None if root is None else str(root), "classes": []}
    told: dict[str, Any] = {"schema": SCHEMA, "verdict": "error", "errors": 1, "warnings": 0, "data": data}
    told |= {"images": 0, "seconds": 0.0, "findings": [], "splits": {}, "notes": [], "error": sentence}
    _write(told, path)


def root_of(path: Path) -> str | None:
    """The data set's folder by its `check.json`; None where the file does not say."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["data"]["root"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if isinstance(told, str) else None


def _write(told: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(told, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


def _group(group: Group) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "severity": group.severity,
        "what": group.title,
        "count": group.count,
        "todo": group.todo,
        "files": [_finding(finding) for finding in group.findings[:_LISTED]],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"split": finding.split, "file": finding.file, "what": finding.what}


def _holds(holds: Holds, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "images": holds.images,
        "readable": holds.readable,
        "labelled": holds.labelled,
        "pixels": {name: int(count) for name, count in zip(classes, holds.pixels, strict=True)},
        "ignored": holds.ignored,
        "unknown": holds.unknown,
        "sizes": None if holds.sizes is None else _sizes(holds.sizes),
    }


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "least": list(sizes.least),
        "median": list(sizes.median),
        "most": list(sizes.most),
        "distinct": sizes.distinct,
    }
