"""Run-length masks: objects as runs of pixels instead of whole maps, from network output to score.

An `Rle` is a hundredth of its map's size, and area, box and overlap are read from it directly. The strings are
COCO's, byte for byte what pycocotools writes. Names load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segladder.masks.encoding import encode, from_id_map
    from segladder.masks.measure import areas, boxes, iou
    from segladder.masks.objects import objects_of
    from segladder.masks.painting import decode, paint, paint_found
    from segladder.masks.partitioning import partition
    from segladder.masks.pasting import paste
    from segladder.masks.segments import pixels_of_ids, segments_of
    from segladder.masks.written import from_compressed, from_polygons, from_uncompressed

_HOMES = {
    "areas": "measure",
    "boxes": "measure",
    "decode": "painting",
    "encode": "encoding",
    "from_compressed": "written",
    "from_id_map": "encoding",
    "from_polygons": "written",
    "from_uncompressed": "written",
    "iou": "measure",
    "objects_of": "objects",
    "paint": "painting",
    "paint_found": "painting",
    "partition": "partitioning",
    "paste": "pasting",
    "pixels_of_ids": "segments",
    "segments_of": "segments",
}

__all__ = [
    "areas",
    "boxes",
    "decode",
    "encode",
    "from_compressed",
    "from_id_map",
    "from_polygons",
    "from_uncompressed",
    "iou",
    "objects_of",
    "paint",
    "paint_found",
    "partition",
    "paste",
    "pixels_of_ids",
    "segments_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
