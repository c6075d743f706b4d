"""What the label values of a whole set say together: masks of 0 and 255, colours, classes counted from 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segladder.data.decoding.labels import LabelReader
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.look import Color, Look
from segladder.data.palette import distinct_colors
from segladder.types import DatasetInfo

_RARE = 0.25
"""Where 0 has less than this share of the pixels, it is more likely "nothing labelled" than a class."""

_DITHER = 0.02
"""Share of pixels off the palette's colours that smoothing or JPEG may leave."""


@dataclass
class Cure:
    """How labels are to be read instead."""

    values: dict[int, int | None] = field(default_factory=dict)
    """Label value -> class index, None to ignore it."""
    colors: dict[Color, int] = field(default_factory=dict)
    """Colour -> class index; -1 for what is to be ignored."""
    doubt: str = ""
    """What a person has to decide before labels can be corrected."""


@dataclass
class Verdict:
    """What the values mean, and the files that are so."""

    findings: list[Finding] = field(default_factory=list)
    cure: Cure = field(default_factory=Cure)


def judge(looks: Sequence[tuple[str, int, str, Look]], info: DatasetInfo, labels: LabelReader | None) -> Verdict:
    """Names what is wrong with the labels of a set.

    Args:
        looks: split, index, label file and look of every labelled sample.
        info: the classes.
        labels: how label files are read; None where the reader's labels are no files of values.
    """
    verdict = Verdict()
    _judge_colors(looks, info, labels, verdict)
    values: Counter[int] = Counter()
    unknown: Counter[int] = Counter()
    for _, _, _, look in looks:
        values.update(look.values)
        unknown.update(look.unknown)
    # a reader of a fixed layout takes no map: its own word says what its files should have been
    own = type(labels) is LabelReader
    kind, todo, affected = "values", "", set(unknown)
    if own and labels is not None and values:
        kind, todo, affected = _judged(values, unknown, info, labels, verdict.cure)
    elif labels is not None and unknown:
        everything, bad = np.array(sorted(values)), np.array(sorted(unknown))
        todo = labels.advice(everything, bad)
    for split, index, file, look in looks:
        listed = {value: pixels for value, pixels in (look.values or look.unknown).items() if value in affected}
        if listed:
            verdict.findings.append(
                Finding(kind=kind, file=file, what=_listed(listed, kind), split=split, index=index, todo=todo)
            )
    return verdict


def _judged(
    values: Mapping[int, int], unknown: Mapping[int, int], info: DatasetInfo, labels: LabelReader, cure: Cure
) -> tuple[str, str, set[int]]:
    """Kind, advice, and the values that files must hold to be named."""
    count = info.num_classes
    ignored = set(labels.ignore) & set(values)
    stretched = _stretched(values, unknown, count, ignored)
    if stretched is not None:
        cure.values = dict(stretched)
        word = _as_word(stretched)
        if set(stretched) == {0, 255} and not unknown:
            todo = f"255 is the second class here, and ignored as things stand: set {word}."
        else:
            todo = f"Set {word}."
        return "stretched", todo, set(stretched) - {0}
    if not unknown:
        return "values", "", set()
    if set(unknown) == {count} and _from_one(values, count):
        shift: dict[int, int | None] = {value: value - 1 for value in range(1, count + 1)}
        if 0 in values:
            shift = {0: None, **shift}
        cure.values = shift
        aside = ", with 0 for what nobody labelled" if 0 in values else ""
        return "shifted", f"They run from 1 to {count}{aside}: set {_as_word(shift)}.", set(values) - ignored
    if set(unknown) == {count + 1} and count in labels.ignore and 0 not in values:
        # the ignored value stands right behind the classes, and has moved with them
        shift = {value: value - 1 for value in range(1, count + 1)} | {count + 1: None}
        cure.values = shift
        told = f"They run from 1 to {count}, and {count + 1} is what {count} should be: set {_as_word(shift)}."
        return "shifted", told, set(values)
    everything, bad = np.array(sorted(values)), np.array(sorted(unknown))
    todo = labels.advice(everything, bad)
    if set(unknown) == {count}:
        shift = {0: None} | {value: value - 1 for value in range(1, count + 1)}
        todo += f" If 0 is what nobody labelled and classes count from 1: set {_as_word(shift)}."
        cure.doubt = f"value {count} may be what is ignored, or all labels may count classes from 1. {todo}"
    return "values", todo, set(unknown)


def _stretched(
    values: Mapping[int, int], unknown: Mapping[int, int], count: int, ignored: set[int]
) -> dict[int, int | None] | None:
    """The map of masks whose classes were spread over the greys, 0 and 255 above all."""
    there = sorted(values)
    if count == 2 and set(there) <= {0, 255} and 255 in there and (255 in unknown or 255 in ignored):
        return {0: 0, 255: 1}
    if not unknown:
        return None
    used = [value for value in there if value not in ignored]
    steps = np.diff(used)
    even = len(used) == count > 2 and used[0] == 0 and steps.min() >= 2 and steps.max() - steps.min() <= 1
    return {value: index for index, value in enumerate(used)} if even else None


def _from_one(values: Mapping[int, int], count: int) -> bool:
    """Whether 1..C are the classes, and not 0..C-1 with C for what is unknown."""
    inner = sum(values.get(value, 0) for value in range(1, count + 1))
    nothing = values.get(0, 0)
    return nothing == 0 or (count > 2 and nothing < _RARE * inner / count)


def _judge_colors(
    looks: Sequence[tuple[str, int, str, Look]], info: DatasetInfo, labels: LabelReader | None, verdict: Verdict
) -> None:
    colored = [entry for entry in looks if entry[3].colors]
    if not colored:
        return
    colors: Counter[Color] = Counter()
    for _, _, _, look in colored:
        colors.update(look.colors)
    table = _table(colors, info)
    if table is not None:
        verdict.cure.colors = table
        shown = ", ".join(f"{color} {info.classes[index]}" for color, index in list(table.items())[:3] if index >= 0)
        todo = f"They are the palette's ({shown}, …): `fix=DIR` writes class indices."
    elif any(look.many_colors for _, _, _, look in colored):
        todo = "So many colours come from JPEG or smoothing: export labels again as PNG, one class index per pixel."
    else:
        todo = (
            'Write the colours into dataset.json, as in "palette": [[0, 0, 0], [128, 0, 0]], then `fix=DIR` writes'
            " class indices."
        )
    if labels is not None and type(labels) is not LabelReader:
        todo = labels.in_color
        verdict.cure.colors = {}
    for split, index, file, look in colored:
        shown = ", ".join(f"{color} ({pixels:,} pixels)" for color, pixels in list(look.colors.items())[:4])
        more = f" and {len(look.colors) - 4} more" if len(look.colors) > 4 else ""
        verdict.findings.append(
            Finding(kind="colors", file=file, what=f"{shown}{more}", split=split, index=index, todo=todo)
        )


def _table(colors: Mapping[Color, int], info: DatasetInfo) -> dict[Color, int] | None:
    """Colour -> class, where nearly all pixels are of the data set's own colours, or of VOC's."""
    total = sum(colors.values())
    for palette in (info.palette, distinct_colors(info.num_classes)):
        table = {(int(r), int(g), int(b)): index for index, (r, g, b) in enumerate(palette)}
        void = ((0, 0, 0), (255, 255, 255), (224, 224, 192))
        table |= {color: -1 for color in void if color not in table}
        if sum(pixels for color, pixels in colors.items() if color in table) >= (1 - _DITHER) * total:
            return table
    return None


def _as_word(mapping: Mapping[int, int | None]) -> str:
    """A word of the command line, in the quotes it needs there."""
    entries = ", ".join(f"{value}: {'null' if index is None else index}" for value, index in mapping.items())
    return f'"data.label_map={{{entries}}}"'


def _listed(values: Mapping[int, int], kind: str) -> str:
    shown = list(values.items())
    listed = ", ".join(f"{value} ({pixels:,} pixels)" for value, pixels in shown[:6])
    more = f" and {len(shown) - 6} more values" if len(shown) > 6 else ""
    word = "value" if len(shown) == 1 else "values"
    return f"{word} {listed}{more}"
