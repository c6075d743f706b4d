"""Files that differ in their suffix alone: whether it matters which one is meant."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.decoding.images import SUFFIXES
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.file_view import FileView, named


def unclear_samples(checkup: Checkup) -> set[tuple[str, int]]:
    """Split and index of the samples one of whose files has a namesake with other pixels."""
    told = {finding.file for group in checkup.groups if group.kind == "double-name" for finding in group.findings}
    files = [(place, path) for place, path, name in _files(checkup) if name in told] if told else []
    return {place for place, path in files if not _alike(path)}


def files_of(checkup: Checkup, samples: Container[tuple[str, int]]) -> set[str]:
    """What the files of some samples are called, by split and index."""
    return {name for place, _, name in _files(checkup) if place in samples}


def _files(checkup: Checkup) -> Iterator[tuple[tuple[str, int], Path, str]]:
    """Split and index, path and name of each file that belongs to a sample."""
    for split in checkup.survey.splits:
        view = split.view
        for index, pair in enumerate(view.pairs if isinstance(view, FileView) else ()):
            for path in filter(None, (pair.image, pair.label, pair.ids)):
                yield (split.name, index), path, named(path, checkup.survey.root)


def _alike(path: Path) -> bool:
    """Whether all files of that name hold the same pixels."""
    others = [other for other in path.parent.iterdir() if other.stem == path.stem and other.suffix.lower() in SUFFIXES]
    pictures = [_pixels(other) for other in others]
    first = pictures[0]
    return first is not None and all(other is not None and np.array_equal(first, other) for other in pictures)


def _pixels(path: Path) -> NDArray[Any] | None:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image))
    except Exception:  # whatever Pillow's plug-ins raise on broken files
        return None
