"""Sets in the neutral form, and the way through a format and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from segladder.data.formats import format_of
from segladder.data.formats.annotations import AnnotatedImage, Annotations, Category, Reading, Writing
from segladder.data.formats.lost import Lost


def as_set(images: Sequence[AnnotatedImage], names: Sequence[str] = ("cat", "dog")) -> Annotations:
    shapes = any(one.has_shape for image in images for one in image.objects)
    categories = tuple(Category(name=name) for name in names)
    return Annotations(categories=categories, count=len(images), images=iter(images), shapes=shapes)


def there_and_back(word: str, found: Annotations, folder: Path) -> tuple[Annotations, Lost]:
    lost = Lost()
    format_of(word).write(found, folder, Writing(lost=lost))
    back = format_of(word).read(folder, Reading(lost=Lost()))
    back.images = list(back.images)
    return back, lost


@pytest.fixture
def through(tmp_path: Path) -> Callable[..., tuple[Annotations, Lost]]:
    """`through(word, images, names)` writes a set in a format and reads it again."""

    def pass_through(word: str, images: Sequence[AnnotatedImage], names: Sequence[str] = ("cat", "dog")):
        folder = tmp_path / word
        folder.mkdir()
        return there_and_back(word, as_set(images, names), folder)

    return pass_through


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[AnnotatedImage]]:
    """`read(word, path, **reading)` reads a set to its end."""

    def read_all(word: str, path: Path, *, skip_faulty: bool = False, **reading):
        found = format_of(word).read(path, Reading(lost=Lost(skip_faulty=skip_faulty), **reading))
        found.images = list(found.images)
        return found

    return read_all
