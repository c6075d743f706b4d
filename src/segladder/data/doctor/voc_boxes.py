"""VOC's boxes of one image, from its xml, against its objects in SegmentationObject."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segladder.types import Objects

ADVICE = "Look at both: the boxes of Annotations/ or the masks of SegmentationObject/ are of something else."

_ALIKE = 0.5
"""Overlap of a mask's box and the one drawn around its object; published ones are drawn by different people."""

_BORDER = 5
"""Pixels of 255 around an object that belong to no mask."""

_SMALL = 14
"""Side in pixels below which the border may leave nothing of an object."""

_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class _Boxes:
    names: list[str]
    corners: NDArray[np.float64]
    """`(N, 4)`, x1 y1 x2 y2 from 0."""
    difficult: list[bool]
    size: tuple[int, int] | None
    """Height and width that the xml states."""


def box_faults(path: Path, objects: Objects, classes: Sequence[str]) -> str:
    """What an xml and the objects say differently, the first of it; empty where they agree.

    Args:
        path: the xml.
        objects: of SegmentationObject.
        classes: the names of their labels.

    Raises:
        ValueError: it is broken; the message says how.
    """
    boxes = _read(path)
    height, width = objects.size
    if boxes.size is not None and boxes.size != objects.size:
        h, w = boxes.size
        return f"it is of an image of {h}x{w}, the masks are {height}x{width} (height x width)"
    overlap = np.maximum(_overlap(objects.boxes, boxes.corners), _overlap(_grown(objects), boxes.corners))
    told = []
    for row, number in enumerate(objects.ids):
        name = classes[objects.labels[row]]
        place = _listed(objects.boxes[row])
        if overlap[row].max(initial=0) < _ALIKE:
            told.append(f"object {number} ({name}) at {place} has no box")
        elif not any(boxes.names[at] == name for at in np.flatnonzero(overlap[row] >= _ALIKE)):
            other = boxes.names[int(overlap[row].argmax())]
            told.append(f"object {number} at {place} is of class {name} in its mask, {other} in its box")
    for at, name in enumerate(boxes.names):
        x1, y1, x2, y2 = boxes.corners[at]
        small = min(x2 - x1, y2 - y1) < _SMALL
        # an object without a box of its own has told of it already
        if not (small or boxes.difficult[at] or told) and overlap[:, at].max(initial=0) < _ALIKE:
            told.append(f"the box of {name} at {_listed(boxes.corners[at])} has no object")
    if not told:
        return ""
    return told[0] + (f"; and {len(told) - 1} more like this" if len(told) > 1 else "")


def _read(path: Path) -> _Boxes:
    try:
        tree = ET.fromstring(path.read_bytes())
        names, corners, difficult = [], [], []
        for one in tree.findall("object"):
            sides = [float(one.findtext(f"bndbox/{side}") or "") for side in _SIDES]
            names.append((one.findtext("name") or "").strip())
            corners.append([sides[0] - 1, sides[1] - 1, *sides[2:]])
            difficult.append((one.findtext("difficult") or "0").strip() == "1")
        height, width = (int(tree.findtext(f"size/{side}") or 0) for side in ("height", "width"))
    except ET.ParseError as error:
        raise ValueError(f"broken xml: {error}") from None
    except ValueError:
        raise ValueError("a box or the size of the image is no number") from None
    size = (height, width) if height and width else None
    return _Boxes(names, np.array(corners, dtype=np.float64).reshape(-1, 4), difficult, size)


def _grown(objects: Objects) -> NDArray[np.float64]:
    """Boxes of the objects with the border around them."""
    height, width = objects.size
    grown = objects.boxes + np.array([-_BORDER, -_BORDER, _BORDER, _BORDER])
    cut: NDArray[np.float64] = np.clip(grown, 0, [width, height, width, height])
    return cut


def _overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each pair, `(N, M)`."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(-1)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - both
    shares: NDArray[np.float64] = both / np.maximum(union, 1e-9)
    return shares


def _listed(box: NDArray[np.float64]) -> str:
    return " ".join(f"{value:g}" for value in box) + " (x1 y1 x2 y2)"
