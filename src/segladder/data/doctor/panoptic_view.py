"""COCO's panoptic layout: photograph, map and entry of each sample are looked at one by one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.data.doctor.file_view import named, why
from segladder.data.doctor.findings import Finding
from segladder.data.doctor.look import Look
from segladder.data.doctor.source_view import SourceView
from segladder.data.errors import DataError
from segladder.data.panoptic.coco import CocoPanoptic
from segladder.data.panoptic.file import PanopticFile, read_map
from segladder.masks.segments import joint_runs, pixels_of_ids

_SLACK, _SHARE = 2.0, 0.05
"""How far a box may lie from its segment's: pixels, or a share of its longer side, whichever is more."""

_PIXELS, _AREA = 2.0, 0.005
"""How far an area may lie from its segment's pixels, or a share of them: the map is the segment, so it is exact."""

_COUNT = "Write the map's pixels and box: tools that read them score by size of object."


class StatedFile(PanopticFile):
    """`PanopticFile` that keeps what entries say of the place of their segments."""

    def __init__(self, path: Path) -> None:
        self.stated: dict[str, NDArray[np.float64]] = {}
        """Image id -> number, area, x, y, width and height of each segment, NaN for what is left out."""
        super().__init__(path)

    def _add_rows(self, entry: dict[str, Any]) -> None:
        super()._add_rows(entry)
        rows = [(one["id"], _number(one.get("area")), *_box(one.get("bbox"))) for one in entry["segments_info"]]
        self.stated[str(entry["image_id"])] = np.array(rows, dtype=np.float64).reshape(-1, 6)


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) else np.nan


def _box(value: Any) -> tuple[float, ...]:
    return tuple(map(_number, value)) if isinstance(value, list) and len(value) == 4 else (np.nan,) * 4


class StatedPanoptic(CocoPanoptic):
    """`CocoPanoptic` whose files keep areas and boxes."""

    def _file(self, name: str) -> PanopticFile:
        path = self.paths.annotations(name)
        if path not in self._files and path.is_file():
            self._files[path] = StatedFile(path)
        return super()._file(name)


@dataclass(kw_only=True)
class PanopticView(SourceView):
    """The samples of one panoptic file."""

    def label_file(self, index: int) -> str:
        return named(self._map(index), self.root)

    def _map(self, index: int) -> Path:
        path: Path = self.source.file.map_file(self.image_id(index))
        return path

    def _look_at_label(self, index: int, look: Look) -> None:
        path = self._map(index)
        if not path.exists():
            todo = f"Unpack the PNGs into '{named(self.source.file.path.with_suffix(''), self.root)}', or take it out."
            self._tell(look, index, "missing-label", path, "is listed, and no such file is there", todo)
            return
        try:
            ids = read_map(path)
        except DataError as error:
            told, todo = why(error, path), ""
            if ". Its colours" in str(error):
                told = told.partition(". ")[0] + ", and no colours that are numbers of segments"
                todo = "Store it as RGB PNG of 8 bits a channel, where R + 256 G + 256² B is the segment."
            self._tell(look, index, "unreadable-label", path, told, todo)
            return
        size = self.source.image_size(index)
        if ids.shape != size:
            (h, w), (height, width) = ids.shape, size
            told = f"the map is {h}x{w}, its image {height}x{width} (height x width)"
            self._tell(look, index, "size", path, told, "Write the map anew at the image's size, without resizing it.")
            return
        if self._fits(index, ids, look):
            self._look_at_classes(index, look)
            self._look_at_stated(index, ids, look)

    def _fits(self, index: int, ids: NDArray[np.int32], look: Look) -> bool:
        """Whether map and entry list the same segments."""
        rows, file = self.source.file.rows[self.image_id(index)], self.source.file.path
        present, pixels = pixels_of_ids(ids)
        drawn = {int(one): int(count) for one, count in zip(present, pixels, strict=True) if one}
        listed = {int(one) for one in rows.ids}
        unlisted, unseen = sorted(drawn.keys() - listed), sorted(listed - drawn.keys())
        if unlisted:
            told = f"segment {unlisted[0]} ({drawn[unlisted[0]]:,} pixels){_more(unlisted)}"
            told += f" is not in segments_info of image {self.image_id(index)} in '{named(file, self.root)}'"
            todo = "List it there, or paint it black; was the PNG resized, or stored with a palette?"
            self._tell(look, index, "annotation", self._map(index), told, todo)
        if unseen:
            told = f"image {self.image_id(index)}: segment {unseen[0]}{_more(unseen)}"
            told += f" has no pixel in '{named(self._map(index), self.root)}'"
            self._tell(look, index, "annotation", file, told, "Take it out of segments_info, or write the PNG anew.")
        return not unlisted and not unseen

    def _look_at_stated(self, index: int, ids: NDArray[np.int32], look: Look) -> None:
        file, image = self.source.file, self.image_id(index)
        rows = file.stated[image] if isinstance(file, StatedFile) else np.empty((0, 6))
        if not len(rows):
            return
        present, pixels = pixels_of_ids(ids)
        boxes = _boxes(ids, present)
        place = np.searchsorted(present, rows[:, 0].astype(np.int64))
        areas, around = pixels[place].astype(np.float64), boxes[place]
        off = np.abs(rows[:, 1] - areas)
        wrong = np.flatnonzero(off > np.maximum(_PIXELS, _AREA * areas))  # NaN, left out, is never more
        if len(wrong):
            row = wrong[np.argmax(off[wrong])]
            told = f"image {image}: segment {rows[row, 0]:.0f}: the area is {rows[row, 1]:,.0f}"
            told += f", and it has {areas[row]:,.0f} pixels{_so(wrong)}"
            self._tell(look, index, "area", file.path, told, _COUNT)
        corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
        far = np.abs(corners - around).max(1)
        wrong = np.flatnonzero(far > np.maximum(_SLACK, _SHARE * (around[:, 2:] - around[:, :2]).max(1)))
        if len(wrong):
            row = wrong[np.argmax(far[wrong])]
            told = f"image {image}: segment {rows[row, 0]:.0f}: the box is {_listed(corners[row])}, in the map"
            told += f" {_listed(around[row])} (x1 y1 x2 y2){_so(wrong)}"
            self._tell(look, index, "box", file.path, told, _COUNT)

    def _tell(self, look: Look, index: int, kind: str, path: Path, what: str, todo: str) -> None:
        file = named(path, self.root)
        look.findings.append(Finding(kind=kind, file=file, what=what, split=self.split, index=index, todo=todo))


def _more(these: list[int]) -> str:
    return f" and {len(these) - 1} more" if len(these) > 1 else ""


def _boxes(ids: NDArray[np.int32], present: NDArray[Any]) -> NDArray[np.float64]:
    """x1 y1 x2 y2 around each number that occurs, `(N, 4)`."""
    height, width = ids.shape
    starts, lengths = joint_runs(ids, np.repeat(np.arange(height), width).reshape(height, width))
    place = np.searchsorted(present, ids.reshape(-1)[starts])
    rows, columns = starts // width, starts % width
    least = np.full((len(present), 2), max(height, width))
    most = np.zeros((len(present), 2), dtype=np.int64)
    np.minimum.at(least, place, np.stack([columns, rows], axis=1))
    np.maximum.at(most, place, np.stack([columns + lengths, rows + 1], axis=1))
    return np.concatenate([least, most], axis=1).astype(np.float64)


def _so(rows: NDArray[np.int64]) -> str:
    return f"; so with {len(rows) - 1} more of its segments" if len(rows) > 1 else ""


def _listed(box: NDArray[np.float64]) -> str:
    return " ".join(f"{value:g}" for value in np.round(box, 1))
