"""Bars for the terminal: a row per class with its IoU, Dice, pixel count and share of the truth, with its AP or PQ."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from segladder.viz.score_names import score_name

if TYPE_CHECKING:
    from rich.console import Group

_EIGHTHS = " ▏▎▍▌▋▊▉█"

DRAWN = f"{_EIGHTHS}–·─"
"""All characters of a report beside its words."""


def bar(value: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar of `width` characters, filled by `value` in [0, 1]; NaN gives an empty one."""
    value = 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
    if ascii_only:
        return ("#" * round(value * width)).ljust(width, ".")
    full, part = divmod(round(value * width * 8), 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def class_bars(
    classes: Sequence[str],
    iou: Sequence[float],
    dice: Sequence[float],
    pixels: Sequence[int],
    *,
    title: str = "",
    note: str = "",
    scores: Mapping[str, float] | None = None,
    width: int = 100,
    ascii_only: bool = False,
) -> Group:
    """The report as a rich table with a line below.

    Args:
        classes: class names.
        iou: of each class over the data set, in [0, 1]; NaN where it appears in neither truth nor prediction.
        dice: likewise.
        pixels: pixels of each class in the truth.
        title: one line above.
        note: one line between table and scores.
        scores: data-set numbers side by side in the line below, e.g. pixel accuracy, mIoU, Dice, in [0, 1].
        width: of the terminal in characters; the bars give way first.
        ascii_only: draw with ASCII alone, for a terminal that cannot encode blocks; class names keep `?` for
            what it lacks.

    Raises:
        ValueError: the sequences differ in length.
    """
    none = "-" if ascii_only else "–"
    total = sum(pixels)
    columns = {
        "Dice": [_fraction(value, none) for value in dice],
        "pixels": [f"{count:,}" for count in pixels],
        "share": [_percent(count / total) if total else none for count in pixels],
    }
    return _bars(
        classes, ("IoU", iou), columns, title=title, note=note, scores=scores, width=width, ascii_only=ascii_only
    )


def object_bars(
    classes: Sequence[str],
    measures: Mapping[str, Sequence[float]],
    counts: Sequence[int],
    *,
    counted: str = "objects",
    title: str = "",
    note: str = "",
    scores: Mapping[str, float] | None = None,
    width: int = 100,
    ascii_only: bool = False,
) -> Group:
    """The report on found objects or segments as a rich table with a line below.

    Args:
        classes: names of the classes.
        measures: name -> one value per class in [0, 1], NaN where undefined; the first has the bars.
        counts: objects of each class in the truth, or pixels.
        counted: what these are of.
        title: one line above.
        note: one line between table and scores.
        scores: data-set numbers side by side in the line below, in [0, 1].
        width: of the terminal in characters; the bars give way first.
        ascii_only: see `class_bars`.
    """
    none = "-" if ascii_only else "–"
    (first, values), *rest = measures.items()
    columns = {score_name(name): [_fraction(v, none) for v in numbers] for name, numbers in rest}
    columns[counted] = [f"{count:,}" for count in counts]
    main = (score_name(first), values)
    return _bars(classes, main, columns, title=title, note=note, scores=scores, width=width, ascii_only=ascii_only)


def _bars(
    classes: Sequence[str],
    main: tuple[str, Sequence[float]],
    columns: Mapping[str, Sequence[str]],
    *,
    title: str,
    note: str,
    scores: Mapping[str, float] | None,
    width: int,
    ascii_only: bool,
) -> Group:
    """A table with a row per class: its name, a bar for the main measure, the other columns; note and scores below."""
    from rich import box
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    bar_width = _bar_width(width)
    none = "-" if ascii_only else "–"
    table = Table(
        title=escape(title) or None,
        title_justify="left",
        title_style="bold",
        box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD,
        pad_edge=False,
    )
    head, values = main
    table.add_column("class", overflow="fold", min_width=5)
    table.add_column(head, width=max(bar_width, len(head)), no_wrap=True)
    for name in ("", *columns):
        table.add_column(name, justify="right", no_wrap=True)
    for name, value, *cells in zip(classes, values, *columns.values(), strict=True):
        written = name.encode("ascii", "replace").decode() if ascii_only else name
        drawn = f"[cyan]{bar(value, bar_width, ascii_only=ascii_only)}[/cyan]"
        table.add_row(escape(written), drawn, _fraction(value, none), *cells)
    # below, not as the table's caption: that would be wrapped at the table's width
    below = [note, _scores_lines(scores, width, ascii_only) if scores else ""]
    return Group(table, *(Text(line) for line in below if line))


def class_bars_text(
    classes: Sequence[str],
    iou: Sequence[float],
    dice: Sequence[float],
    pixels: Sequence[int],
    *,
    title: str = "",
    note: str = "",
    scores: Mapping[str, float] | None = None,
    width: int = 100,
    ascii_only: bool = False,
) -> str:
    """The report of `class_bars` as plain text without colours, for a log file."""
    group = class_bars(
        classes, iou, dice, pixels, title=title, note=note, scores=scores, ascii_only=ascii_only, width=width
    )
    return as_text(group, width)


def _bar_width(width: int) -> int:
    """The bar gives way first where the terminal is narrow: the numbers need about 60 characters."""
    return min(24, max(6, width - 60))


def as_text(group: Group, width: int) -> str:
    """A report without colours."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(group)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _fraction(value: float, none: str) -> str:
    return none if math.isnan(value) else f"{value:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.1 else f"{100 * share:.1f} %"


def _scores_lines(scores: Mapping[str, float], width: int, ascii_only: bool) -> str:
    """The numbers side by side, broken between two of them where the terminal ends."""
    none, separator = ("-", "  |  ") if ascii_only else ("–", "  ·  ")
    lines: list[str] = []
    for name, value in scores.items():
        entry = f"{score_name(name)} {none if math.isnan(value) else f'{value:.3f}'}"
        if lines and len(lines[-1]) + len(separator) + len(entry) <= width:
            lines[-1] += separator + entry
        else:
            lines.append(entry)
    return "\n".join(lines)
