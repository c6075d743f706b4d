"""Pascal VOC's detection annotations: one xml per image, boxes in whole pixels counted from 1, both ends within.

VOC's box from xmin = 1 to xmax = 5 covers the first five pixels: x from 0 to 5 as COCO has it.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers import expat

from segladder.data.errors import DataError
from segladder.data.formats.annotations import (
    FLAGS,
    AnnotatedImage,
    AnnotatedObject,
    Annotations,
    Box,
    Reading,
    Writing,
    box_problem,
    image_name,
    image_size,
)
from segladder.data.formats.image_files import ImageFiles, file_size, require_folder
from segladder.data.formats.kept import NAME, Kept, kept_entry, read_kept, write_kept
from segladder.data.formats.lost import Loss
from segladder.data.progress import with_progress

FOLDER, PICTURES = "Annotations", "JPEGImages"

_NO_CROWDS = Loss("crowd is left out", "crowds are left out", "VOC xml has no crowds")
_BOXES_ONLY = Loss("mask becomes a box", "masks become boxes", "VOC xml holds boxes only")
_ROUNDED = Loss("box is rounded to whole pixels", "boxes are rounded to whole pixels", "VOC xml holds those")
_CUT = Loss("box is cut at its image's border", "boxes are cut at their images' borders", "VOC's boxes end there")
_PARTS = Loss("object's parts (head, hands, …) are left out", "objects' parts (head, hands, …) are left out")

_DEPTH = 3
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read(path: Path, reading: Reading) -> Annotations:
    """The xml files below `path/Annotations`, or below `path` itself.

    Args:
        path: a folder.
        reading: `images`, where sizes are missing; `classes`, where no `images.json` names them; without either, the
            classes are those that occur, sorted.

    Raises:
        DataError: no xml there. While reading: broken xml, an unknown class, a box that makes no sense; with line.
    """
    root = path.parent if path.name == FOLDER else path
    folder = root / FOLDER if (root / FOLDER).is_dir() else path
    files = sorted(folder.rglob("*.xml"))
    if not files:
        raise DataError(f"'{path}' holds no xml: '{FOLDER}/*.xml' was looked for. Point input at the folder above it.")
    kept = read_kept(root)
    pictures = reading.images or (root / PICTURES if (root / PICTURES).is_dir() else folder)
    source = _Source(folder, ImageFiles(require_folder(pictures, "images")), kept, reading)
    source.stated = f"'{root / NAME}'" if kept.categories else "classes="
    source.names = tuple(one.name for one in kept.categories) or reading.classes or source.occurring(files)
    return Annotations(
        categories=tuple(kept.category(name) for name in source.names),
        count=len(files),
        images=source.images(files),
        shapes=False,
        pictures=pictures,
    )


class _Source:
    """The xml files of one set on their way in."""

    names: tuple[str, ...] = ()
    stated: str = ""
    """Where the class names are from, for messages."""

    def __init__(self, folder: Path, pictures: ImageFiles, kept: Kept, reading: Reading) -> None:
        self.folder, self.pictures, self.kept, self.reading = folder, pictures, kept, reading

    def occurring(self, files: list[Path]) -> tuple[str, ...]:
        """Every class name that an object has, sorted."""
        found: set[str] = set()
        for file in with_progress(files, len(files), "looking for classes"):
            lines: dict[Any, int] = {}
            found |= {_text(one, "name", file, lines) for one in _parse(file, lines).findall("object")}
        return tuple(sorted(found))

    def images(self, files: list[Path]) -> Iterator[AnnotatedImage]:
        owners: dict[str, Path] = {}
        for file in files:
            image = self._image(file)
            if owners.setdefault(image.name, file) != file:
                raise DataError(
                    f"'{owners[image.name]}' and '{file}' are both of the image '{image.name}'. Take one away, or"
                    " correct its 'filename'."
                )
            yield image

    def _image(self, file: Path) -> AnnotatedImage:
        lines: dict[Any, int] = {}
        tree = _parse(file, lines)
        inside = file.relative_to(self.folder).parent
        stated = PurePosixPath((tree.findtext("filename") or file.stem).strip().replace("\\", "/")).name
        name = image_name((inside / stated).as_posix(), f"'{file}'")
        stem = (inside / file.stem).as_posix()
        kept = self.kept.images.get(stem)
        size = image_size(_number(tree.findtext("size/height")), _number(tree.findtext("size/width")))
        found = self.pictures.find(name) if size is None or not PurePosixPath(name).suffix else None
        if found is None and PurePosixPath(name).stem != file.stem:
            # a picture that was renamed together with its xml, whose text nobody changed
            found = self.pictures.find(stem)
        if found is not None:
            name = found.relative_to(self.pictures.folder).as_posix()
        if size is None and found is None:
            raise DataError(
                f"'{file}' does not say how large its image is, and '{self.pictures.folder / name}' is not there. Name"
                " the folder of images with images=DIR."
            )
        size = size or file_size(found or Path())
        objects = [self._object(one, size, file, lines) for one in tree.findall("object")]
        depth = _number(tree.findtext("size/depth"))
        return AnnotatedImage(
            name=kept.name if kept is not None else name,
            size=size,
            objects=[one for one in objects if one is not None],
            number=self.kept.number(stem),
            depth=int(depth) if depth in (1, 2, 3, 4) else None,
            file=found,
        )

    def _object(
        self, one: ET.Element, size: tuple[int, int], file: Path, lines: dict[Any, int]
    ) -> AnnotatedObject | None:
        lost = self.reading.lost
        where = f"'{file}' line {lines[one]}"
        name = _text(one, "name", file, lines)
        if name not in self.names:
            listed = f"{', '.join(self.names[:8])}{', …' if len(self.names) > 8 else ''}"
            lost.faulty(
                f"{where}: class '{name}' is none of {self.stated}: {listed}. Add it there, or correct the name."
            )
            return None
        box = one.find("bndbox")
        sides = [_number(box.findtext(side)) if box is not None else None for side in _SIDES]
        if box is None or None in sides:
            lost.faulty(f"{where}: object '{name}' has no bndbox of numbers xmin, ymin, xmax and ymax. Correct it.")
            return None
        x1, y1, x2, y2 = (float(side) for side in sides if side is not None)
        found: Box = (x1 - 1, y1 - 1, x2, y2)
        problem = box_problem(found, size)
        if problem:
            lost.faulty(f"'{file}' line {lines[box]}: object '{name}' {problem}. Correct it.")
            return None
        if one.find("part") is not None:
            lost.count(_PARTS)
        flags = {flag: (one.findtext(flag) or "").strip() for flag in FLAGS}
        return AnnotatedObject(
            label=self.names.index(name),
            box=found,
            flags={flag: text if flag == "pose" else 1 for flag, text in flags.items() if text not in ("", "0", _POSE)},
        )


_POSE = "Unspecified"


def write(annotations: Annotations, folder: Path, writing: Writing) -> None:
    """`Annotations/NAME.xml`, lists of names in `ImageSets/Main`, and `images.json`.

    Args:
        annotations: the set.
        folder: an empty one.
        writing: counts what is lost.
    """
    kept = []
    lists: dict[str, list[str]] = {}
    for image in annotations.images:
        path = folder / FOLDER / f"{image.stem}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        tree = _element(image, annotations.names, writing)
        ET.indent(tree)
        path.write_text(ET.tostring(tree, encoding="unicode") + "\n", encoding="utf-8")
        split, inside, _ = image.stem.partition("/")
        lists.setdefault(split if inside else "all", []).append(image.stem)
        kept.append(kept_entry(image))
    for split, stems in lists.items():
        path = folder / "ImageSets" / "Main" / f"{split}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{stem}\n" for stem in stems), encoding="utf-8")
    write_kept(folder, kept, annotations.categories)


def _element(image: AnnotatedImage, names: tuple[str, ...], writing: Writing) -> ET.Element:
    height, width = image.size
    tree = ET.Element("annotation")
    ET.SubElement(tree, "folder").text = PICTURES
    ET.SubElement(tree, "filename").text = PurePosixPath(image.name).name
    size = ET.SubElement(tree, "size")
    for key, value in (("width", width), ("height", height), ("depth", image.depth or _DEPTH)):
        ET.SubElement(size, key).text = str(value)
    ET.SubElement(tree, "segmented").text = "0"
    for one in image.objects:
        if one.crowd:
            writing.lost.count(_NO_CROWDS)
            continue
        if one.has_shape:
            writing.lost.count(_BOXES_ONLY)
        entry = ET.SubElement(tree, "object")
        ET.SubElement(entry, "name").text = names[one.label]
        ET.SubElement(entry, "pose").text = str(one.flags.get("pose", _POSE))
        for flag in ("truncated", "occluded", "difficult"):
            if flag != "occluded" or flag in one.flags:
                ET.SubElement(entry, flag).text = str(one.flags.get(flag, 0))
        box = ET.SubElement(entry, "bndbox")
        for side, value in zip(_SIDES, _whole_pixels(one.box, image.size, writing), strict=True):
            ET.SubElement(box, side).text = str(value)
    return tree


def _whole_pixels(box: Box, size: tuple[int, int], writing: Writing) -> list[int]:
    """First and last pixel, counted from 1, of x and y: the nearest box of whole pixels, of one at the least."""
    height, width = size
    inside = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height))
    if inside != box:
        writing.lost.count(_CUT)
    if any(side != int(side) for side in inside):
        writing.lost.count(_ROUNDED)
    first = [
        min(math.floor(side + 0.5), limit - 1) + 1 for side, limit in zip(inside[:2], (width, height), strict=True)
    ]
    last = [max(math.floor(side + 0.5), least) for side, least in zip(inside[2:], first, strict=True)]
    return first + last


def _parse(path: Path, lines: dict[Any, int]) -> ET.Element:
    """The xml's root; `lines` gets the line of each element."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        lines[builder.start(tag, attributes)] = parser.CurrentLineNumber

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise DataError(
            f"'{path}' line {error.lineno} is broken xml: {expat.errors.messages[error.code]}. Correct it, or take the"
            " file away."
        ) from None
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}.") from None
    tree = builder.close()
    if tree.tag != "annotation":
        raise DataError(f"'{path}' is no VOC annotation: it holds <{tree.tag}> instead of <annotation>. Take it away.")
    return tree


def _text(one: ET.Element, tag: str, path: Path, lines: dict[Any, int]) -> str:
    text = (one.findtext(tag) or "").strip()
    if not text:
        raise DataError(f"'{path}' line {lines[one]}: the object has no <{tag}>. Write its class there.")
    return text


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
