"""Images that a file of annotations names and that are not there: how many, and where they are instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segladder.data.errors import DataError
from segladder.data.readers.layouts import held


def missing_images(annotations: Path, missing: Sequence[Path], *, of: int | None = None) -> DataError:
    """The error of images that are not there.

    Args:
        annotations: the file that names them.
        missing: where they were looked for, at least one.
        of: how many it names; None where one was looked for.
    """
    first = missing[0]
    said = f"'{annotations}' names image '{first}', which is not there"
    if of is not None:
        said = f"'{annotations}' names {of:,} images, of which {len(missing):,} are not there, such as '{first}'"
    other = _lies_in(first)
    if other is not None:
        return DataError(
            f"{said}: it lies in '{other}'. Name annotations and images of the same split, by {{split}} in both:"
            ' "data.annotations=….json" and "data.images={split}".'
        )
    return DataError(f"{said}. Unpack the images completely, or take those out of the file.")


def no_folder(annotations: Path, folder: Path | None) -> DataError:
    """The error of images that are needed where nobody has said in which folder they are, or none is there."""
    where = "no data.root is given"
    if folder is not None:
        where = f"'{folder}' is not there"
        if folder.parent.is_dir():
            where += f" ('{folder.parent}' {held(folder.parent)})"
    return DataError(
        f"The images of '{annotations}' are needed, but {where}. Set data.root to the folder that holds them,"
        ' and data.images to their folder below it, such as "data.images={split}".'
    )


def _lies_in(image: Path) -> Path | None:
    """A folder beside the one that was looked in, with an image of that name."""
    above = image.parent.parent
    folders = sorted(path for path in above.iterdir() if path.is_dir()) if above.is_dir() else []
    return next((folder for folder in folders if (folder / image.name).is_file()), None)
