"""dataset.json / dataset.yaml: the one file that says what a folder's labels mean."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segladder.data.errors import DataError
from segladder.data.palette import distinct_colors
from segladder.data.readers.layouts import instead

_NAMES = ("dataset.json", "dataset.yaml", "dataset.yml")

KEYS = ("classes", "ignore_index", "palette", "things", "channels", "mean", "std", "label_map", "name")
"""What the file may say; other keys are left alone."""

EXAMPLE = '{"classes": ["background", "disk"], "ignore_index": 255}'


@dataclass(frozen=True, kw_only=True)
class DatasetFile:
    """What the file says, checked; None where it says nothing."""

    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    things: tuple[bool, ...]
    ignore: tuple[int, ...] | None = None
    """Label values that count for nothing; None where the file does not say, () where it says none."""
    values: Mapping[int, int] | None = None
    """Label value of each class, where they are not simply 0, 1, 2, ..."""
    label_map: Mapping[Any, Any] | None = None
    name: str | None = None
    channels: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


def read_dataset_file(root: Path, *, classes: Sequence[str] | Mapping[Any, Any] | None = None) -> DatasetFile:
    """The description of the data set below `root`.

    Keys: `classes` (a list of names, or a mapping label value -> name), and optionally `ignore_index` (a
    label value, a list of them, or null), `palette` (one [r, g, b] per class), `things` (names of the
    countable classes; else, where the first class is called background, all others), `channels`, `mean`, `std` (one
    number per channel), `label_map` (label value -> class), `name`. Other keys are left alone.

    Args:
        root: the folder of the data set.
        classes: what `data.classes` says on the command line; wins over the file's.

    Raises:
        DataError: no file and no classes, or an entry that makes no sense; names file, key and value.
    """
    path = next((root / name for name in _NAMES if (root / name).is_file()), None)
    if path is None and classes is None:
        write = f"Write one there, e.g. {EXAMPLE}, or give data.classes=[background,disk]."
        raise DataError(
            f"data.root '{root}' has no dataset.json (nor dataset.yaml) that names the classes"
            f"{instead(root, 'folder', advice=write)}"
        )
    content = {} if path is None else _parse(path)
    where = "data.classes" if path is None else f"'{path}'"
    if classes is not None:
        # the file's per-class entries belong to the file's classes
        content = {k: v for k, v in content.items() if k not in ("classes", "palette", "things")}
        content["classes"] = classes
    names, values = _classes(content.get("classes"), where)
    return DatasetFile(
        classes=names,
        values=values,
        palette=_palette(content.get("palette"), names, where),
        things=_things(content.get("things"), names, where),
        ignore=_ignore(content, where),
        label_map=_mapping(content.get("label_map"), where),
        name=content.get("name"),
        channels=_channels(content.get("channels"), where),
        mean=_numbers(content.get("mean"), "mean", where),
        std=_numbers(content.get("std"), "std", where),
    )


def _parse(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8-sig")
    content: Any
    try:
        if path.suffix == ".json":
            content = json.loads(text)
        else:
            import yaml

            try:
                content = yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise ValueError(" ".join(str(error).split())) from error
    except ValueError as error:
        raise DataError(f"'{path}' cannot be read: {error}. Correct it, e.g. {EXAMPLE}.") from None
    if not isinstance(content, dict):
        raise DataError(f"'{path}' holds {type(content).__name__} instead of keys. Write e.g. {EXAMPLE}.")
    for key in content:
        # other keys are the owner's own notes; one letter off is a mistake that would go unseen
        near = difflib.get_close_matches(str(key), KEYS, n=1, cutoff=0.8)
        if near and key not in KEYS:
            raise DataError(f"'{path}' has the unknown key '{key}': did you mean '{near[0]}'?")
    return content


def _classes(classes: Any, where: str) -> tuple[tuple[str, ...], dict[int, int] | None]:
    if isinstance(classes, Mapping) and classes:
        # {"0": "background", "255": "disk"}, or the other way round
        pairs = [(n, v) if _is_whole(v) and not _is_whole(n) else (v, n) for n, v in classes.items()]
        if not all(_is_whole(value) for _, value in pairs):
            raise DataError(f"{where}: 'classes' maps {dict(classes)!r}. Map label values to names, or list names.")
        pairs.sort(key=lambda pair: int(pair[1]))
        names = tuple(str(name) for name, _ in pairs)
        values: dict[int, int] | None = {int(value): index for index, (_, value) in enumerate(pairs)}
        if list(values or ()) == list(range(len(names))):
            values = None
    elif isinstance(classes, Sequence) and not isinstance(classes, str) and classes:
        names, values = tuple(str(name) for name in classes), None
    else:
        raise DataError(f"{where}: 'classes' is {classes!r}. Give a list of names, e.g. {EXAMPLE}.")
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise DataError(f"{where}: 'classes' names '{double[0]}' twice. Give each class a name of its own.")
    return names, values


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdigit())


def _palette(palette: Any, names: tuple[str, ...], where: str) -> tuple[tuple[int, int, int], ...]:
    if palette is None:
        return distinct_colors(len(names))
    if isinstance(palette, Mapping):
        palette = [palette.get(name) for name in names]
    colors = []
    for index, name in enumerate(names):
        color = palette[index] if index < len(palette) else None
        if not (
            isinstance(color, Sequence)
            and len(color) == 3
            and all(isinstance(value, int) and 0 <= value <= 255 for value in color)
        ):
            raise DataError(
                f"{where}: 'palette' gives class '{name}' the colour {color!r}. Give [red, green, blue], each"
                " 0 to 255, or leave 'palette' out."
            )
        colors.append((color[0], color[1], color[2]))
    if len(palette) > len(names):
        raise DataError(f"{where}: 'palette' has {len(palette)} colours for {len(names)} classes. Give one per class.")
    return tuple(colors)


def _things(things: Any, names: tuple[str, ...], where: str) -> tuple[bool, ...]:
    if things is None:
        return tuple(names[0] == "background" and index > 0 for index in range(len(names)))
    if not isinstance(things, list):
        raise DataError(f"{where}: 'things' is {things!r}. Give a list of class names.")
    if len(things) == len(names) and all(isinstance(thing, bool) for thing in things):
        return tuple(things)
    unknown = [thing for thing in things if thing not in names]
    if unknown:
        raise DataError(f"{where}: 'things' names {unknown[0]!r}, which is no class. Classes: {', '.join(names)}.")
    return tuple(name in things for name in names)


def _ignore(content: dict[str, Any], where: str) -> tuple[int, ...] | None:
    if "ignore_index" not in content:
        return None
    ignore = content["ignore_index"]
    listed = [] if ignore is None else ignore if isinstance(ignore, list) else [ignore]
    if not all(_is_whole(value) for value in listed):
        raise DataError(f"{where}: 'ignore_index' is {ignore!r}. Give a label value, 0 to 65535, a list, or null.")
    return tuple(int(value) for value in listed)


def _mapping(label_map: Any, where: str) -> Mapping[Any, Any] | None:
    if label_map is not None and not isinstance(label_map, Mapping):
        raise DataError(f"{where}: 'label_map' is {label_map!r}. Map label values to classes, e.g. {{0: 0, 255: 1}}.")
    return label_map


def _channels(channels: Any, where: str) -> int | None:
    if channels is not None and (not _is_whole(channels) or not 1 <= int(channels) <= 4):
        raise DataError(f"{where}: 'channels' is {channels!r}. Images have 1 to 4 channels.")
    return None if channels is None else int(channels)


def _numbers(numbers: Any, key: str, where: str) -> tuple[float, ...] | None:
    if numbers is None:
        return None
    listed = numbers if isinstance(numbers, list) else [numbers]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in listed):
        raise DataError(f"{where}: '{key}' is {numbers!r}. Give one number per channel.")
    if key == "std" and not all(number > 0 for number in listed):
        raise DataError(f"{where}: 'std' is {numbers!r}. It divides: give numbers above 0.")
    return tuple(float(number) for number in listed)
