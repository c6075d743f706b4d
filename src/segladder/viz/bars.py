"""The terminal report: a bar per class for its IoU, with Dice, pixel count and share of the truth."""

from __future__ import annotations

import io
import math
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Group

_SHORT_NAMES = {
    "miou": "mIoU",
    "dice": "mean Dice",
    "fw_iou": "frequency-weighted IoU",
    "boundary_f1": "boundary F1",
    "boundary_iou": "boundary IoU",
}

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_DRAWN = "–·─"


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
    return _bars(classes, ("IoU", iou), columns, title=title, scores=scores, width=width, ascii_only=ascii_only)


def object_bars(
    classes: Sequence[str],
    measures: Mapping[str, Sequence[float]],
    objects: Sequence[int],
    *,
    title: str = "",
    scores: Mapping[str, float] | None = None,
    width: int = 100,
    ascii_only: bool = False,
) -> Group:
    """The report on found objects as a rich table with a line below.

    Args:
        classes: names of the classes of objects.
        measures: name -> one value per class in [0, 1], NaN where undefined; the first has the bars.
        objects: objects of each class in the truth.
        title: one line above.
        scores: data-set numbers side by side in the line below, in [0, 1].
        width: of the terminal in characters; the bars give way first.
        ascii_only: see `class_bars`.
    """
    none = "-" if ascii_only else "–"
    (first, values), *rest = measures.items()
    columns = {_shown(name): [_fraction(v, none) for v in numbers] for name, numbers in rest}
    columns["objects"] = [f"{count:,}" for count in objects]
    main = (_shown(first), values)
    return _bars(classes, main, columns, title=title, scores=scores, width=width, ascii_only=ascii_only)


def _bars(
    classes: Sequence[str],
    main: tuple[str, Sequence[float]],
    columns: Mapping[str, Sequence[str]],
    *,
    title: str,
    scores: Mapping[str, float] | None,
    width: int,
    ascii_only: bool,
) -> Group:
    """A table with a row per class: its name, a bar for the main measure, the other columns; a line of scores below."""
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
        shown = name.encode("ascii", "replace").decode() if ascii_only else name
        drawn = f"[cyan]{bar(value, bar_width, ascii_only=ascii_only)}[/cyan]"
        table.add_row(escape(shown), drawn, _fraction(value, none), *cells)
    # below, not as the table's caption: that would be wrapped at the table's width
    return Group(table, Text(_scores_lines(scores, width, ascii_only))) if scores else Group(table)


def class_bars_text(
    classes: Sequence[str],
    iou: Sequence[float],
    dice: Sequence[float],
    pixels: Sequence[int],
    *,
    title: str = "",
    scores: Mapping[str, float] | None = None,
    width: int = 100,
    ascii_only: bool = False,
) -> str:
    """The report of `class_bars` as plain text without colours, for a log file."""
    group = class_bars(classes, iou, dice, pixels, title=title, scores=scores, ascii_only=ascii_only, width=width)
    return _as_text(group, width)


def class_report(
    scores: Mapping[str, float | None],
    per_class: Mapping[str, Mapping[str, float | None]],
    *,
    title: str = "",
    width: int | None = None,
    ascii_only: bool | None = None,
) -> str:
    """The report of one evaluation from its numbers, as plain text for the terminal.

    Pixel accuracy, IoU and Dice stand side by side below the bars, because the first alone flatters; where
    the first class is called `background`, IoU and Dice of the others stand there, too.

    Args:
        scores: metric -> value in [0, 1]; None or NaN where undefined.
        per_class: metric -> class -> value; `iou`, `dice` and `support` (pixels of the truth) are read.
        width: in characters; by default the terminal's.
        ascii_only: by default where standard output cannot encode the bars.
    """
    names = list(per_class["iou"])
    iou, dice, pixels = (
        [_number(per_class.get(key, {}).get(name)) for name in names] for key in ("iou", "dice", "support")
    )
    line = {"pixel_accuracy": _number(scores.get("pixel_accuracy"))}
    if names and names[0] == "background":
        line |= {"foreground IoU": _mean(iou[1:]), "foreground Dice": _mean(dice[1:])}
    line |= {key: _number(scores[key]) for key in ("miou", "dice") if key in scores}
    line |= {key: _number(value) for key, value in scores.items() if key not in line}
    ascii_only = _ascii_only(ascii_only, title, names)
    return class_bars_text(
        names,
        iou,
        dice,
        [0 if math.isnan(count) else round(count) for count in pixels],
        title=title,
        scores=line,
        width=width or _terminal_width(),
        ascii_only=ascii_only,
    )


def object_report(
    scores: Mapping[str, float | None],
    per_class: Mapping[str, Mapping[str, float | None]],
    *,
    title: str = "",
    width: int | None = None,
    ascii_only: bool | None = None,
) -> str:
    """The report of one evaluation of found objects from its numbers, as plain text for the terminal.

    Args:
        scores: metric -> value in [0, 1]; None or NaN where undefined.
        per_class: metric -> class -> value; `mask_ap`, `mask_ap50`, `mask_ap75` and `box_ap`, and `objects` (how many
            the truth has) are read. Where there are no masks the bars are of the boxes.
        width: in characters; by default the terminal's.
        ascii_only: by default where standard output cannot encode the bars.
    """
    of_masks = any(not math.isnan(_number(value)) for value in per_class.get("mask_ap", {}).values())
    wanted = ("mask_ap", "mask_ap50", "mask_ap75", "box_ap") if of_masks else ("box_ap", "box_ap50", "box_ap75")
    names = list(per_class["box_ap"])
    measures = {key: [_number(per_class[key].get(name)) for name in names] for key in wanted if key in per_class}
    counts = [_number(per_class.get("objects", {}).get(name)) for name in names]
    ascii_only = _ascii_only(ascii_only, title, names)
    width = width or _terminal_width()
    group = object_bars(
        names,
        measures,
        [0 if math.isnan(count) else round(count) for count in counts],
        title=title,
        scores={key: _number(value) for key, value in scores.items() if not math.isnan(_number(value))},
        width=width,
        ascii_only=ascii_only,
    )
    return _as_text(group, width)


def can_encode(text: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has every character of the text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _bar_width(width: int) -> int:
    """The bar gives way first where the terminal is narrow: the numbers need about 60 characters."""
    return min(24, max(6, width - 60))


def _as_text(group: Group, width: int) -> str:
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(group)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _ascii_only(wanted: bool | None, title: str, names: Sequence[str]) -> bool:
    return not can_encode("".join([_EIGHTHS, _DRAWN, title, *names]), sys.stdout) if wanted is None else wanted


def _terminal_width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 120)


def _fraction(value: float, none: str) -> str:
    return none if math.isnan(value) else f"{value:.3f}"


def _shown(name: str) -> str:
    """A metric's name for people: mask AP small for mask_ap_small."""
    words = [word.upper() if re.fullmatch(r"a[pr]\d*|[prs]q", word) else word for word in name.split("_")]
    return _SHORT_NAMES.get(name, " ".join(words))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.1 else f"{100 * share:.1f} %"


def _scores_lines(scores: Mapping[str, float], width: int, ascii_only: bool) -> str:
    """The numbers side by side, broken between two of them where the terminal ends."""
    none, separator = ("-", "  |  ") if ascii_only else ("–", "  ·  ")
    lines: list[str] = []
    for name, value in scores.items():
        shown = _shown(name)
        entry = f"{shown} {none if math.isnan(value) else f'{value:.3f}'}"
        if lines and len(lines[-1]) + len(separator) + len(entry) <= width:
            lines[-1] += separator + entry
        else:
            lines.append(entry)
    return "\n".join(lines)
