"""From one annotation format to another: read, pick, check, count and write, image by image."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from segladder.data.errors import DataError
from segladder.data.formats import format_of
from segladder.data.formats.annotations import AnnotatedImage, Annotations, Reading, Writing
from segladder.data.formats.lost import Loss, Lost
from segladder.data.formats.whole_folder import whole_folder
from segladder.data.progress import with_progress

Pictures = Literal["none", "copy", "link"]

_OTHER_CLASSES = Loss(
    "object of another class is left out", "objects of other classes are left out", "classes= does not name theirs"
)


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What came of a conversion."""

    images: int
    objects: int
    classes: int
    losses: list[str]


def convert(
    source: Path,
    output: Path,
    *,
    from_: str,
    to: str,
    images: Path | None = None,
    classes: tuple[str, ...] | None = None,
    only: Path | None = None,
    polygons: bool | None = None,
    pictures: Pictures = "none",
    skip_faulty: bool = False,
    overwrite: bool = False,
) -> Converted:
    """Converts a set; `output` holds all of it afterwards, or is as it was.

    Args:
        source: file or folder of the annotations.
        output: folder, may be there.
        from_: one of `FORMATS`.
        to: one of `FORMATS`.
        images: folder of the image files, where it cannot be told from `source`.
        classes: classes to keep, in this order; the class names where the source does not name them.
        only: a text file of image names, one a line, with or without suffix; others are left out.
        polygons: for YOLO: polygons or boxes; None for what the source has.
        pictures: whether image files are copied or linked to where the new layout has them.
        skip_faulty: whether objects that make no sense are left out instead of refused.
        overwrite: whether files in `output` may be replaced.

    Raises:
        DataError: anything that does not make sense, with file and line.
    """
    lost = Lost(skip_faulty=skip_faulty)
    found = format_of(from_).read(source, Reading(lost=lost, images=images, classes=classes))
    if classes is not None and found.names != classes:
        found = _picked(found, classes, lost)
    if only is not None:
        found = replace(found, images=_listed(found, only))
    goal = format_of(to)
    with whole_folder(output, overwrite=overwrite) as folder:
        passing = _Passing(found)
        if pictures != "none":
            placing = _Placing(found.pictures, folder / goal.pictures, output / goal.pictures, link=pictures == "link")
            passing.then = placing.place
        goal.write(replace(found, images=passing), folder, Writing(lost=lost, polygons=polygons))
    return Converted(
        images=len(passing.stems), objects=passing.objects, classes=len(found.names), losses=lost.sentences()
    )


class _Passing:
    """The images on their way from reader to writer, counted."""

    def __init__(self, found: Annotations) -> None:
        self._found = found
        self.stems: dict[str, str] = {}
        """Name without suffix -> name."""
        self.objects = 0
        self.then: Callable[[AnnotatedImage], None] | None = None

    def __iter__(self) -> Iterator[AnnotatedImage]:
        for image in with_progress(self._found.images, self._found.count, "converting"):
            other = self.stems.setdefault(image.stem, image.name)
            if other != image.name:
                raise DataError(
                    f"The images '{other}' and '{image.name}' differ in their suffix alone, so both would have the same"
                    " annotation file. Rename one."
                )
            self.objects += len(image.objects)
            if self.then is not None:
                self.then(image)
            yield image


class _Placing:
    """Brings image files to where the new layout has them."""

    def __init__(self, source: Path | None, folder: Path, final: Path, *, link: bool) -> None:
        """
        Args:
            source: the folder that image names are below, where it is known.
            folder: where to put them.
            final: where that folder will lie.
            link: whether to link instead of to copy.
        """
        self.source, self.folder, self.final, self.link = source, folder, final, link

    def place(self, image: AnnotatedImage) -> None:
        file = image.file
        if file is None and self.source is not None:
            file = self.source / image.name
        if file is None or not file.is_file():
            where = f"'{file}' is not there" if file is not None else "nothing says where it lies"
            raise DataError(
                f"Image '{image.name}' cannot be brought along: {where}. Name the folder of images with images=DIR, or"
                " leave pictures= out."
            )
        if (self.final / image.name).exists() and (self.final / image.name).samefile(file):
            return
        path = self.folder / image.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.link:
            path.symlink_to(file.resolve())
        else:
            shutil.copyfile(file, path)


def _picked(found: Annotations, classes: tuple[str, ...], lost: Lost) -> Annotations:
    """The set with these classes alone, in this order."""
    unknown = [name for name in classes if name not in found.names]
    if unknown:
        listed = f"{', '.join(found.names[:12])}{', …' if len(found.names) > 12 else ''}"
        raise DataError(f"classes= names '{unknown[0]}', which is no class of this set. It has {listed}.")
    label_of = {found.names.index(name): label for label, name in enumerate(classes)}

    def images() -> Iterator[AnnotatedImage]:
        for image in found.images:
            kept = [one for one in image.objects if one.label in label_of]
            lost.count(_OTHER_CLASSES, len(image.objects) - len(kept))
            for one in kept:
                one.label = label_of[one.label]
            image.objects = kept
            yield image

    return replace(found, categories=tuple(found.categories[old] for old in label_of), images=images())


def _listed(found: Annotations, only: Path) -> Iterator[AnnotatedImage]:
    """The images that a text file names, one a line, with or without suffix."""
    try:
        lines = only.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"only={only} cannot be read: {error}. Name a text file with an image name a line.") from None
    wanted = {line.strip().replace("\\", "/"): number for number, line in enumerate(lines, 1) if line.strip()}
    if not wanted:
        raise DataError(f"only={only} names no image. Write one name a line.")
    seen: set[str] = set()
    for image in found.images:
        names = {image.name, image.stem} & wanted.keys()
        seen |= names
        if names:
            yield image
    lacking = [name for name in wanted if name not in seen]
    if lacking:
        raise DataError(
            f"'{only}' line {wanted[lacking[0]]} names '{lacking[0]}', which is no image of this set. Correct it, or"
            " take the line out."
        )
