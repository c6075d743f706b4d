"""Class maps as label PNGs and back, in the data set's official ids or as class indices."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from segladder.types import DatasetInfo, UserError

Ids = Literal["official", "train"]
"""What a label file's values are: the data set's own label ids, or class indices."""

_BYTE, _WORD = 255, 65535
_NO_CLASS_COLOR = (255, 255, 255)


def ids_of(info: DatasetInfo, ids: Ids = "official") -> tuple[int, ...]:
    """What stands for each class in a label file."""
    if ids == "official" and info.label_ids is not None:
        return info.label_ids
    return tuple(range(info.num_classes))


def void_id(info: DatasetInfo, ids: Ids = "official") -> int | None:
    """What stands for "no class" in a label file; None where a class has that value, as in masks of 0 and 255."""
    values = ids_of(info, ids)
    void = _BYTE if max(values) <= _BYTE else _WORD
    return None if void in values else void


def write_labels(path: Path, classes: ArrayLike, info: DatasetInfo, *, ids: Ids = "official") -> None:
    """Writes a class map as a PNG in the palette's colours (mode P), of 16 bits where an id exceeds 255.

    The file appears whole or not at all.

    Args:
        path: of the PNG; its folder exists.
        classes: `(H, W)` integer, class indices and `info.ignore_index`.
        info: classes, their ids and colours.
        ids: "official" or "train".

    Raises:
        UserError: pixels without class where every value is a class's.
        OSError: the file cannot be written.
    """
    values = ids_of(info, ids)
    table = np.asarray(values, dtype=np.uint8 if max(values) <= _BYTE else np.uint16)
    indices = np.asarray(classes)
    ignored = indices == info.ignore_index
    if ignored.any():
        void = void_id(info, ids)
        if void is None:
            raise UserError(
                f"'{path}' would need a value for pixels without class, but in data set '{info.name}'"
                f" {max(values)} stands for '{info.classes[values.index(max(values))]}'. Use predictions.ids=train."
            )
        labels = np.where(ignored, table.dtype.type(void), table[np.where(ignored, 0, indices)])
    else:
        labels = table[indices]
    picture = Image.fromarray(labels)
    if labels.dtype == np.uint8:
        picture.putpalette(_palette(values, info.palette))
    save_whole(picture, path)


def read_labels(
    path: Path, info: DatasetInfo, *, ids: Ids = "official", void: Collection[int] = (), doubt: bool = False
) -> NDArray[np.integer[Any]]:
    """Reads a label PNG of any tool: palette, grey or 16 bits.

    Args:
        path: of the file.
        info: classes and their ids.
        ids: "official" or "train".
        void: values that mean "no class" beside the usual one (255, or 65535 of 16 bits).
        doubt: whether `ids` is a guess: a file of official ids in which some mean no class and all could be class
            indices (Cityscapes' 0 to 18) is then refused.

    Returns:
        Class indices, `info.ignore_index` where no class is predicted: `(H, W)` uint8, uint16 beyond 255.

    Raises:
        UserError: undecodable, a colour picture, a value that is no id: which, and how many pixels; or in doubt.
    """
    from segladder.data.decoding.labels import read_values

    raw = read_values(path)
    known = from_ids(info, ids, void=void)
    labels = known[raw]
    if labels.size and int(labels.min()) < 0:
        raise _unknown(path, raw, labels, info, ids)
    if doubt and info.label_ids is not None and ids == "official":
        _refuse_indices(path, raw, labels == info.ignore_index, info)
    compact: NDArray[np.integer[Any]] = labels.astype(np.uint8 if info.ignore_index <= _BYTE else np.uint16)
    return compact


def from_ids(info: DatasetInfo, ids: Ids = "official", *, void: Collection[int] = ()) -> NDArray[np.int32]:
    """Class index by value, `(65536,)`: `info.ignore_index` for values that mean none, -1 for unknown ones."""
    table = np.full(_WORD + 1, -1, dtype=np.int32)
    usual = void_id(info, ids)
    table[[*void, *([] if usual is None else [usual])]] = info.ignore_index
    for index, value in enumerate(ids_of(info, ids)):
        table[value] = index
    return table


def save_whole(picture: Image.Image, path: Path) -> None:
    """Saves a picture under its suffix's format; a reader finds the whole file or none."""
    part = path.with_name(f".{secrets.token_hex(4)}{path.suffix}")
    try:
        picture.save(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _palette(values: Sequence[int], colors: Sequence[tuple[int, int, int]]) -> list[int]:
    """Red, green, blue of all 256 values: a class's colour at its id, white where there is no class."""
    table = [_NO_CLASS_COLOR] * (_BYTE + 1)
    for value, color in zip(values, colors, strict=True):
        table[value] = color
    return [channel for color in table for channel in color]


def _refuse_indices(path: Path, raw: NDArray[Any], ignored: NDArray[np.bool_], info: DatasetInfo) -> None:
    unused = np.setdiff1d(np.unique(raw[ignored]), [void_id(info)])
    # a file of one value says nothing about the others: an empty prediction is one
    if (
        unused.size
        and len(np.setdiff1d(np.unique(raw), [void_id(info)])) > 1
        and bool((from_ids(info, "train")[np.unique(raw)] >= 0).all())
    ):
        raise UserError(
            f"Label file '{path}' holds values up to {raw[raw != void_id(info)].max()} alone, {unused[0]} among them,"
            f" which as an official id of '{info.name}' is no class: they look like class indices. Say which they are:"
            " predictions.ids=train or predictions.ids=official."
        )


def _unknown(path: Path, raw: NDArray[Any], labels: NDArray[np.int32], info: DatasetInfo, ids: Ids) -> UserError:
    found, pixels = np.unique(raw[labels < 0], return_counts=True)
    listed = ", ".join(f"{value} ({n:,} pixels)" for value, n in zip(found[:8], pixels[:8], strict=True))
    more = f" and {len(found) - 8} more values" if len(found) > 8 else ""
    values = ids_of(info, ids)
    shown = ", ".join(f"{value} {name}" for value, name in list(zip(values, info.classes, strict=True))[:6])
    kind = f"official id of '{info.name}'" if ids == "official" else f"class index of '{info.name}'"
    other: Ids = "train" if ids == "official" else "official"
    if info.label_ids is not None and bool((from_ids(info, other)[np.unique(raw)] >= 0).all()):
        names = {"train": "class indices", "official": "official ids"}
        advice = f"All values in it are {names[other]}: add predictions.ids={other}."
    else:
        advice = f"Write these ids: {shown}{', …' if len(values) > 6 else ''}."
    return UserError(f"Label file '{path}' holds {listed}{more}, which is no {kind}. {advice}")
