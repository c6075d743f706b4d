"""Labels that are colour pictures: which colours they hold, and whether those say their classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from segladder.data.decoding.labels import LabelReader
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.look import Color, Look
from segladder.data.palette import distinct_colors
from segladder.types import DatasetInfo

_DITHER = 0.02
"""Share of pixels off the palette's colours that smoothing or JPEG may leave."""

_SHOWN = 4


def judge_colors(
    looks: Sequence[tuple[str, int, str, Look]], info: DatasetInfo, labels: LabelReader | None
) -> tuple[list[Finding], dict[Color, int]]:
    """Findings about colour pictures, and colour -> class where that is clear, -1 for what is to be ignored.

    Their looks count the classes that the colours mean.

    Args:
        looks: split, index, label file and look of every labelled sample.
        info: the classes.
        labels: how label files are read; None where the reader's labels are no files of values.
    """
    colored = [entry for entry in looks if entry[3].colors]
    if not colored:
        return [], {}
    colors: Counter[Color] = Counter()
    for _, _, _, look in colored:
        colors.update(look.colors)
    published = labels is not None and type(labels) is not LabelReader
    # smoothing has no place in a published set: of such labels the originals are wanted
    table = _table(colors, info, dither=0 if published else _DITHER)
    if labels is not None and published:
        todo = f"{labels.in_color} `fix=DIR` writes class indices." if table else labels.in_color
    elif table is not None:
        shown = ", ".join(f"{color} {info.classes[index]}" for color, index in list(table.items())[:3] if index >= 0)
        todo = f"They are the palette's ({shown}, …): `fix=DIR` writes class indices."
    elif any(look.many_colors for _, _, _, look in colored):
        todo = "So many colours come from JPEG or smoothing: export labels again as PNG, one class index per pixel."
    else:
        todo = (
            'Write the colours into dataset.json, as in "palette": [[0, 0, 0], [128, 0, 0]], then `fix=DIR` writes'
            " class indices."
        )
    findings = []
    for split, index, file, look in colored:
        shown = ", ".join(f"{color} ({pixels:,} pixels)" for color, pixels in list(look.colors.items())[:_SHOWN])
        more = f" and {len(look.colors) - _SHOWN} more" if len(look.colors) > _SHOWN else ""
        findings.append(Finding(kind="colors", file=file, what=f"{shown}{more}", split=split, index=index, todo=todo))
        look.explained = "" if table else "colors"
        _count(look, table or {})
    return findings, table or {}


def _count(look: Look, table: Mapping[Color, int]) -> None:
    for color, pixels in look.colors.items():
        index = table.get(color)
        if index is not None and index >= 0:
            look.pixels[index] = look.pixels.get(index, 0) + pixels
        elif index is not None:
            look.ignored += pixels


def _table(colors: Mapping[Color, int], info: DatasetInfo, *, dither: float) -> dict[Color, int] | None:
    """Colour -> class, where all pixels but that share are of the data set's own colours, or of VOC's."""
    total = sum(colors.values())
    for palette in (info.palette, distinct_colors(info.num_classes)):
        table = {(int(r), int(g), int(b)): index for index, (r, g, b) in enumerate(palette)}
        void = ((0, 0, 0), (255, 255, 255), (224, 224, 192))
        table |= {color: -1 for color in void if color not in table}
        if sum(pixels for color, pixels in colors.items() if color in table) >= (1 - dither) * total:
            return table
    return None
