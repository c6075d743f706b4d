"""A folder of images and labels listed without a word of complaint: what does not fit together is a finding."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from segladder.data.channel_scale import MEAN, STD
from segladder.data.doctor.file_view import named
from segladder.data.doctor.findings import ERROR, WARNING, Finding
from segladder.data.doctor.label_names import Affix, common_affix
from segladder.data.doctor.split_file import read_split_file
from segladder.data.readers.files import Pair
from segladder.data.readers.folder import Folder
from segladder.data.splits.files import Tree, entry_stem


class TolerantFolder(Folder):
    """`Folder` that lists whatever is there, and keeps what it found wrong in `told`."""

    @cached_property
    def told(self) -> dict[str, list[Finding]]:
        """Findings of each split that was listed."""
        return {}

    @cached_property
    def _lacking(self) -> set[tuple[str, str]]:
        """Entries of lists without an image, each with its split."""
        return set()

    @cached_property
    def _affix(self) -> Affix | None:
        """What the names of labels have more than their images', where all without an image have it."""
        images, labels = set(self.images.files), set(self.label_files.files)
        return common_affix(images - labels, labels - images)

    def listed(self, name: str) -> list[Pair] | None:
        """All images of a split, each with the files that belong to it; None where there is no such split."""
        return self._pairs(name)

    def orphans(self, pairs: list[Pair]) -> list[Finding]:
        """Labels and id maps that belong to no image, anywhere in the set, or are called otherwise.

        Args:
            pairs: those of all splits.
        """
        known = {Path(stem).name for stem in self.images.files}
        found = self._renamed(pairs)
        for tree, what in ((self.label_files, "label"), (self.id_maps, "id map")):
            if tree is self.id_maps and (not self.instances or tree is self.label_files):
                continue
            used = {path for pair in pairs for path in (pair.label, pair.ids)}
            lacking = {tree.find(entry, name) for entry, name in self._lacking}
            for stem, paths in sorted(tree.files.items()):
                if stem in self.images.files or stem in lacking or not used.isdisjoint(paths):
                    continue
                top = stem.partition("/")[0]
                refused = top in self.splits.values() and not self._listing(top).is_file()
                if not refused and Path(stem).name in known:
                    continue  # of an image that lies elsewhere, in no split that is looked at
                file, image = named(paths[0], self.root), named(self.images.folder / stem, self.root)
                found.append(
                    Finding(
                        kind="orphan-label",
                        file=file,
                        what=f"the {what} has no image '{image}.*'",
                        split=top if refused else "",
                        severity=ERROR if refused else WARNING,
                    )
                )
        return found

    def _renamed(self, pairs: list[Pair]) -> list[Finding]:
        affix = self._affix
        if affix is None:
            return []
        of_others = set(self.label_files.files) - set(self.images.files)
        found = [pair for pair in pairs if affix.label(pair.image_id) in of_others]
        if not found or found[0].label is None:
            return []
        count = "it has" if len(found) == 1 else f"{len(found):,} labels have"
        what = f"{count} {affix} in the name, and the image, '{found[0].image_id}', has not"
        todo = f"Take {affix} off the names of labels; `fix=DIR` does so."
        return [Finding(kind="label-names", file=named(found[0].label, self.root), what=what, todo=todo)]

    def _pairs(self, name: str) -> list[Pair] | None:
        if name not in self._found:
            self.told[name] = []
            self._found[name] = self._tolerant_pairs(name)
        return self._found[name]

    def _tolerant_pairs(self, name: str) -> list[Pair] | None:
        told = self.told[name]
        if self._listing(name).is_file():
            stems = self._listed_stems(name, told)
        elif (self.images.folder / name).is_dir():
            stems = [(stem, stem) for stem in self.images.below(name)]
        else:
            return None
        pairs = []
        for stem, entry in stems:
            image = self._one(self.images, stem, name, told)
            ids = self._beside(self.id_maps, stem, entry, name, told) if self.instances else None
            pairs.append(Pair(stem, image, self._beside(self.label_files, stem, entry, name, told), ids))
        return pairs

    def _listed_stems(self, name: str, told: list[Finding]) -> list[tuple[str, str]]:
        listing = self._listing(name)
        file = named(listing, self.root)
        lines, faults = read_split_file(listing, split=name, file=file)
        told += faults
        stems: dict[str, str] = {}
        first: dict[str, int] = {}
        for line in lines:
            entry = entry_stem(line.text)
            stem = self.images.find(entry, name)
            if stem is None:
                self._lacking.add((entry, name))
                beside = ", though its label is" if self.label_files.find(entry, name) is not None else ""
                what = f"line {line.number} lists '{line.text}', and no image of that name is there{beside}"
                told.append(Finding(kind="missing-image", file=file, what=what, split=name))
            elif stem in stems:
                what = f"'{line.text}' in lines {first[stem]} and {line.number}"
                told.append(Finding(kind="double-entry", file=file, what=what, split=name))
            else:
                stems[stem], first[stem] = entry, line.number
        return list(stems.items())

    def _beside(self, tree: Tree, stem: str, entry: str, name: str, told: list[Finding]) -> Path | None:
        found = stem if stem in tree.files else tree.find(entry, name)
        if found is None and tree is self.label_files and self._affix is not None:
            found = self._affix.label(stem) if self._affix.label(stem) in tree.files else None
        return None if found is None else self._one(tree, found, name, told)

    def _one(self, tree: Tree, stem: str, name: str, told: list[Finding]) -> Path:
        paths = sorted(tree.files[stem])
        if len(paths) > 1:
            what = f"'{paths[1].name}' lies beside it, so it is not clear which one is meant"
            told.append(Finding(kind="double-name", file=named(paths[0], self.root), what=what, split=name))
        return paths[0]

    def _listing(self, name: str) -> Path:
        return self.root / "splits" / f"{name}.txt"

    def _measure(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Nothing here depends on it, and damaged images would stop it."""
        return MEAN[channels], STD[channels]
