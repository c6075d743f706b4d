"""What a pruning would do, or has done, for the person who asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from segladder.launchers.show.columns import Column, encodable, laid_out, one_line
from segladder.runs.storage import size_text
from segladder.runs.tidy.removal import Removal

_KINDS: tuple[Literal["run", "checkpoint", "leftover"], ...] = ("run", "checkpoint", "leftover")


def planned(removals: Sequence[Removal], root: Path, *, width: int | None = None) -> str:
    """What would go and what that frees.

    Args:
        removals: the plan.
        root: the folder that is tidied.
        width: of the terminal; None: as wide as need be.
    """
    if not removals:
        return encodable(f"Nothing in '{root}' is to be removed.")
    lines = _table(removals, root, width)
    frees = size_text(sum(removal.bytes for removal in removals))
    last = f"This would remove {_counts(removals)} and free {frees}. Nothing was touched: yes=true does it."
    return "\n".join(encodable(line) for line in [*lines, "", last])


def removed(done: Sequence[tuple[Removal, str]], root: Path, *, width: int | None = None) -> str:
    """What went and what did not.

    Args:
        done: as `remove` tells it.
        root: the folder that was tidied.
        width: of the terminal; None: as wide as need be.
    """
    gone = [removal for removal, why in done if not why]
    stayed = [f"Left alone: {one_line(why)}" for _, why in done if why]
    lines = _table(gone, root, width)
    frees = size_text(sum(removal.bytes for removal in gone))
    last = f"Removed {_counts(gone)}: {frees} freed." if gone else "Nothing was removed."
    return "\n".join(encodable(line) for line in [*lines, *([""] if lines else []), *stayed, last])


def _table(removals: Sequence[Removal], root: Path, width: int | None) -> list[str]:
    if not removals:
        return []
    paths = [r.path.relative_to(root) if r.path.is_relative_to(root) else r.path for r in removals]
    names = [
        one_line(removal.path if str(path) == "." else path) for path, removal in zip(paths, removals, strict=True)
    ]
    columns = [
        Column(title="folder or file", cells=names, gives=2, least=24, keeps_end=True),
        Column(title="size", cells=[size_text(removal.bytes) for removal in removals], right=True),
        Column(title="why", cells=[one_line(removal.why) for removal in removals], gives=1, least=12),
    ]
    return laid_out(columns, width=width)


def _counts(removals: Sequence[Removal]) -> str:
    counts = Counter(removal.kind for removal in removals)
    return ", ".join(f"{counts[kind]:,} {kind}{'s' if counts[kind] > 1 else ''}" for kind in _KINDS if counts[kind])
