"""Which image and label files make up a split of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from segladder.data.errors import DataError
from segladder.data.images import SUFFIXES


@dataclass(frozen=True)
class Pair:
    """One image and its label file."""

    image_id: str
    """The image's path below `images/` without its suffix, with forward slashes."""
    image: Path
    label: Path


class Tree:
    """The picture files below one folder, found by their path without suffix. Listed once, on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, list[Path]] | None = None

    @property
    def files(self) -> dict[str, list[Path]]:
        if self._files is None:
            self._files = {}
            for path in _pictures(self.folder):
                stem = path.relative_to(self.folder).with_suffix("").as_posix()
                self._files.setdefault(stem, []).append(path)
        return self._files

    def below(self, split: str) -> list[str]:
        """Stems in the split's own folder, sorted."""
        return sorted(stem for stem in self.files if stem.startswith(f"{split}/"))

    def find(self, entry: str, split: str) -> str | None:
        """The stem that an entry of a split file means: its own split's folder first, then the whole tree."""
        for stem in (f"{split}/{entry}", entry, f"{split}/{PurePosixPath(entry).name}"):
            if stem in self.files:
                return stem
        return None

    def path(self, stem: str) -> Path:
        """The file of this stem.

        Raises:
            DataError: two files share it.
        """
        paths = sorted(self.files[stem])
        if len(paths) > 1:
            raise DataError(
                f"'{paths[0]}' and '{paths[1]}' differ only in their suffix, so it is not clear which one is"
                " meant. Take one away."
            )
        return paths[0]


def find_pairs(root: Path, split: str, *, images: Tree, labels: Tree) -> list[Pair] | None:
    """The pairs of a split: those listed in `root/splits/<split>.txt`, else all below `root/images/<split>`.

    A split file lists one entry per line: a stem (`0001TP_006690`) or a path below `images/` or the root,
    with or without suffix. Blank lines, and Windows line ends are fine.

    Returns:
        Pairs in the order of the file, or sorted by path; None where the root has no such split.

    Raises:
        DataError: an empty split, an entry without image, an image without label, a label without image.
    """
    listing = root / "splits" / f"{split}.txt"
    if listing.is_file():
        return _listed(listing, root, split, images, labels)
    folder = images.folder / split
    if not folder.is_dir():
        return None
    stems = images.below(split)
    if not stems:
        raise DataError(
            f"Split '{split}' is empty: '{folder}' holds no picture ({', '.join(sorted(SUFFIXES)[:6])}, ...)."
            " Put images there."
        )
    unlabelled = [stem for stem in stems if stem not in labels.files]
    if unlabelled:
        raise _unlabelled(images.path(unlabelled[0]), labels.folder / unlabelled[0], len(unlabelled), len(stems))
    orphans = [stem for stem in labels.below(split) if stem not in images.files]
    if orphans:
        raise DataError(
            f"Label '{labels.path(orphans[0])}' has no image ('{images.folder / orphans[0]}.*' is missing);"
            f" {len(orphans)} of {len(labels.below(split))} labels are so. Add the images, or take the labels"
            " away."
        )
    return [Pair(stem, images.path(stem), labels.path(stem)) for stem in stems]


def _listed(listing: Path, root: Path, split: str, images: Tree, labels: Tree) -> list[Pair]:
    pairs: list[Pair] = []
    seen: dict[str, int] = {}
    lines = listing.read_text(encoding="utf-8-sig").splitlines()
    entries = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise DataError(f"Split '{split}' is empty: '{listing}' lists nothing. Write one image name per line.")
    for number, line in entries:
        entry = _stem(line)
        found = images.find(entry, split)
        if found is None:
            raise DataError(
                f"'{listing}' line {number} lists '{line}', but there is no such image below"
                f" '{images.folder}' (nor in its folder '{split}'). Add it, or take the line out."
            )
        if found in seen:
            raise DataError(
                f"'{listing}' lists '{line}' twice, in lines {seen[found]} and {number}. Take one of them out."
            )
        seen[found] = number
        label = found if found in labels.files else labels.find(entry, split)
        if label is None:
            raise _unlabelled(images.path(found), labels.folder / found, 1, len(entries))
        pairs.append(Pair(found, images.path(found), labels.path(label)))
    return pairs


def _stem(line: str) -> str:
    """`images/train/a.jpg`, `train\\a.jpg`, `a.jpg` and `a` are all names for one image."""
    path = PurePosixPath(line.replace("\\", "/"))
    if path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    if path.parts[:1] == ("images",):
        path = path.relative_to("images")
    return path.as_posix()


def _unlabelled(image: Path, label: Path, count: int, total: int) -> DataError:
    share = f" {count} of {total} images are so." if count > 1 else ""
    return DataError(
        f"Image '{image}' has no label: '{label}.png' (or another picture of that name) is missing.{share}"
        " Add the label, or take the image out of the split."
    )


def _pictures(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(directory, name)
