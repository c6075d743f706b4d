"""The COCO reader of a check: it goes on with what is left of a file once its faults are taken out."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from segladder.data.decoding.images import SUFFIXES, header
from segladder.data.doctor.annotations import Annotations, look_at_annotations, write_without
from segladder.data.doctor.image_look import look_at_image
from segladder.data.errors import DataError
from segladder.data.readers.coco import Coco
from segladder.data.readers.coco_file import CocoFile


def _can_be_read(path: Path) -> bool:
    try:
        look_at_image(path)
    except DataError:
        return False
    return True


class TolerantCoco(Coco):
    """`Coco` that reads what is left of a file once the faults, kept in `told`, are taken out."""

    @cached_property
    def checked(self) -> dict[Path, Annotations]:
        """What was found in each file that was read."""
        return {}

    @cached_property
    def _copies(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="data-check-")

    def file_of(self, name: str) -> Path:
        """The annotations of a split, as they lie there."""
        return self.paths.annotations(name)

    def folder_of(self, name: str) -> Path | None:
        return self.paths.images(name)

    def unlisted(self, name: str) -> list[Path]:
        """Pictures in a split's own folder that its annotations do not list; none where splits share a folder."""
        folder = self.paths.images(name)
        if folder is None or not self.paths.own_images:
            return []
        listed = {folder / image.name for image in self._file(name).images}
        there = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        return sorted(path for path in there if path not in listed)

    def _looks(self, file: CocoFile, name: str, channels: Any) -> tuple[int, bool]:
        """As the first image has that can be read."""
        folder = self.paths.images(name)
        for image in file.images if folder is not None else ():
            assert folder is not None
            try:
                found, deep, _ = header(folder / image.name)
            except DataError:
                continue
            return channels or found, deep
        return channels or 3, False

    def _dataset_paths(self, file: CocoFile, name: str) -> list[Path]:
        """Of deep images, whose scale is measured: those that can be read."""
        return [path for path in super()._dataset_paths(file, name) if _can_be_read(path)]

    def _file(self, name: str) -> CocoFile:
        path = self.paths.annotations(name)
        if path in self._files:
            return self._files[path]
        if not path.is_file():
            raise self.paths.missing(name)
        file = path.relative_to(self.root).as_posix() if self.root and path.is_relative_to(self.root) else str(path)
        self.checked[path] = look_at_annotations(path, file=file, split=name, folder=self.paths.images(name))
        source = path
        if self.checked[path].bad or self.checked[path].away or self.checked[path].sizes:
            source = Path(self._copies.name) / str(len(self._files)) / path.name
            write_without(path, source, self.checked[path])
        try:
            self._files[path] = CocoFile(source)
        except DataError as error:
            raise DataError(str(error).replace(str(source), str(path))) from None
        return self._files[path]
