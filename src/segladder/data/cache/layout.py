"""Where each sample lies in a cache's files: images and labels back to back in one file, as they lie in memory.

A finished cache is a folder of `index.json` (what is kept, and the checksum of the table), `table.npy` (a row per
sample), `samples.bin` (images and labels) and `rest.bin` (objects and whatever else a sample holds).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.cache.content import Content
from segladder.data.cache.kept import label_type
from segladder.data.errors import DataError
from segladder.types import Sample

INDEX, TABLE, SAMPLES, REST = "index.json", "table.npy", "samples.bin", "rest.bin"
DAMAGED = "damaged"
"""A file of this name says that a checksum was wrong: the cache is built again when it is asked for next."""

ROW = np.dtype(
    [
        ("height", "<i8"),
        ("width", "<i8"),
        ("image_at", "<i8"),
        ("label_at", "<i8"),
        ("rest_at", "<i8"),
        ("rest_bytes", "<i8"),
        ("crc", "<u4"),  # of image and label
        ("rest_crc", "<u4"),
        ("held", "<u4"),  # 0: could not be read, and is read from its files
    ]
)

_PAGE = 4096
"""Images begin at pages, so that each can be asked for by itself."""


@dataclass(frozen=True)
class Layout:
    """The form that all samples of a cache have in common."""

    channels: int
    image: str
    """NumPy's name for the type of an image's values."""
    last: bool
    """Whether a pixel's channels lie beside each other, as decoders give them."""
    label: str | None
    """As `image`; None where samples have no label."""
    table: NDArray[Any] = field(repr=False)
    """Of `ROW`, a row per sample."""

    @property
    def total(self) -> int:
        """Length of the file of samples."""
        if not len(self.table):
            return 0
        end = self.table[-1]
        return int(end["label_at"]) + self.label_bytes(end)

    def image_bytes(self, row: Any) -> int:
        return int(row["height"] * row["width"]) * self.channels * np.dtype(self.image).itemsize

    def label_bytes(self, row: Any) -> int:
        return 0 if self.label is None else int(row["height"] * row["width"]) * np.dtype(self.label).itemsize

    def image_of(self, memory: Any, row: Any) -> Tensor:
        """The image `(C, H, W)` in `memory`."""
        height, width = int(row["height"]), int(row["width"])
        flat = np.frombuffer(memory, self.image, height * width * self.channels, int(row["image_at"]))
        if self.last:
            return torch.from_numpy(flat.reshape(height, width, self.channels)).permute(2, 0, 1)
        return torch.from_numpy(flat.reshape(self.channels, height, width))

    def label_of(self, memory: Any, row: Any) -> Tensor:
        """The label `(H, W)` in `memory`."""
        height, width = int(row["height"]), int(row["width"])
        flat = np.frombuffer(memory, self.label or "u1", height * width, int(row["label_at"]))
        return torch.from_numpy(flat.reshape(height, width))

    def arrays(self, sample: Sample, row: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Image and label of a sample, contiguous, as they are to be stored.

        Raises:
            ValueError: it has another form than the others, or another size than its file's header says.
        """
        image: Any = sample["image"]
        given = image.permute(1, 2, 0) if self.last else image
        array = np.ascontiguousarray(given.numpy())
        size = (int(row["height"]), int(row["width"]))
        shape = (*size, self.channels) if self.last else (self.channels, *size)
        if array.dtype != np.dtype(self.image) or array.shape != shape:
            raise ValueError(f"an image of {array.dtype} {tuple(image.shape)}")
        if self.label is None:
            if "semantic" in sample:
                raise ValueError("a label, unlike the others")
            return array, None
        if "semantic" not in sample or tuple(sample["semantic"].shape) != size:
            raise ValueError("no label of the image's size")
        wide = sample["semantic"].numpy()
        label = np.ascontiguousarray(wide.astype(self.label))
        if not np.array_equal(label, wide):
            raise ValueError(f"a label of values beyond {self.label}")
        return array, label


def plan(content: Content, progress: Callable[..., Any]) -> Layout:
    """Where samples will lie, by their headers alone; one sample is decoded to see what they look like.

    Args:
        content: the samples.
        progress: as `with_progress`: reading 100,000 headers takes a while.

    Raises:
        DataError: no sample can be decoded.
    """
    example = _example(content)
    image = example["image"]
    last = image.shape[0] > 1 and not image.is_contiguous() and image.permute(1, 2, 0).is_contiguous()
    label = None
    if "semantic" in example:
        label = torch.empty(0, dtype=label_type(content.source.info)).numpy().dtype.str
    layout = Layout(image.shape[0], image.numpy().dtype.str, last, label, np.zeros(len(content.places), ROW))
    at = 0
    what = "reading image sizes"
    for row, place in zip(layout.table, progress(content.places, len(content.places), what), strict=True):
        with suppress(DataError):  # one that cannot be read gets no place, and is told when its turn comes
            row["height"], row["width"] = content.source.image_size(place)
        row["image_at"] = at = -(-at // _PAGE) * _PAGE
        row["label_at"] = at = -(-(at + layout.image_bytes(row)) // 64) * 64
        at += layout.label_bytes(row)
    return layout


def _example(content: Content) -> Sample:
    """The first sample that can be decoded."""
    first: DataError | None = None
    for place in content.places:
        try:
            return content.source[(0, place)]
        except DataError as error:
            first = first or error
    raise first or DataError("There are no samples to cache.")


def write_index(
    folder: Path, content: Content, layout: Layout, *, ids: list[str], hashes: list[tuple[str, ...]], rest_bytes: int
) -> None:
    """Writes table and index; what they say is complete only with both.

    Args:
        folder: of the cache.
        content: the samples.
        layout: with its complete table.
        ids: `image_id` of each sample.
        hashes: of each sample's files.
        rest_bytes: length of the file of objects.
    """
    np.save(folder / TABLE, layout.table)
    body = {
        "settings": content.settings,
        "names": content.names,
        "states": content.states,
        "hashes": hashes,
        "ids": ids,
        "layout": {key: value for key, value in asdict(layout).items() if key != "table"},
        "sizes": {SAMPLES: layout.total, REST: rest_bytes},
        "table": zlib.crc32((folder / TABLE).read_bytes()),
    }
    (folder / INDEX).write_text(json.dumps({"check": _check(body), "body": body}))


def read_index(folder: Path) -> dict[str, Any] | None:
    """What a folder's index says; None where there is none, or no whole one."""
    try:
        found = json.loads((folder / INDEX).read_bytes())
        body: dict[str, Any] = found["body"]
        whole = found["check"] == _check(body)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return body if whole else None


def read_layout(folder: Path, body: dict[str, Any]) -> Layout | None:
    """The layout of a folder; None where its files are not those that the index speaks of."""
    try:
        data = (folder / TABLE).read_bytes()
        sizes = {name: (folder / name).stat().st_size for name in (SAMPLES, REST)}
        if zlib.crc32(data) != body["table"] or sizes != body["sizes"] or (folder / DAMAGED).exists():
            return None
        return Layout(**body["layout"], table=np.load(folder / TABLE, allow_pickle=False))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check(body: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())
