"""The terminal report: the numbers of one evaluation as a row for each class that occurs, and the scores below."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from segladder.viz.bars import DRAWN, as_text, class_bars_text, object_bars


def class_report(
    scores: Mapping[str, float | None],
    per_class: Mapping[str, Mapping[str, float | None]],
    *,
    title: str = "",
    width: int | None = None,
    ascii_only: bool | None = None,
) -> str:
    """The report of one evaluation from its numbers, as plain text for the terminal.

    Classes that occur have a row each, how many do not is said below. Pixel accuracy, IoU and Dice stand side by side
    there, because the first alone flatters; where the first class is called `background`, IoU and Dice of the others
    stand there, too.

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
    there = [index for index, value in enumerate(iou) if not math.isnan(value)]
    ascii_only = _ascii_only(ascii_only, title, names)
    return class_bars_text(
        [names[index] for index in there],
        [iou[index] for index in there],
        [dice[index] for index in there],
        [_count(pixels[index]) for index in there],
        title=title,
        note=_absent(len(names) - len(there), len(names), "in neither truth nor prediction"),
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

    Classes with true objects have a row each, how many have none is said below.

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
    counts = {name: _count(_number(per_class.get("objects", {}).get(name))) for name in names}
    there = [name for name in names if counts[name]]
    measures = {key: [_number(per_class[key].get(name)) for name in there] for key in wanted if key in per_class}
    ascii_only = _ascii_only(ascii_only, title, names)
    width = width or _terminal_width()
    group = object_bars(
        there,
        measures,
        [counts[name] for name in there],
        title=title,
        note=_absent(len(names) - len(there), len(names), "nowhere in the truth"),
        scores={key: _number(value) for key, value in scores.items() if not math.isnan(_number(value))},
        width=width,
        ascii_only=ascii_only,
    )
    return as_text(group, width)


def segment_report(
    scores: Mapping[str, float | None],
    per_class: Mapping[str, Mapping[str, float | None]],
    *,
    title: str = "",
    width: int | None = None,
    ascii_only: bool | None = None,
) -> str:
    """The report of one evaluation of segments from its numbers, as plain text for the terminal.

    Classes with true or found segments have a row each, how many have none is said below.

    Args:
        scores: metric -> value in [0, 1]; None or NaN where undefined. Those of panoptic quality come first.
        per_class: metric -> class -> value; `pq`, `sq`, `rq`, `iou` and `support` (pixels of the truth) are read.
        width: in characters; by default the terminal's.
        ascii_only: by default where standard output cannot encode the bars.
    """
    names = list(per_class["pq"])
    wanted = ("pq", "sq", "rq", "iou")
    known = [key for key in wanted if key in per_class]
    there = [name for name in names if any(not math.isnan(_number(per_class[key].get(name))) for key in known)]
    ascii_only = _ascii_only(ascii_only, title, names)
    width = width or _terminal_width()
    ordered = sorted(scores, key=lambda name: name.partition("_")[0] not in wanted[:3])
    group = object_bars(
        there,
        {key: [_number(per_class[key].get(name)) for name in there] for key in known},
        [_count(_number(per_class.get("support", {}).get(name))) for name in there],
        counted="pixels",
        title=title,
        note=_absent(len(names) - len(there), len(names), "in neither truth nor prediction"),
        scores={key: _number(scores[key]) for key in ordered if not math.isnan(_number(scores[key]))},
        width=width,
        ascii_only=ascii_only,
    )
    return as_text(group, width)


def _can_encode(text: str, stream: TextIO) -> bool:
    """Whether the stream's encoding has every character of the text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _count(value: float) -> int:
    return 0 if math.isnan(value) else round(value)


def _absent(count: int, total: int, where: str) -> str:
    """What is said of the classes without a row; "" where there are none."""
    return f"{count} of {total} classes {'occurs' if count == 1 else 'occur'} {where}." if count else ""


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan


def _ascii_only(wanted: bool | None, title: str, names: Sequence[str]) -> bool:
    return not _can_encode("".join([DRAWN, title, *names]), sys.stdout) if wanted is None else wanted


def _terminal_width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 120)
