"""The picture grid of class maps: a row per image with input, truth, prediction and errors, a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from segladder.types import DatasetInfo
from segladder.viz.colorize import Color, class_map, colorize
from segladder.viz.errors import ERROR_COLORS, error_map
from segladder.viz.fit import fitted
from segladder.viz.image import to_rgb
from segladder.viz.panels import PanelRow, panel_grid, score_note

SMALL, LARGE = 192, 320
"""Longest side of a panel in pixels: small images are enlarged to about the first, large ones reduced
to the second."""


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One image of the grid."""

    image: ArrayLike
    """Anything that `to_rgb` reads: `(C, H, W)` or `(H, W, C)`."""
    pred: ArrayLike
    """`(H, W)` integer."""
    truth: ArrayLike | None = None
    """`(H, W)` integer; without it the row has no truth and no errors to show."""
    image_id: str = ""
    iou: float | None = None
    """In [0, 1], for the caption; NaN where the image has none."""
    section: str = ""
    """Rows of the same section stand under its title in the order given: best, worst, random."""

    def __post_init__(self) -> None:
        for name in ("pred", "truth"):
            object.__setattr__(self, name, _narrow(getattr(self, name)))


def class_grid(rows: Sequence[GridRow], *, info: DatasetInfo, title: str) -> Image.Image:
    """The grid of a data set's images, each with its mean IoU; see `picture_grid`."""
    return picture_grid(
        rows,
        classes=info.classes,
        palette=info.palette,
        ignore_index=info.ignore_index,
        background=0 if info.classes[0] == "background" else None,
        title=title,
        iou_name="mean IoU of the image",
    )


def picture_grid(
    rows: Sequence[GridRow],
    *,
    classes: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int = 255,
    background: int | None = None,
    title: str = "",
    iou_name: str = "IoU",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Image.Image:
    """The grid as one RGB image; `.save(path)` writes it.

    Args:
        rows: the images; those of one section next to each other.
        classes: class names for the legend.
        palette: one colour per class.
        background: the class that stands for "nothing here", where there is one (see `error_map`).
        title: one line above all.
        iou_name: what the number in the captions is called.
        mean: with `std`, the normalisation to undo in the images (see `to_rgb`).
        std: see `mean`.

    Raises:
        ValueError: no rows, or an image, prediction and truth differ in size.
    """
    if not rows:
        raise ValueError("A picture grid needs at least one row.")
    with_truth = any(row.truth is not None for row in rows)
    columns = ["input", "truth", "prediction", "errors"] if with_truth else ["input", "prediction"]
    lines = [
        PanelRow(
            panels=_panels(
                row,
                columns,
                palette,
                ignore_index,
                background,
                to_rgb(row.image, mean=mean, std=std, size=np.shape(row.pred)),
            ),
            label=row.image_id,
            note=score_note(iou_name, row.iou),
            section=row.section,
        )
        for row in rows
    ]
    legends = _legends(rows, classes, palette, ignore_index, background, with_truth)
    return panel_grid(lines, columns, legends=legends, title=title)


def _narrow(labels: ArrayLike | None) -> ArrayLike | None:
    """The same integers in two bytes each, where they fit: all rows of a picture are held at once."""
    if labels is None:
        return None
    array = np.asarray(labels)
    wide = array.dtype.kind in "iu" and array.dtype.itemsize > 2 and array.size > 0
    if wide and array.min() >= -(2**15) and array.max() < 2**15:
        return array.astype(np.int16)
    return labels


def _panels(
    row: GridRow,
    columns: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int,
    background: int | None,
    rgb: NDArray[np.uint8],
) -> list[Image.Image | None]:
    """The row's pictures at their size in the grid; None where it has no truth."""
    for name, labels in (("prediction", row.pred), ("truth", row.truth)):
        if labels is not None and np.shape(labels) != rgb.shape[:2]:
            raise ValueError(
                f"Image '{row.image_id}' is {rgb.shape[:2]} and its {name} {np.shape(labels)} (height, width)."
            )
    pictures: dict[str, NDArray[np.uint8] | None] = {
        "input": rgb,
        "prediction": colorize(row.pred, palette, ignore_index=ignore_index),
        "truth": None,
        "errors": None,
    }
    if row.truth is not None:
        pictures["truth"] = colorize(row.truth, palette, ignore_index=ignore_index)
        pictures["errors"] = error_map(
            row.pred, row.truth, ignore_index=ignore_index, background=background, image=rgb, layout="HWC"
        )
    return [
        None if (picture := pictures[name]) is None else fitted(picture, small=SMALL, large=LARGE) for name in columns
    ]


def _legends(
    rows: Sequence[GridRow],
    classes: Sequence[str],
    palette: Sequence[Color],
    ignore_index: int,
    background: int | None,
    with_truth: bool,
) -> list[list[tuple[str, Color]]]:
    """One legend for the classes and, where errors are shown, one for their colours."""
    entries = list(zip(classes, palette, strict=True))
    maps = [labels for row in rows for labels in (row.pred, row.truth) if labels is not None]
    ignored = any(bool((class_map(labels) == ignore_index).any()) for labels in maps)
    if ignored:
        entries.append(("ignored", (255, 255, 255)))
    if not with_truth:
        return [entries]
    kinds = ["false positive", "false negative", "wrong class"]
    if background is None:
        kinds = ["wrong class"]
    elif len(classes) == 2:
        kinds.remove("wrong class")
    if ignored:
        kinds.append("ignored")
    return [entries, [(f"errors: {kind}", ERROR_COLORS[kind]) for kind in kinds]]
