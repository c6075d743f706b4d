"""A COCO set written anew: images that can be read, annotations that make sense, boxes around their masks."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segladder.data.channel_scale import MEAN, STD
from segladder.data.doctor.annotations import write_without
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.outcome import Trouble
from segladder.data.doctor.source_view import SourceView
from segladder.data.doctor.survey import ROLES
from segladder.data.doctor.tolerant_coco import TolerantCoco
from segladder.data.doctor.upright import write_without_tag
from segladder.data.formats.annotations import image_name
from segladder.data.readers.coco import Coco

_WITHOUT_TAG = (".jpg", ".jpeg", ".png")
"""Files that keep their name when their EXIF rotation is taken out."""


class FixedCoco:
    """What is to be written where; `write` does one image, in whatever process."""

    reader, form = Coco, "coco"
    """What reads the copy, and the choice of `data` that it is."""

    def __init__(self, checkup: Checkup, folder: Path, out: set[tuple[str, int]]) -> None:
        """
        Args:
            checkup: what was found.
            folder: where to write.
            out: split and index of the images that are left out; more may join them here.
        """
        assert isinstance(checkup.survey.reader, TolerantCoco)
        self.folder = folder
        self.info = checkup.survey.info
        self.annotations = checkup.survey.reader
        self.homes = {split.name: split.name for split in checkup.survey.splits}
        """Of each split its name in the copy."""
        self.places: list[tuple[str, int]] = []
        """Split and index of each image."""
        self._roles = {split.name: split.roles for split in checkup.survey.splits}
        self.training = {split.name for split in checkup.survey.splits if "train" in split.roles}
        self._images: dict[tuple[str, int], tuple[Path, str, bool]] = {}
        """Its file, its name below the split's folder, and whether it loses its EXIF rotation."""
        self._numbers: dict[str, int] = {}
        """Of all categories of the files."""
        for split in checkup.survey.splits:
            view = split.view
            assert isinstance(view, SourceView)
            self._numbers |= {title: number for number, title in view.source.file.categories.items()}
            for index in range(len(view)):
                path, look = view.path(index), checkup.looks[split.name][index]
                stored = any(one.kind == "exif-size" for one in look.findings)
                if path is None or look.image is None or (stored and path.suffix.lower() not in _WITHOUT_TAG):
                    out.add((split.name, index))
                if path is not None and (split.name, index) not in out:
                    name = view.source.file.images[view.source.places[index]].name
                    self.places.append((split.name, index))
                    self._images[split.name, index] = (path, name, stored)

    def bytes(self) -> int:
        """About how much room it takes: as much as the originals."""
        annotations = sum(self.annotations.file_of(name).stat().st_size for name in self.homes)
        return annotations + sum(path.stat().st_size for path, _, _ in self._images.values())

    def write(self, at: int) -> Trouble | None:
        """Copies one image; what went wrong, if anything did."""
        split, _ = self.places[at]
        path, name, stored = self._images[self.places[at]]
        target = self.folder / split / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if stored:
                write_without_tag(path, target, turned=False).rename(target)
            else:
                shutil.copyfile(path, target)
        except OSError as error:
            return Trouble(error.strerror or str(error), stops=True)
        return None

    def finish(self) -> None:
        """Writes the files of annotations."""
        for split in self.homes:
            source = self.annotations.file_of(split)
            kept = {name for (home, _), (_, name, _) in self._images.items() if home == split}

            def stays(entry: dict[str, Any], kept: set[str] = kept) -> bool:
                return image_name(entry["file_name"], "") in kept

            target = self.folder / "annotations" / f"instances_{split}.json"
            write_without(source, target, self.annotations.checked[source], keep_image=stays)

    def notes(self) -> list[str]:
        """What the form cannot hold: nothing."""
        return []

    def options(self, path: Path, written: Sequence[tuple[str, int]]) -> dict[str, Any]:
        """How the copy is read.

        Args:
            path: where it lies by now.
            written: split and index of the images that are in it.
        """
        there = {split for split, _ in written}
        served = {role: name for name, roles in self._roles.items() for role in roles if name in there}
        options: dict[str, Any] = {"root": str(path), "channels": self.info.channels}
        options |= {f"{role}_split": served.get(role) for role in ROLES}
        names = self.info.classes[1:]
        if len(names) < len(self._numbers):
            options["categories"] = [self._numbers[name] for name in names]
        for key, value, usual in (("mean", self.info.mean, MEAN), ("std", self.info.std, STD)):
            if tuple(value) != tuple(usual[self.info.channels]):
                options[key] = list(value)
        return options
