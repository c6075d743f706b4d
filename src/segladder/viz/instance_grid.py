"""The picture grid of objects: a row per image with input, truth, prediction and errors, a legend below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from segladder.types import DatasetInfo, Instances, Objects
from segladder.viz.colorize import Color
from segladder.viz.errors import DIMMED, ERROR_COLORS
from segladder.viz.fit import fitted
from segladder.viz.image import to_rgb
from segladder.viz.instances import CROWD, check_size, draw_box, draw_layer, draw_objects, numbers_of, object_map
from segladder.viz.matching import Matching, confident, match
from segladder.viz.panels import PanelRow, panel_grid, score_note

SMALL, LARGE = 256, 400
"""Longest side of a panel in pixels: small images are enlarged to about the first, large ones reduced to the
second."""

HIT: Color = (240, 240, 240)
MISSED: Color = ERROR_COLORS["false negative"]
FALSE_ALARM: Color = ERROR_COLORS["false positive"]


@dataclass(frozen=True, kw_only=True)
class InstanceRow:
    """One image of the grid."""

    image: ArrayLike
    """Anything that `to_rgb` reads: `(C, H, W)` or `(H, W, C)`."""
    found: Instances
    truth: Objects | None = None
    """Without it the row has no truth and no errors to show."""
    image_id: str = ""
    score: float | None = None
    """In [0, 1], for the caption; NaN where the image has none."""
    section: str = ""
    """Rows of the same section stand under its title in the order given: best, worst, random."""


def instance_grid(
    rows: Sequence[InstanceRow],
    *,
    info: DatasetInfo,
    title: str = "",
    threshold: float = 0.5,
    iou: float = 0.5,
    score_name: str | None = None,
) -> Image.Image:
    """The grid as one RGB image; `.save(path)` writes it.

    An object that was hit has one colour in truth and prediction. Errors show what was missed and what was found where
    there is nothing, by `match`; an object found under a wrong class is both.

    Args:
        rows: the images; those of one section next to each other.
        info: names the classes.
        title: one line above all.
        threshold: least score of a found object that is shown and counts as found.
        iou: least overlap of a hit.
        score_name: what the number in the captions is called; by default "F1@" with `iou`.

    Raises:
        ValueError: no rows, or an image and its objects differ in size.
    """
    if not rows:
        raise ValueError("A picture grid needs at least one row.")
    with_truth = any(row.truth is not None for row in rows)
    columns = ["input", "truth", "prediction", "errors"] if with_truth else ["input", "prediction"]
    lines = [_line(row, columns, info, threshold, iou, score_name or f"F1@{iou:g}") for row in rows]
    legends: list[list[tuple[str, Color]]] = []
    if with_truth:
        legends.append([("errors: missed", MISSED), ("errors: false alarm", FALSE_ALARM), ("found (outline)", HIT)])
        if any(row.truth is not None and row.truth.iscrowd.any() for row in rows):
            legends[0].append(("crowd, not scored", CROWD))
    return panel_grid(lines, columns, legends=legends, title=title)


def _line(
    row: InstanceRow, columns: Sequence[str], info: DatasetInfo, threshold: float, iou: float, score_name: str
) -> PanelRow:
    rgb = to_rgb(row.image, size=row.found.size)
    for objects in (row.found, row.truth):
        if objects is not None:
            check_size(rgb, objects, f"Image '{row.image_id}'")
    found = confident(row.found, threshold)
    picture = np.asarray(fitted(rgb, small=SMALL, large=LARGE))
    pictures = {"input": picture}
    note = score_note(score_name, row.score)
    if row.truth is None:
        pictures["prediction"] = draw_objects(picture, found, info.classes, numbers=numbers_of(found, picture.shape))
    else:
        matching = match(found, row.truth, iou=iou)
        true_numbers = numbers_of(row.truth, picture.shape)
        # what was hit lends its colour, so that truth and prediction can be compared object by object
        wishes = [int(true_numbers[index]) if index >= 0 else -1 for index in matching.hit.tolist()]
        numbers = numbers_of(found, picture.shape, wishes=wishes)
        pictures["truth"] = draw_objects(picture, row.truth, info.classes, numbers=true_numbers)
        pictures["prediction"] = draw_objects(picture, found, info.classes, numbers=numbers)
        pictures["errors"] = error_picture(picture, found, row.truth, matching)
        note = f"{note}{': ' if note else ''}{_counts(matching)}"
    panels = [Image.fromarray(pictures[name]) if name in pictures else None for name in columns]
    return PanelRow(panels=panels, label=row.image_id, note=note, section=row.section)


def error_picture(
    picture: NDArray[np.uint8], found: Instances, truth: Objects, matching: Matching
) -> NDArray[np.uint8]:
    """The dimmed picture with hits outlined, misses and false alarms in their colours, crowds in grey.

    Args:
        picture: the image at any scale, `(h, w, 3)` uint8.
        found: N objects.
        truth: M objects.
        matching: of these N and M.
    """
    size = (picture.shape[0], picture.shape[1])
    drawn: NDArray[np.uint8] = np.rint(DIMMED * picture).astype(np.uint8)
    layers: tuple[tuple[Instances | Objects, NDArray[np.bool_], Color, float], ...] = (
        (truth, truth.iscrowd, CROWD, 0.25),
        (found, matching.hit >= 0, HIT, 0),
        (truth, matching.missed, MISSED, 0.6),
        (found, matching.false, FALSE_ALARM, 0.6),
    )
    for objects, chosen, color, alpha in layers:
        ids = object_map(objects, size, only=chosen)
        drawn = draw_layer(drawn, ids, [color] * len(objects), alpha=alpha)
    if found.masks is not None:
        return drawn
    canvas = Image.fromarray(drawn)
    scale = np.array([size[1] / found.size[1], size[0] / found.size[0]] * 2)
    for box, hit, false in zip((found.boxes * scale).tolist(), matching.hit, matching.false, strict=True):
        if hit >= 0 or false:
            draw_box(ImageDraw.Draw(canvas), box, FALSE_ALARM if false else HIT, line=1)
    return np.asarray(canvas)


def _counts(matching: Matching) -> str:
    parts = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in (
            (int((matching.hit >= 0).sum()), "found", "found"),
            (int(matching.missed.sum()), "missed", "missed"),
            (int(matching.false.sum()), "false alarm", "false alarms"),
        )
    ]
    return ", ".join(parts)
