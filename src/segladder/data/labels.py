"""Label files into class maps: every pixel value is a class, ignored, or an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.errors import DataError
from segladder.data.images import undecodable

_BAD = -1


class LabelReader:
    """Reads a data set's label files and maps their values to classes.

    Values 0, 1, 2, ... are the classes in order unless told otherwise; the data set's own ignore values
    become `ignore_index`.
    """

    def __init__(
        self,
        classes: Sequence[str],
        *,
        ignore: Sequence[int] | None = None,
        values: Mapping[int, int] | None = None,
        label_map: Mapping[Any, Any] | None = None,
        ignore_index: int = 255,
    ) -> None:
        """
        Args:
            classes: class names.
            ignore: label values that count for nothing. None: 255, unless there are at most two classes,
                where 255 may as well mean the foreground.
            values: label value -> class index, where they are not 0, 1, 2, ...
            label_map: label value -> class index, class name, or null for ignore; the key `others` stands for
                every value that is named nowhere. Wins over the rest.
            ignore_index: what ignored pixels become.

        Raises:
            DataError: the map has a key or a class that does not exist.
        """
        self.classes = tuple(classes)
        self.stated = ignore is not None
        self.ignore = tuple(ignore) if ignore is not None else (255,) if len(classes) > 2 else ()
        self.ignore_index = ignore_index
        table = np.full(65536, _BAD, dtype=np.int32)
        for value, index in (values or {i: i for i in range(len(classes))}).items():
            table[self._value(value)] = index
        for value in self.ignore:
            table[self._value(value)] = ignore_index
        if label_map and "others" in label_map:
            table[table == _BAD] = self._meaning("others", label_map["others"])
        for key, meaning in (label_map or {}).items():
            if key != "others":
                table[self._value(key)] = self._meaning(key, meaning)
        self._tables = {np.dtype(np.uint8): table[:256].copy(), np.dtype(np.uint16): table}

    def read(self, path: Path) -> Tensor:
        """Class of each pixel, `(H, W)` int64, `ignore_index` where nothing is known.

        Raises:
            DataError: undecodable, a colour picture, or values that are no class: which, and how many pixels.
        """
        raw = read_values(path)
        mapped = self._tables[raw.dtype][raw]
        if mapped.size and mapped.min() < 0:
            raise self._outside(path, raw, mapped)
        return torch.from_numpy(mapped).long()

    def settings(self) -> dict[str, Any]:
        """What decides how a file is read: part of a split's identity."""
        table = self._tables[np.dtype(np.uint16)]
        known = np.flatnonzero(table != _BAD)
        # `others` makes every value known: then only the exceptions are worth listing
        usual = int(np.bincount(table[known]).argmax()) if len(known) == len(table) else _BAD
        named = {str(value): int(table[value]) for value in known if table[value] != usual}
        return {"classes": list(self.classes), "values": named, "others": usual}

    def _value(self, key: Any) -> int:
        value = int(key) if isinstance(key, int) or (isinstance(key, str) and key.isdigit()) else -1
        if not 0 <= value <= 65535:
            raise DataError(
                f"data.label_map has the key {key!r}. Its keys are label values, 0 to 65535, or 'others',"
                f" e.g. data.label_map={{0: 0, 255: 1}}."
            )
        return value

    def _meaning(self, key: Any, meaning: Any) -> int:
        if meaning is None or meaning == "ignore":
            return self.ignore_index
        if isinstance(meaning, str) and meaning in self.classes:
            return self.classes.index(meaning)
        if isinstance(meaning, int) and (0 <= meaning < len(self.classes) or meaning == self.ignore_index):
            return meaning
        raise DataError(
            f"data.label_map sends {key} to {meaning!r}, which is no class. Give 0 to"
            f" {len(self.classes) - 1}, one of {', '.join(self.classes)}, or null to ignore those pixels."
        )

    def _outside(self, path: Path, raw: NDArray[Any], mapped: NDArray[Any]) -> DataError:
        values, counts = np.unique(raw[mapped < 0], return_counts=True)
        every = np.unique(raw)
        listed = ", ".join(f"{v} ({n:,} pixels)" for v, n in zip(values[:8], counts[:8], strict=True))
        more = f" and {len(values) - 8} more values" if len(values) > 8 else ""
        ignored = " or ".join(str(value) for value in self.ignore) or "none"
        return DataError(
            f"Label '{path}' has values outside the {len(self.classes)} classes (0 to"
            f" {len(self.classes) - 1}; ignored: {ignored}): {listed}{more}. {self._advice(every, values)}"
        )

    def _advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        count = len(self.classes)
        if set(every.tolist()) <= {0, 255} and count <= 2:
            return "It looks like a mask stored as 0 and 255: set data.label_map={0: 0, 255: 1}."
        if bad.tolist() == [255] and not self.stated:
            return (
                'Write "ignore_index": 255 into dataset.json if 255 marks unknown pixels, or set'
                " data.label_map={0: 0, 255: 1} if it marks the second class."
            )
        if bad.tolist() == [count] and 0 not in every:
            shift = ", ".join(f"{value}: {value - 1}" for value in range(1, min(count, 3) + 1))
            dots = ", ..." if count > 3 else ""
            return f"It looks as if the file counts classes from 1: set data.label_map={{{shift}{dots}}}."
        if bad.tolist() == [count]:
            return (
                f'If {count} marks unknown pixels, write "ignore_index": {count} into dataset.json; if it is'
                " a class, add its name there."
            )
        if len(bad) > max(8, count):
            return (
                "So many different values look like a grey or colour picture rather than class indices:"
                " store one class index per pixel (PNG mode L or P)."
            )
        return "Name the missing classes or the ignore_index in dataset.json, or map the values with data.label_map."


def read_values(path: Path) -> NDArray[Any]:
    """The file's pixel values as they stand, `(H, W)` uint8 or uint16; palette pictures give their indices.

    Raises:
        DataError: undecodable, a colour picture, or values beyond 16 bits.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            mode = image.mode
            array: NDArray[Any] = np.asarray(image)
    except Exception as error:  # Pillow's plug-ins raise whatever they like on broken files
        raise undecodable("Label", path, error) from None
    if mode == "1":
        return array.astype(np.uint8)
    if array.ndim == 3:
        if mode in ("RGB", "RGBA", "LA") and (mode == "LA" or _is_grey(array)):
            return np.ascontiguousarray(array[..., 0])
        colors = np.unique(array.reshape(-1, array.shape[2]), axis=0)
        shown = ", ".join(str(tuple(int(v) for v in color[:3])) for color in colors[:4])
        raise DataError(
            f"Label '{path}' is a colour picture (Pillow mode {mode}; {len(colors)} colours, e.g. {shown}). A"
            " label holds one class index per pixel: store it as PNG of mode P (with a palette), L or I;16."
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iu" or (array.size and (array.min() < 0 or array.max() > 65535)):
        raise DataError(
            f"Label '{path}' (Pillow mode {mode}) has values that are no 16-bit whole numbers. Store it as"
            " PNG of mode P, L or I;16."
        )
    return array.astype(np.uint16)


def _is_grey(array: NDArray[Any]) -> bool:
    red, green, blue = array[..., 0], array[..., 1], array[..., 2]
    return bool((red == green).all() and (green == blue).all())
