"""A COCO file entry by entry: what is wrong with each, and a copy without what no reader takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.coco_sizes import Areas, Images, exchanged
from segladder.data.doctor.findings import ERROR, Finding
from segladder.data.formats.json_lists import JsonText
from segladder.data.formats.segmentation import mask_of
from segladder.data.progress import with_progress
from segladder.data.readers.coco_rows import CocoRows
from segladder.masks import areas
from segladder.types import UserError

_LISTS = ("images", "annotations", "categories")

_SLACK, _SHARE = 2.0, 0.05
"""How far a box may lie from its mask's: pixels, or a share of its longer side, whichever is more."""

_TOLERATED = 0.01
"""Share of objects without a pixel that the reader lets pass."""


@dataclass
class Annotations:
    """What is wrong with one file."""

    findings: list[Finding] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    """Where entries begin in the text that no reader takes."""
    boxes: dict[int, list[float]] = field(default_factory=dict)
    """Where an annotation begins whose box is not its mask's -> the mask's, x y width height."""
    away: set[int] = field(default_factory=set)
    """Those of them whose box has no pixel of the image: no reader takes these."""
    areas: set[int] = field(default_factory=set)
    """Where annotations begin whose area is not their mask's."""
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Where an image begins whose height and width are exchanged -> what they are."""


def look_at_annotations(path: Path, *, file: str, split: str, folder: Path | None = None) -> Annotations:
    """Reads a file of annotations to its end.

    Args:
        path: the file.
        file: what it is called in findings.
        split: whose it is.
        folder: of its images, where known.

    Raises:
        DataError: broken JSON, or no COCO.
    """
    text, found = JsonText(path), Annotations()
    rows, stated, images, categories = CocoRows(), Areas(), Images(), set()
    total = text.text.count('"file_name"') + text.text.count('"image_id"')

    def tell(kind: str, at: int, what: str, **more: Any) -> None:
        what = f"line {text.line(at)}: {what}"
        found.findings.append(Finding(kind=kind, file=file, what=what, split=split, **more))

    for key, at, entry in with_progress(text.members(_LISTS), total, f"checking {path.name}"):
        if key not in _LISTS:
            continue
        try:
            if not isinstance(entry, dict):
                raise UserError(f"An entry of '{key}' is no object in braces.")
            if key == "images":
                images.add(entry, at)
            elif key == "categories":
                categories.add(entry.get("id"))
            else:
                rows.add(entry, at)
                stated.look(entry, at)
        except UserError as error:
            found.bad.add(at)
            number = entry.get("id") if isinstance(entry, dict) else None
            tell("annotation", at, f"{'image' if key == 'images' else 'annotation'} {number!r}: {error}")
    for number in exchanged(rows, images, folder):
        height, width = images.sizes[number]
        told = f"height {height} and width {width}, but {width} and {height} in its file and its masks"
        tell("exchanged", images.at[number], f"image {number!r}: {told}")
        images.sizes[number] = found.sizes[images.at[number]] = (width, height)
    _look_at_rows(rows, stated, images, categories, found, tell)
    return found


def _look_at_rows(
    rows: CocoRows,
    stated_areas: Areas,
    images: Images,
    categories: set[Any],
    found: Annotations,
    tell: Callable[..., None],
) -> None:
    at = np.array(rows.at, dtype=np.int64)
    boxes = np.array(rows.boxes, dtype=np.float64).reshape(-1, 4)
    outlines = np.array(rows.outlines, dtype=np.float64).reshape(-1, 4)
    stated = np.array(rows.sizes, dtype=np.int64).reshape(-1, 2)
    seen: set[int] = set()
    sizes = np.full((len(at), 2), -1)
    for row, (number, image, category) in enumerate(zip(rows.ids, rows.images, rows.categories, strict=True)):
        size = images.sizes.get(image)
        wrong = None
        if size is None:
            wrong = f"it is of image {image!r}, which 'images' does not list"
        elif category not in categories:
            wrong = f"its category_id {category} is none of 'categories'"
        elif number in seen:
            wrong = "another annotation has the same id"
        elif stated[row, 0] >= 0 and tuple(stated[row]) != size:
            wrong = f"its mask is {stated[row, 0]}x{stated[row, 1]}, its image {size[0]}x{size[1]} (height x width)"
        seen.add(number)
        if wrong is not None:
            found.bad.add(int(at[row]))
            tell("annotation", int(at[row]), f"annotation {number}: {wrong}")
        else:
            sizes[row] = size
    good = sizes[:, 0] >= 0
    empty = good & _without_pixel(outlines, sizes)
    away = good & ~empty & _without_pixel(boxes, sizes)
    found.away = set(at[away].tolist())
    severity = ERROR if (empty | away).sum() > _TOLERATED * max(1, len(at)) else None
    for row in np.flatnonzero(empty).tolist():
        box = outlines[row]
        found.bad.add(int(at[row]))
        height, width = sizes[row]
        told = f"annotation {rows.ids[row]}: x {box[0]:g} to {box[2]:g}, y {box[1]:g} to {box[3]:g} on {width}x{height}"
        tell("empty-object", int(at[row]), f"{told} pixels", severity=severity)
    slack = np.maximum(_SLACK, _SHARE * np.maximum(outlines[:, 2:] - outlines[:, :2], 0).max(1, initial=0))
    inside, around = _inside(boxes, sizes), _inside(outlines, sizes)
    off = np.maximum(np.abs(inside - around), np.abs(boxes - np.where(away[:, None], around, inside))).max(1, initial=0)
    for row in np.flatnonzero(good & ~empty & (away | (off > slack))).tolist():  # NaN, no box, is never more
        x1, y1, x2, y2 = around[row].tolist()
        found.boxes[int(at[row])] = [x1, y1, x2 - x1, y2 - y1]
        told = f"annotation {rows.ids[row]}: the box is {_listed(boxes[row])}, its mask's {_listed(around[row])}"
        told = f"{told} (x1 y1 x2 y2), {off[row]:.0f} pixels off"
        tell("box", int(at[row]), told, severity=severity if away[row] else None)
    for row in np.flatnonzero(good & ~empty).tolist():
        start, differ = int(at[row]), stated_areas.of_mask(int(at[row]), images.sizes[rows.images[row]])
        if rows.areas[row] == 0:
            found.areas.add(start)
            tell("area", start, f"annotation {rows.ids[row]}: the area is 0, and its mask has pixels")
        elif differ is not None:
            found.areas.add(start)
            told = f"annotation {rows.ids[row]}: the area is {differ[0]:,.0f}, and its mask has {differ[1]:,.0f} pixels"
            tell("area", start, told)


def _without_pixel(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    x1, y1, x2, y2 = boxes.T
    height, width = sizes.T
    nothing: NDArray[np.bool_] = (x2 <= x1) | (y2 <= y1) | (x2 <= 0) | (y2 <= 0) | (x1 >= width) | (y1 >= height)
    return nothing


def _inside(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Boxes cut off at their image's borders, where polygons may reach out of it."""
    height, width = sizes.T
    limits = np.stack([width, height, width, height], axis=1)
    cut: NDArray[np.float64] = np.clip(boxes, 0, np.maximum(limits, 0))
    return cut


def _listed(box: NDArray[np.float64]) -> str:
    return " ".join(f"{value:g}" for value in np.round(box, 1))


def write_without(
    source: Path, target: Path, found: Annotations, *, keep_image: Callable[[dict[str, Any]], bool] | None = None
) -> int:
    """Writes a file of annotations anew, without what no reader takes; boxes and areas become their masks'.

    Args:
        source: the file that was looked at.
        target: where to write.
        found: what was found in it.
        keep_image: whether an entry of `images` stays; None for all.

    Returns:
        Images that stay.
    """
    text = JsonText(source)
    kept: dict[str, list[str]] = {key: [] for key in _LISTS}
    rest: dict[str, Any] = {}
    gone = set()
    sizes = _sizes_of(text, found) if found.areas else {}
    for key, at, entry in text.members(_LISTS):
        if key not in _LISTS:
            rest[key] = entry
            continue
        if at in found.bad:
            continue
        if at in found.sizes:
            entry["height"], entry["width"] = found.sizes[at]
        if key == "images" and keep_image is not None and not keep_image(entry):
            gone.add(entry["id"])
            continue
        if at in found.boxes:
            entry["bbox"] = found.boxes[at]
        if at in found.areas:
            entry["area"] = int(areas([mask_of(entry["segmentation"], sizes[entry["image_id"]])])[0])
        if key == "annotations" and gone and entry["image_id"] in gone:
            continue
        kept[key].append(json.dumps(entry))
    parts = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in rest.items()]
    parts += [f"{json.dumps(key)}: [\n" + ",\n".join(entries) + "\n]" for key, entries in kept.items()]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")
    return len(kept["images"])


def _sizes_of(text: JsonText, found: Annotations) -> dict[Any, tuple[int, int]]:
    """Height and width of the images that make sense, by id."""
    images = ((at, entry) for key, at, entry in text.members(_LISTS) if key == "images" and at not in found.bad)
    return {entry["id"]: found.sizes.get(at, (entry["height"], entry["width"])) for at, entry in images}
