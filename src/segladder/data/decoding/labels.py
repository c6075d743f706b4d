"""Label files into class maps: every pixel value is a class, ignored, or an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data import decoding
from segladder.data.decoding.images import undecodable
from segladder.data.errors import DataError

_BAD = -1

_CITYSCAPES = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""Label ids of Cityscapes' classes, in the order of their train ids."""

_LONGEST = 24
"""Entries of a map that is worth typing."""


class LabelReader:
    """Reads a data set's label files and maps their values to classes.

    Values 0, 1, 2, ... are the classes in order unless told otherwise; the data set's own ignore values
    become `ignore_index`. A data set with a layout of its own says in a subclass what its label files should
    have been (`expectation`, `advice`, `in_color`).
    """

    in_color = "A label holds one class index per pixel: store it as PNG of mode P (with a palette), L or I;16."
    """What to do about a label that is a colour picture."""

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
            ignore: label values that count for nothing. None: 255, unless it is a class, or there are at most two
                classes, where 255 may as well mean the foreground.
            values: label value -> class index, where they are not 0, 1, 2, ...
            label_map: label value -> class index, class name, or null for ignore; the key `others` stands for
                every value that is named nowhere. Wins over the rest.
            ignore_index: what ignored pixels become.

        Raises:
            DataError: the map has a key or a class that does not exist.
        """
        self.classes = tuple(classes)
        self.stated = ignore is not None
        usual = (255,) if len(classes) > 2 and 255 not in (values or {}) else ()
        self.ignore = tuple(ignore) if ignore is not None else usual
        self.ignore_index = ignore_index
        table = np.full(65536, _BAD, dtype=np.int32)
        for value, index in (values or {i: i for i in range(len(classes))}).items():
            table[self._value(value)] = index
        for value in self.ignore:
            table[self._value(value)] = ignore_index
        if label_map and "others" in label_map:
            table[table == _BAD] = self._meaning("others", label_map["others"])
        named = {self._value(k): self._meaning(k, m) for k, m in (label_map or {}).items() if k != "others"}
        for value, index in named.items():
            table[value] = index
        self._named = named
        self._tables = {np.dtype(np.uint8): table[:256].copy(), np.dtype(np.uint16): table}
        self._bytes = _byte_table(table)
        self._in_order = _classes_in_order(table[:256])

    def read(self, path: Path) -> Tensor:
        """Class of each pixel, `(H, W)` int64, `ignore_index` where nothing is known.

        Raises:
            DataError: undecodable, a colour picture, or values that are no class: which, and how many pixels.
        """
        return self.read_narrow(path).long()

    def read_narrow(self, path: Path) -> Tensor:
        """As `read`, in bytes where every class fits one, else int32: for those who cut before they compute."""
        raw = read_values(path, in_color=self.in_color)
        if raw.dtype == np.uint8 and self._in_order is not None:
            # wraps around, so that one comparison sees all between the last class and 255
            if (raw - np.uint8(self._in_order) < 255 - self._in_order).any():
                raise self._outside(path, raw, self._tables[raw.dtype][raw])
            return torch.from_numpy(raw if raw.flags.writeable else raw.copy())
        if raw.dtype == np.uint8 and self._bytes is not None:
            table, bad = self._bytes
            # a quarter of the time of an index array
            narrow = np.frombuffer(bytearray(raw).translate(table), dtype=np.uint8).reshape(raw.shape)
            if (narrow == bad).any():
                raise self._outside(path, raw, self._tables[raw.dtype][raw])
            return torch.from_numpy(narrow)
        mapped = self._tables[raw.dtype][raw]
        if mapped.size and mapped.min() < 0:
            raise self._outside(path, raw, mapped)
        return torch.from_numpy(mapped if self._bytes is None else mapped.astype(np.uint8))

    @property
    def label_ids(self) -> tuple[int, ...] | None:
        """The value that stands for each class: the least that `label_map` names for it, else the least that means it.
        None where that is the class index itself, or where a class has no value.
        """
        table = self._tables[np.dtype(np.uint16)]
        ids: list[int] = []
        for index in range(len(self.classes)):
            values = [value for value, meaning in self._named.items() if meaning == index]
            ids += [min(values)] if values else np.flatnonzero(table == index)[:1].tolist()
        return None if ids == list(range(len(ids))) or len(ids) < len(self.classes) else tuple(ids)

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
                f' e.g. "data.label_map={{0: 0, 255: 1}}".'
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
        return DataError(f"Label '{path}' has {self.expectation()}: {listed}{more}. {self.advice(every, values)}")

    def expectation(self) -> str:
        """What is wrong with a value that means nothing, as the object of "has"."""
        ignored = " or ".join(str(value) for value in self.ignore) or "none"
        count = len(self.classes)
        return f"values outside the {count} classes (0 to {count - 1}; ignored: {ignored})"

    def advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        """What to do about a label file.

        Args:
            every: all values in it, sorted.
            bad: those that mean nothing, sorted.
        """
        count = len(self.classes)
        if count == 19 and len(bad) > 1 and bad.max() <= 33:
            ids = ", ".join(f"{value}: {index}" for index, value in enumerate(_CITYSCAPES))
            return (
                "They look like Cityscapes' labelIds, which are no class indices: read the genuine layout with"
                f' data=cityscapes, or set "data.label_map={{{ids}, others: null}}" (with the quotes).'
            )
        if set(every.tolist()) <= {0, 255} and count <= 2:
            return 'It looks like a mask stored as 0 and 255: set "data.label_map={0: 0, 255: 1}" (with the quotes).'
        if bad.tolist() == [255] and not self.stated:
            return (
                'Write "ignore_index": 255 into dataset.json if 255 marks unknown pixels, or set'
                ' "data.label_map={0: 0, 255: 1}" (with the quotes) if it marks the second class.'
            )
        if bad.tolist() == [count] and 0 not in every:
            if count > _LONGEST:
                return (
                    "It looks as if the file counts classes from 1: subtract 1; `segladder data check fix=DIR` does so."
                )
            shift = ", ".join(f"{value}: {value - 1}" for value in range(1, count + 1))
            return f'It looks as if the file counts classes from 1: set "data.label_map={{{shift}}}" (in quotes).'
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


def read_values(path: Path, *, in_color: str = LabelReader.in_color) -> NDArray[Any]:
    """The file's pixel values as they stand, `(H, W)` uint8 or uint16; palette pictures give their indices.

    Args:
        path: any picture that Pillow reads.
        in_color: what to do about a colour picture, for the message.

    Raises:
        DataError: undecodable, a colour picture, or values beyond 16 bits.
    """
    plain = decoding.label_values(path)
    if plain is not None:
        return plain
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
            f"Label '{path}' is a colour picture (Pillow mode {mode}; {len(colors)} colours, e.g. {shown}). {in_color}"
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


def _byte_table(table: NDArray[np.int32]) -> tuple[bytes, int] | None:
    """What each byte becomes as a byte, and the byte that stands for values that mean nothing; None where a class
    fits no byte, or none is left.
    """
    free = sorted({*range(256)} - {*table.tolist()})
    if table.max() > 255 or not free:
        return None
    return np.where(table[:256] == _BAD, free[-1], table[:256]).astype(np.uint8).tobytes(), free[-1]


def _classes_in_order(table: NDArray[np.int32]) -> int | None:
    """How many classes there are, where each is its own byte and 255 alone is ignored, as 255; else None."""
    count = int((table[:255] != _BAD).sum())
    same = np.array_equal(table[:count], np.arange(count)) and table[255] == 255
    return count if same and (table[count:255] == _BAD).all() else None
