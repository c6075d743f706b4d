"""A COCO set written anew: images that can be read, annotations that make sense, boxes around their masks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from segladder.data.doctor.annotations import TolerantCoco, write_without
from segladder.data.doctor.checkup import Checkup
from segladder.data.doctor.source_view import SourceView


class FixedCoco:
    """What is to be written where; `write` does one image, in whatever process."""

    def __init__(self, checkup: Checkup, folder: Path, out: set[tuple[str, int | None]]) -> None:
        """
        Args:
            checkup: what was found.
            folder: where to write.
            out: split and index of the images that are left out.
        """
        assert isinstance(checkup.survey.reader, TolerantCoco)
        self.folder = folder
        self.reader = checkup.survey.reader
        self.splits = [(split.name, split.roles) for split in checkup.survey.splits]
        self.places: list[tuple[str, Path, str]] = []
        """Of each image its split, file and name below the split's folder."""
        for split in checkup.survey.splits:
            view = split.view
            assert isinstance(view, SourceView)
            for index in range(len(view)):
                path = view.path(index)
                if path is not None and (split.name, index) not in out:
                    name = view.source.file.images[view.source.places[index]].name
                    self.places.append((split.name, path, name))
        self._kept = {name: {file for split, _, file in self.places if split == name} for name, _ in self.splits}

    def bytes(self) -> int:
        """About how much room it takes: as much as the originals."""
        annotations = sum(self.reader.file_of(name).stat().st_size for name, _ in self.splits)
        return annotations + sum(path.stat().st_size for _, path, _ in self.places)

    def counts(self) -> dict[str, int]:
        """Images of each split."""
        return {name: len(kept) for name, kept in self._kept.items()}

    def write(self, at: int) -> str | None:
        """Copies one image; what went wrong, if anything did."""
        split, path, name = self.places[at]
        target = self.folder / "images" / split / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        except OSError as error:
            return str(error)
        return None

    def finish(self) -> None:
        """Writes the files of annotations."""
        for name, _ in self.splits:
            source = self.reader.file_of(name)
            kept = self._kept[name]

            def stays(entry: dict[str, Any], kept: set[str] = kept) -> bool:
                return entry["file_name"] in kept

            target = self.folder / "annotations" / f"instances_{name}.json"
            write_without(source, target, self.reader.checked[source], keep_image=stays)

    def notes(self) -> list[str]:
        """What the form cannot hold: nothing."""
        return []

    def command(self, path: Path) -> str:
        """How to train on it."""
        served = {role: name for name, roles in self.splits for role in roles}
        words = ["segladder", "train", "data=coco", f"data.root={path}", '"data.images=images/{split}"']
        words += [f"data.{role}_split={served.get(role, 'null')}" for role in ("train", "val", "test")]
        return " ".join(words)
