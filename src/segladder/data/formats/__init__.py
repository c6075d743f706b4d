"""Annotation formats and the ways between them: `segladder data convert`.

Every format is a module here with `read` and `write` in terms of `annotations.Annotations`, so that each pair of
formats is two halves that meet in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segladder.data.formats.annotations import Annotations, Reading, Writing

FORMATS = {
    "voc": ("voc_xml", "Pascal VOC xml", "JPEGImages"),
    "yolo": ("yolo_txt", "YOLO txt", "images"),
    "coco": ("coco_json", "COCO json", "images"),
    "ids": ("id_maps", "id maps", "images"),
}
"""Word -> module, what people call it, and the folder of its layout that holds the images."""


@dataclass(frozen=True)
class Format:
    """One annotation format."""

    title: str
    pictures: str
    """The folder of its layout that holds the images."""
    read: Callable[[Path, Reading], Annotations]
    write: Callable[[Annotations, Path, Writing], None]


def format_of(word: str) -> Format:
    """The format that a word of `FORMATS` means."""
    module, title, pictures = FORMATS[word]
    home = import_module(f"{__name__}.{module}")
    return Format(title, pictures, home.read, home.write)
