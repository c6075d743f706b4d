"""The text of `--help`: what can be chosen, read from the config folders themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

_FIRST = (
    ("loss/term", "Loss terms", "loss=dice+ce, loss=0.5*dice+ce, -m loss=ce,dice,dice+ce"),
    ("model", "Models", "model=NAME"),
    ("backbone", "Backbones", "backbone=NAME"),
    ("data", "Data sets", "data=NAME"),
    ("experiment", "Presets", "experiment=NAME"),
    ("study", "Studies", "study=NAME"),
)
_HIDDEN = ("hydra",)


def render_help(config_dirs: Sequence[Path | str], *, width: int = 100) -> str:
    """The choices of every config group, with the first comment of each file.

    Args:
        config_dirs: folders in the order of the search path, the user's own among them; the first that has a
            file wins, as in Hydra.
        width: columns to fill.
    """
    groups = _groups([Path(folder) for folder in config_dirs])
    sections = []
    for group, title, usage in _FIRST:
        if group in groups:
            sections.append(_section(f"{title} ({usage})", groups.pop(group), width))
    for group, choices in sorted(groups.items()):
        sections.append(_section(f"{group}=NAME", choices, width))
    return "\n\n".join(sections)


def description(file: Path) -> str:
    """The first line of comment of a YAML file, as one sentence without its mark; empty where there is none.

    Hydra's headers (`# @package _global_`) are skipped.
    """
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            text = line.strip()
            if text and not text.startswith("#"):
                return ""
            text = text.lstrip("#").strip()
            if text and not text.startswith("@"):
                return text
    return ""


def _groups(folders: Iterable[Path]) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.yaml")):
            group = file.parent.relative_to(folder).as_posix()
            if group == "." or group.split("/")[0] in _HIDDEN or any(p.startswith(".") for p in group.split("/")):
                continue
            groups.setdefault(group, {}).setdefault(file.stem, description(file))
    return groups


def _section(title: str, choices: dict[str, str], width: int) -> str:
    column = min(max(len(name) for name in choices), 24)
    lines = [title]
    for name, text in sorted(choices.items()):
        head = f"  {name.ljust(column)}"
        lines.append(f"{head}  {textwrap.shorten(text, max(20, width - len(head) - 2), placeholder=' …')}".rstrip())
    return "\n".join(lines)
