"""Which image and label files make up a split of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from segladder.data.decoding.images import SUFFIXES
from segladder.data.errors import DataError
from segladder.data.readers.files import Pair


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


def find_pairs(
    root: Path, split: str, *, images: Tree, labels: Tree, ids: Tree | None = None, labels_alone: bool = False
) -> list[Pair] | None:
    """The pairs of a split: those listed in `root/splits/<split>.txt`, else all below `root/images/<split>`.

    A split file lists one entry per line: a stem (`0001TP_006690`) or a path below `images/` or the root,
    with or without suffix. Blank lines, and Windows line ends are fine.

    Args:
        root: the data set's folder.
        split: the split's name.
        images: what lies below `images/`.
        labels: the label files, found by the image's path.
        ids: the id maps, likewise; None where they are not wanted.
        labels_alone: images may be missing.

    Returns:
        Pairs in the order of the file, or sorted by path, `label` and `ids` None where there is none; None where the
        root has no such split.

    Raises:
        DataError: an empty split, an entry without image, a label or an id map without image.
    """
    listing = root / "splits" / f"{split}.txt"
    if listing.is_file():
        return _listed(listing, root, split, images, labels, ids, labels_alone=labels_alone)
    folder = images.folder / split
    if labels_alone and not folder.is_dir():
        folder = labels.folder / split
    if not folder.is_dir():
        return None
    stems = sorted({*images.below(split), *labels.below(split)}) if labels_alone else images.below(split)
    if not stems:
        raise DataError(
            f"Split '{split}' is empty: '{folder}' holds no picture ({', '.join(sorted(SUFFIXES)[:6])}, ...)."
            " Put images there."
        )
    if not labels_alone:
        _refuse_orphans(split, images, labels, "label")
    if ids is not None and not labels_alone:
        _refuse_orphans(split, images, ids, "id map")
    return [Pair(stem, _image(images, stem), _at(labels, stem), _at(ids, stem)) for stem in stems]


def require_labels(pairs: Sequence[Pair], *, labels: Path, suffix: str = "") -> None:
    """Refuses images without label among others that have one.

    Args:
        pairs: the split.
        labels: the folder where labels are looked for.
        suffix: how the label's file name goes on after the image's id, for the message.

    Raises:
        DataError: names the first such image, and how many there are.
    """
    lacking = [pair for pair in pairs if pair.label is None]
    if lacking:
        share = f" {len(lacking)} of {len(pairs)} images are so." if len(lacking) > 1 else ""
        wanted = f"'{labels / lacking[0].image_id}{suffix or '.png'}'"
        raise DataError(
            f"Image '{lacking[0].image}' has no label: {wanted}{'' if suffix else ' (or another picture of that name)'}"
            f" is missing.{share} Add the label, or take the image out of the split."
        )


def require_ids(pairs: Sequence[Pair], *, ids: Path, suffix: str = "") -> None:
    """Refuses labelled images without an id map of their objects.

    Args:
        pairs: the split, each with a label.
        ids: the folder where id maps are looked for.
        suffix: see `require_labels`.

    Raises:
        DataError: names the first such image, and how many there are.
    """
    lacking = [pair for pair in pairs if pair.ids is None]
    if lacking:
        share = f" {len(lacking)} of {len(pairs)} images are so." if len(lacking) > 1 else ""
        raise DataError(
            f"Image '{lacking[0].image}' has a label but no id map that tells its objects apart:"
            f" '{ids / lacking[0].image_id}{suffix or '.png'}' is missing.{share} Add it (all 0 if there is none), or"
            " take the image out of the split."
        )


def _refuse_orphans(split: str, images: Tree, tree: Tree, what: str) -> None:
    orphans = [stem for stem in tree.below(split) if stem not in images.files]
    if orphans:
        raise DataError(
            f"{what.capitalize()} '{tree.path(orphans[0])}' has no image ('{images.folder / orphans[0]}.*' is missing);"
            f" {len(orphans)} of {len(tree.below(split))} {what}s are so. Add the images, or take the {what}s away."
        )


def _at(tree: Tree | None, stem: str | None) -> Path | None:
    return tree.path(stem) if tree is not None and stem is not None and stem in tree.files else None


def _image(images: Tree, stem: str) -> Path:
    """The image's file, or where it would lie."""
    return images.path(stem) if stem in images.files else images.folder / f"{stem}.png"


def _listed(
    listing: Path,
    root: Path,
    split: str,
    images: Tree,
    labels: Tree,
    ids: Tree | None,
    *,
    labels_alone: bool,
) -> list[Pair]:
    pairs: list[Pair] = []
    seen: dict[str, int] = {}
    lines = listing.read_text(encoding="utf-8-sig").splitlines()
    entries = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise DataError(f"Split '{split}' is empty: '{listing}' lists nothing. Write one image name per line.")
    for number, line in entries:
        entry = entry_stem(line)
        found = images.find(entry, split)
        if found is None and labels_alone:
            found = labels.find(entry, split)
        if found is None:
            raise DataError(
                f"'{listing}' line {number} lists '{line}', but there is no such {'label' if labels_alone else 'image'}"
                f" below '{(labels if labels_alone else images).folder}' (nor in its folder '{split}'). Add it, or take"
                " the line out."
            )
        if found in seen:
            raise DataError(
                f"'{listing}' lists '{line}' twice, in lines {seen[found]} and {number}. Take one of them out."
            )
        seen[found] = number
        pairs.append(
            Pair(found, _image(images, found), _beside(labels, found, entry, split), _beside(ids, found, entry, split))
        )
    return pairs


def _beside(tree: Tree | None, found: str, entry: str, split: str) -> Path | None:
    """The file of another tree for an image that was found by an entry of a split file."""
    if tree is None:
        return None
    return _at(tree, found if found in tree.files else tree.find(entry, split))


def entry_stem(line: str) -> str:
    """`images/train/a.jpg`, `train\\a.jpg`, `a.jpg` and `a` are all names for one image."""
    path = PurePosixPath(line.replace("\\", "/"))
    if path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    if path.parts[:1] == ("images",):
        path = path.relative_to("images")
    return path.as_posix()


def _pictures(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder, followlinks=True):
        for name in names:
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(directory, name)
