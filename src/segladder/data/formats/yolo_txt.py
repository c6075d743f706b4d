"""YOLO's labels: one txt per image, a line per object, coordinates as shares of the image's width and height.

`class cx cy w h` is a box by its centre, `class x1 y1 x2 y2 x3 y3 …` a polygon. The txt of images/train/a.jpg is
labels/train/a.txt; an image without objects has an empty one, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from segladder.data.errors import DataError
from segladder.data.formats.annotations import (
    AnnotatedImage,
    AnnotatedObject,
    Annotations,
    Box,
    Reading,
    Writing,
    box_of_polygons,
    box_problem,
)
from segladder.data.formats.image_files import ImageFiles, file_size, require_folder
from segladder.data.formats.kept import Kept, kept_entry, read_kept, write_kept
from segladder.data.formats.lost import Loss
from segladder.data.formats.yolo_files import LABELS, PICTURES, label_files, root_and_names, without

_NO_CROWDS = Loss("crowd is left out", "crowds are left out", "YOLO has no crowds")
_NO_FLAGS = Loss(
    "object is no longer marked as difficult, truncated or the like",
    "objects are no longer marked as difficult, truncated or the like",
    "YOLO has no such marks",
)
_BOXES = Loss("mask becomes a box", "masks become boxes", "shapes=boxes")
_CORNERS = Loss(
    "box becomes a polygon of four corners",
    "boxes become polygons of four corners",
    "a YOLO set holds either boxes or polygons",
)
_JOINED = Loss(
    "object of several parts or with holes is drawn as one line through them all",
    "objects of several parts or with holes are drawn as one line through them all",
    "a YOLO object is one polygon; it fills to the same pixels",
)
_BOX_FOLLOWS = Loss(
    "annotated box gives way to the one around its polygon",
    "annotated boxes give way to those around their polygons",
    "a YOLO object has its polygon alone",
)
_CUT = Loss(
    "object is cut at its image's border",
    "objects are cut at their images' borders",
    "YOLO's coordinates end there",
)

_DIGITS = 10
"""Of a share: half a thousandth of a thousandth of a pixel at 10,000 pixels."""

_PIXEL_DIGITS = 5
"""Coordinates that were rounded to shares come back as they were, as long as they had no more digits than this."""

_BOX = 5
"""Numbers in the line of a box."""

_NEAR = 0.05
"""Pixels by which an annotated box and the one around its polygon may differ without a word: COCO rounds to 0.01."""

_FARTHEST = 10
"""Shares beyond this are pixels that somebody wrote."""


def read(path: Path, reading: Reading) -> Annotations:
    """A folder with data.yaml (or classes.txt), labels/ and images/, above or below the folders of splits.

    Args:
        path: the folder, its `labels/`, or its yaml file.
        reading: `images`, the folder of images, where they do not lie beside the labels; `classes`, where no file
            names them.

    Raises:
        DataError: no txt, no class names, no image for a txt. While reading: a line that makes no sense.
    """
    root, names, stated = root_and_names(path, reading.classes)
    labels = label_files(root)
    kept = read_kept(root)
    apart = any(LABELS in file.relative_to(root).parts for file in labels.values())
    pictures = require_folder(reading.images, "images") if reading.images else root
    files = {
        stem if reading.images else without(stem, PICTURES): pictures / name
        for stem, name in ImageFiles(pictures).names.items()
        if reading.images or not apart or PICTURES in PurePosixPath(stem).parts
    }
    stems = sorted({*labels, *files, *kept.images})
    source = _Source(files, kept, reading, names, stated)
    return Annotations(
        categories=tuple(kept.category(name) for name in names),
        count=len(stems),
        images=(source.image(stem, labels.get(stem)) for stem in stems),
        shapes=any(len(line.split()) > _BOX for file in labels.values() for line in _lines(file)),
        pictures=reading.images or (root / PICTURES if (root / PICTURES).is_dir() else root),
    )


class _Source:
    """The txt files of one set on their way in."""

    def __init__(
        self, files: dict[str, Path], kept: Kept, reading: Reading, names: tuple[str, ...], stated: str
    ) -> None:
        self.files, self.kept, self.reading, self.names, self.stated = files, kept, reading, names, stated

    def image(self, stem: str, labels: Path | None) -> AnnotatedImage:
        file, kept = self.files.get(stem), self.kept.images.get(stem)
        if file is not None:
            size = file_size(file)
        elif kept is not None:
            size = kept.size
        else:
            raise DataError(
                f"'{labels}' has no image '{stem}.*', whose size its shares are of. Name the folder of images with"
                " images=DIR."
            )
        objects = []
        for number, line in enumerate(_lines(labels) if labels is not None else (), 1):
            if line.strip():
                one = self._object(line, size, f"'{labels}' line {number}")
                objects += [] if one is None else [one]
        name = f"{stem}{file.suffix if file is not None else ''}"
        return AnnotatedImage(
            name=name if kept is None else kept.name,
            size=size,
            objects=objects,
            number=self.kept.number(stem),
            file=file,
        )

    def _object(self, line: str, size: tuple[int, int], where: str) -> AnnotatedObject | None:
        try:
            label, *shares = [float(word) for word in line.split()]
        except ValueError:
            raise DataError(
                f"{where} holds '{line.strip()[:40]}', which are not all numbers. Write 'class cx cy w h' or 'class x1"
                " y1 x2 y2 x3 y3 …'."
            ) from None
        lost = self.reading.lost
        if label not in range(len(self.names)):
            lost.faulty(
                f"{where}: class {label:g} is none of the {len(self.names)} of {self.stated} (0 to"
                f" {len(self.names) - 1}). Name it there, or correct the line."
            )
            return None
        if len(shares) != 4 and (len(shares) < 6 or len(shares) % 2):
            hint = " The sixth may be the score of a prediction: take it away." if len(shares) == 5 else ""
            lost.faulty(
                f"{where} holds {len(shares) + 1} numbers: a box has 5, a polygon of n points 2n + 1 with n from 3."
                f" Correct the line.{hint}"
            )
            return None
        height, width = size
        if len(shares) == 4:
            cx, cy, w, h = shares
            corners = ((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
            x1, y1, x2, y2 = (_pixels(side) for side in corners)
            box: Box = (x1, y1, x2, y2)
            polygons = None
        else:
            polygons = [[_pixels(share * (height if odd % 2 else width)) for odd, share in enumerate(shares)]]
            box = box_of_polygons(polygons)
        problem = box_problem(box, size)
        if problem is None and max(map(abs, shares)) > _FARTHEST:
            problem = f"lies far outside its image: {max(shares, key=abs):g} is no share of its width or height"
        if problem:
            lost.faulty(f"{where}: the object {problem}. Coordinates are shares from 0 to 1.")
            return None
        return AnnotatedObject(label=int(label), box=box, polygons=polygons)


def write(annotations: Annotations, folder: Path, writing: Writing) -> None:
    """`labels/NAME.txt`, `data.yaml` and `images.json`.

    Args:
        annotations: the set.
        folder: an empty one.
        writing: `polygons`; counts what is lost.

    Raises:
        DataError: two images differ in their suffix alone.
    """
    polygons = annotations.shapes if writing.polygons is None else writing.polygons
    kept: list[dict[str, Any]] = []
    splits: set[str] = set()
    for image in annotations.images:
        path = folder / LABELS / f"{image.stem}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [_line(one, image.size, polygons, writing) for one in image.objects if not _left_out(one, writing)]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        kept.append(kept_entry(image))
        split, inside, _ = image.stem.partition("/")
        splits.add(split if inside else "")
    write_kept(folder, kept, annotations.categories)
    _write_yaml(folder / "data.yaml", annotations.names, splits)


def _write_yaml(path: Path, names: tuple[str, ...], splits: set[str]) -> None:
    import yaml

    published = [split for split in ("train", "val", "test") if split in splits]
    content: dict[str, Any] = {split: f"{PICTURES}/{split}" for split in published}
    # whoever trains needs both, and a set without splits is its own validation
    content = {"train": PICTURES, "val": content.get("train", PICTURES)} | content
    content["names"] = dict(enumerate(names))
    text = "# Class names by index; paths are relative to this file's folder.\n"
    path.write_text(text + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _left_out(one: AnnotatedObject, writing: Writing) -> bool:
    if one.crowd:
        writing.lost.count(_NO_CROWDS)
    elif one.flags:
        writing.lost.count(_NO_FLAGS)
    return one.crowd


def _line(one: AnnotatedObject, size: tuple[int, int], polygons: bool, writing: Writing) -> str:
    height, width = size
    lost = writing.lost
    if not polygons:
        if one.has_shape:
            lost.count(_BOXES)
        x1, y1, x2, y2 = _inside(one.box, size)
        if (x1, y1, x2, y2) != one.box:
            lost.count(_CUT)
        shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
    else:
        if one.has_shape:
            from segladder.data.formats.outlines import one_outline

            outline, joined = one_outline(one, size)
            if joined:
                lost.count(_JOINED)
            around = box_of_polygons([outline])
            if max(abs(side - other) for side, other in zip(one.box, around, strict=True)) > _NEAR:
                lost.count(_BOX_FOLLOWS)
        else:
            x1, y1, x2, y2 = one.box
            outline = [x1, y1, x2, y1, x2, y2, x1, y2]
            lost.count(_CORNERS)
        cut = _inside(outline, size)
        if cut != tuple(outline):
            lost.count(_CUT)
        shares = [side / (height if odd % 2 else width) for odd, side in enumerate(cut)]
    return " ".join([str(one.label), *(f"{share:.{_DIGITS}f}".rstrip("0").rstrip(".") for share in shares)])


def _inside(points: Sequence[float], size: tuple[int, int]) -> tuple[float, ...]:
    """x y x y …, moved to the image's border where they lie beyond it."""
    height, width = size
    if min(points) >= 0 and max(points[0::2]) <= width and max(points[1::2]) <= height:
        return tuple(points)
    return tuple(min(max(side, 0.0), height if odd % 2 else width) for odd, side in enumerate(points))


def _pixels(value: float) -> float:
    return round(value, _PIXEL_DIGITS)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as text: {error}. Write it again, or take it away.") from None
