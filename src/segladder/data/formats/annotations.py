"""What every annotation format says in its own way: images and their objects, in one neutral form.

Coordinates are those of COCO: pixels as real numbers from the image's upper left corner, so that a box over the
first pixel alone is (0, 0, 1, 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from segladder.data.errors import DataError
from segladder.data.formats.lost import Lost
from segladder.types import Rle

Box = tuple[float, float, float, float]
"""x1 y1 x2 y2 in pixels; right and bottom edge, not the last pixel."""

FLAGS = ("difficult", "truncated", "occluded", "pose")
"""What VOC says of an object beside its class and box; 0 or "Unspecified" unless said."""


@dataclass(slots=True, kw_only=True)
class AnnotatedObject:
    """One object of an image; it has polygons, or a mask, or its box alone."""

    label: int
    """Index into `Annotations.categories`."""
    box: Box
    polygons: list[list[float]] | None = None
    """x y x y … of each part; a pixel belongs to the object where it lies in any part (COCO's rule)."""
    mask: Rle | None = None
    crowd: bool = False
    """Whether it stands for many objects that nobody told apart."""
    flags: dict[str, Any] = field(default_factory=dict)
    """Those of `FLAGS` that are set."""
    area: float | None = None
    """As annotated, in pixels; None where the format has none."""
    number: int | None = None
    """As annotated; None where the format does not number objects."""

    @property
    def has_shape(self) -> bool:
        return self.polygons is not None or self.mask is not None


@dataclass(slots=True, kw_only=True)
class AnnotatedImage:
    """One image file and what is on it."""

    name: str
    """Path below the folder of images, with forward slashes and suffix."""
    size: tuple[int, int]
    """Height and width in pixels."""
    objects: list[AnnotatedObject]
    number: int | str | None = None
    """As annotated; None where the format does not number images."""
    depth: int | None = None
    """Channels, where the format says."""
    file: Path | None = None
    """Where the image lies, as far as the reader had to know."""

    @property
    def stem(self) -> str:
        """The name without suffix: what the annotation file of a single image is called."""
        return PurePosixPath(self.name).with_suffix("").as_posix()


@dataclass(frozen=True, kw_only=True)
class Category:
    """A class of objects."""

    name: str
    number: int | None = None
    """COCO's category id; None where the format has none."""
    group: str | None = None
    """COCO's supercategory."""


@dataclass(kw_only=True)
class Annotations:
    """A whole set, read image by image."""

    categories: tuple[Category, ...]
    count: int
    """Number of images."""
    images: Iterable[AnnotatedImage]
    """Can be gone through once."""
    shapes: bool
    """Whether objects have masks or polygons, as far as a format has both kinds."""
    pictures: Path | None = None
    """The folder that image names are below, where it is known."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(category.name for category in self.categories)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a set is to be read."""

    lost: Lost
    images: Path | None = None
    """The folder of images, where the user named it."""
    classes: tuple[str, ...] | None = None
    """As typed; for a format that does not name its classes, their names in order."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a set is to be written."""

    lost: Lost
    polygons: bool | None = None
    """YOLO: polygons or boxes; None for polygons where the source has shapes."""


def image_name(text: object, where: object) -> str:
    """The image's path below its folder as this form has it, from what a file says.

    Args:
        text: what it says.
        where: file and line; `str()` of it is asked for in case of need alone.

    Raises:
        DataError: no text, an absolute path, or one that leads out of the folder.
    """
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where} names no image: its file name is {text!r}. Give the path below the images' folder.")
    path = PurePosixPath(text.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(text).drive or ".." in path.parts or path == PurePosixPath():
        raise DataError(
            f"{where} names the image '{text}', which does not lie below a folder of images. Write its path below that"
            " folder, such as 'train/0001.jpg'."
        )
    return path.as_posix()


def image_size(height: object, width: object) -> tuple[int, int] | None:
    """Height and width where both are whole numbers above 0, else None."""
    sides = []
    for side in (height, width):
        if isinstance(side, bool) or not isinstance(side, int | float) or side != side or side in (math.inf, -math.inf):
            return None
        if side < 1 or side != int(side):
            return None
        sides.append(int(side))
    return sides[0], sides[1]


def box_problem(box: Box, size: tuple[int, int]) -> str | None:
    """What is wrong with a box, as the rest of a sentence about its object; None where it is sound.

    A box may reach beyond its image, but must hold part of it.
    """
    x1, y1, x2, y2 = box
    height, width = size
    shown = f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}"
    if not all(math.isfinite(side) for side in box):
        return f"has a box of no finite numbers ({shown})"
    if x2 <= x1 or y2 <= y1:
        return f"has a box without area ({shown})"
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        return f"has a box outside its image of {width}x{height} pixels ({shown})"
    return None


def box_of_polygons(polygons: Iterable[list[float]]) -> Box:
    """The box around all points."""
    flat = [polygon for polygon in polygons if polygon]
    return (
        min(min(polygon[0::2]) for polygon in flat),
        min(min(polygon[1::2]) for polygon in flat),
        max(max(polygon[0::2]) for polygon in flat),
        max(max(polygon[1::2]) for polygon in flat),
    )
