"""The loading options of a DataModule, checked: each is refused in a sentence that holds its value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segladder.data.errors import DataError


def positive(name: str, value: Any) -> int:
    """A whole number from 1.

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"data.{name} is {value!r}. Give a whole number of samples, 1 or more.")
    return value


def pixels(name: str, value: Any) -> int:
    """A whole number of pixels from 1.

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"data.{name} is {value!r}. Give a whole number of pixels, 1 or more.")
    return value


def positive_or_none(name: str, value: Any) -> int | None:
    """A whole number from 1, or None.

    Raises:
        DataError: it is neither.
    """
    return None if value is None else positive(name, value)


def share(name: str, value: Any) -> float:
    """A number in (0, 1].

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise DataError(f"data.{name} is {value!r}. Give a share above 0 and up to 1, e.g. data.{name}=0.1.")
    return float(value)


def worker_count(value: Any) -> int | str:
    """A whole number from 0, or the word `auto`.

    Raises:
        DataError: it is neither.
    """
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise DataError(f"data.num_workers is {value!r}. Give a whole number, 0 or more, or auto.")
    known: int | str = value
    return known


def batches_ahead(value: Any) -> int:
    """`data.prefetch`, a whole number from 1.

    Raises:
        DataError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DataError(f"data.prefetch is {value!r}. Give a whole number of batches for each worker, 1 or more.")
    return value


def cache_folder(value: Any) -> Path | None:
    """`data.cache_dir`; None for the user's own.

    Raises:
        DataError: it is empty, or no path.
    """
    if value is None or isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or value.isdecimal():
        raise DataError(
            f"data.cache_dir is {value!r}. Give the path of a folder, such as data.cache_dir=/scratch/caches or"
            " data.cache_dir=./caches, or null for the user's own."
        )
    return Path(value)


def cache_word(value: Any) -> str:
    """`auto`, `ram`, `disk` or `false`; true is another word for `ram`.

    Raises:
        DataError: it is none of them.
    """
    word = {True: "ram", False: "false"}[value] if isinstance(value, bool) else str(value)
    if word not in ("auto", "ram", "disk", "false"):
        raise DataError(f"data.cache is {value!r}. Give auto, ram, disk or false.")
    return word


def bad_sample_word(value: Any) -> str:
    """`error` or `skip`.

    Raises:
        DataError: it is neither.
    """
    if value not in ("error", "skip"):
        raise DataError(f"data.on_bad_sample is {value!r}. Give error, or skip to go on without what cannot be read.")
    return str(value)


def built_reader(
    reader: Callable[..., Any],
    options: Mapping[str, Any],
    *,
    seed: int,
    instances: bool = False,
    labels_alone: bool = False,
) -> Any:
    """The reader with its own options.

    Args:
        reader: a class, or whatever makes a reader.
        options: as typed.
        seed: of the data.
        instances: whether samples must hold their objects.
        labels_alone: whether images may be missing; said only to a reader that can do without.

    Raises:
        DataError: an option that it does not take; objects of a reader that has none; or what the reader itself
            refuses.
    """
    parameters = inspect.signature(reader).parameters
    known = [name for name in parameters if name not in ("seed", "instances", "labels_alone")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise DataError(f"data.{unknown[0]} is no setting of this data set. It takes {', '.join(known)}.")
    if instances and "instances" not in parameters:
        name = getattr(reader, "__name__", str(reader))
        raise DataError(
            f"Reader {name} tells no objects apart: it takes no 'instances'. Choose a model that finds no objects, such"
            " as model=unet, or let the reader give each sample its objects."
        )
    given = {name: _split_name(name, value) for name, value in options.items()}
    ours = {"instances": instances, "labels_alone": labels_alone}
    return reader(**given, **{name: value for name, value in ours.items() if name in parameters}, seed=seed)


def _split_name(option: str, value: Any) -> Any:
    """Other options as they are; a split is named by one word, which YAML may have taken for a number."""
    if not option.endswith("_split") or value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DataError(f"data.{option} is {value!r}. Give the name of one split, e.g. data.{option}=train, or null.")
