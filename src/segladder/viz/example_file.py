"""`pictures/examples.npz`: a run's small pictures as one file, written whole and read with distrust.

Format (NumPy, no pickles), K images of P pixels in all, C classes, M objects in all:

| array          | shape    | type    | meaning                                                                  |
|----------------|----------|---------|--------------------------------------------------------------------------|
| `format`       | `()`     | int64   | version of this table, 1                                                 |
| `kind`         | `()`     | str     | what the maps hold: "classes" or "objects"                               |
| `classes`      | `(C,)`   | str     | class names in the order of their indices                                |
| `palette`      | `(C, 3)` | uint8   | their colours                                                            |
| `image_id`     | `(K,)`   | str     | unique                                                                   |
| `worst`        | `(K,)`   | bool    | one of the run's worst images; else drawn by chance                      |
| `size`         | `(K, 2)` | int64   | height and width of the small picture, 1 to 320                          |
| `image`        | `(P, 3)` | uint8   | red, green and blue, image after image, row by row                       |
| `truth`        | `(P,)`   | uint16  | class, 65535 for ignored; or number of the object in its image, 0: none  |
| `pred`         | `(P,)`   | uint16  | class, 65535 for none; or number of the object in its image, 0: none     |
| `object_image` | `(M,)`   | int64   | index of the image, rising                                               |
| `object_found` | `(M,)`   | bool    | predicted; else true                                                     |
| `object_class` | `(M,)`   | int64   | index of the class                                                       |
| `object_state` | `(M,)`   | uint8   | 0 matched; 1 missed, or a false alarm; 2 a crowd, or on one              |
| `object_box`   | `(M, 4)` | float32 | x1 y1 x2 y2 in pixels of the small picture                               |

Object number k of an image is the k-th of those true, or found, in it. Of classes alone M is 0.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.per_image import write_arrays
from segladder.types import UserError
from segladder.viz.examples import CROWD, LONGEST, MOST_OBJECTS, NONE, Example, Examples, SmallObjects

NAME = "examples.npz"
FORMAT = 1
MOST_IMAGES = 128
MOST_BYTES = 128_000_000
"""Of all arrays together: what so many images and their objects take at most."""

Arrays = dict[str, NDArray[Any]]
_TABLE = {
    "format": ("iu", 0),
    "kind": ("U", 0),
    "classes": ("U", 1),
    "palette": ("u", 2),
    "image_id": ("U", 1),
    "worst": ("b", 1),
    "size": ("iu", 2),
    "image": ("u", 2),
    "truth": ("u", 1),
    "pred": ("u", 1),
    "object_image": ("iu", 1),
    "object_found": ("b", 1),
    "object_class": ("iu", 1),
    "object_state": ("u", 1),
    "object_box": ("f", 2),
}
"""Array -> kinds of its type, and dimensions."""


class _DamagedError(ValueError):
    """What is wrong with a file, as the end of a sentence."""


def write_examples(path: Path, examples: Examples) -> None:
    """Writes the file whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    items = examples.items
    objects = [
        (index, found, part)
        for index, item in enumerate(items)
        for found, part in ((False, item.true_objects), (True, item.found_objects))
        if part is not None
    ]
    nothing = SmallObjects(
        labels=np.zeros(0, np.int64), boxes=np.zeros((0, 4), np.float32), states=np.zeros(0, np.uint8)
    )
    parts = [nothing, *(part for _, _, part in objects)]
    write_arrays(
        path,
        {
            "format": np.array(FORMAT, dtype=np.int64),
            "kind": np.array(examples.kind),
            "classes": np.array(examples.classes, dtype=np.str_),
            "palette": np.array(examples.palette, dtype=np.uint8),
            "image_id": np.array([item.image_id for item in items], dtype=np.str_),
            "worst": np.array([item.worst for item in items], dtype=bool),
            "size": np.array([item.image.shape[:2] for item in items], dtype=np.int64),
            "image": np.concatenate([item.image.reshape(-1, 3) for item in items]),
            "truth": np.concatenate([item.truth.ravel() for item in items]),
            "pred": np.concatenate([item.pred.ravel() for item in items]),
            "object_image": np.array([index for index, _, part in objects for _ in range(len(part))], dtype=np.int64),
            "object_found": np.array([found for _, found, part in objects for _ in range(len(part))], dtype=bool),
            "object_class": np.concatenate([part.labels for part in parts]),
            "object_state": np.concatenate([part.states for part in parts]),
            "object_box": np.concatenate([part.boxes for part in parts]),
        },
    )


def read_examples(path: Path) -> Examples:
    """Reads a file that anyone may have made: nothing in it is believed before it is checked.

    Raises:
        UserError: there is none, it is of a newer version, or it is not of this format.
    """
    if not path.is_file():
        raise UserError(f"There is no '{path}': the run is of an older version, or kept none. Make it again.")
    try:
        return _checked(_arrays(path))
    except _DamagedError as error:
        raise UserError(f"'{path}' {error}. Delete it, or make the run again.") from error
    except (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(
            f"'{path}' cannot be read: it was cut short or changed. Delete it, or make the run again."
        ) from error


def _arrays(path: Path) -> Arrays:
    """The arrays by name, no larger than the file's own list says, and no more than `MOST_BYTES`."""
    if path.stat().st_size > MOST_BYTES:
        raise _DamagedError(f"is larger than {MOST_BYTES // 10**6} MB")
    with zipfile.ZipFile(path) as file:
        known = {entry.filename: entry for entry in file.infolist()}
        entries = {name: known[f"{name}.npy"] for name in _TABLE if f"{name}.npy" in known}
        if missing := [name for name in _TABLE if name not in entries]:
            raise _DamagedError(f"has no array '{missing[0]}'")
        if sum(entry.file_size for entry in entries.values()) > MOST_BYTES:
            raise _DamagedError(f"unpacks to more than {MOST_BYTES // 10**6} MB")
        # other ways of packing may take any memory
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries.values()):
            raise _DamagedError("is packed in another way than NumPy packs")
        return {name: _array(file.read(entry), name) for name, entry in entries.items()}


def _array(content: bytes, name: str) -> NDArray[Any]:
    """One `.npy` whose header says what follows it and no more."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise _DamagedError(f"has '{name}' in another version of NumPy's format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    kinds, dimensions = _TABLE[name]
    if dtype.kind not in kinds or len(shape) != dimensions or (fortran and dimensions > 1):
        raise _DamagedError(f"has '{name}' of type {dtype} and shape {shape}")
    if dtype.itemsize * math.prod(shape) != len(content) - stream.tell():
        raise _DamagedError(f"has '{name}' cut short")
    if not dtype.itemsize:
        raise _DamagedError(f"has '{name}' of nothing")
    if not math.prod(shape):
        return np.zeros(shape, dtype=dtype)
    return np.frombuffer(content, dtype=dtype, offset=stream.tell()).reshape(shape)


def _checked(arrays: Arrays) -> Examples:
    if int(arrays["format"]) > FORMAT:
        raise _DamagedError(
            f"is of format {int(arrays['format'])}, this version of segladder reads up to {FORMAT}: update it, or"
        )
    C, K, M = (len(arrays[name]) for name in ("classes", "image_id", "object_image"))
    sizes = arrays["size"].astype(np.int64)
    P = int(sizes.prod(axis=1).sum()) if sizes.shape == (K, 2) and _within(sizes, 1, LONGEST) else -1
    shapes = {
        "palette": (C, 3), "worst": (K,), "size": (K, 2), "image": (P, 3), "truth": (P,), "pred": (P,),
        "object_found": (M,), "object_class": (M,), "object_state": (M,), "object_box": (M, 4),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise _DamagedError(f"has '{name}' of shape {arrays[name].shape}, which does not fit the others")
    kind, ids = str(arrays["kind"]), [str(name) for name in arrays["image_id"]]
    if kind not in ("classes", "objects") or not 1 <= C < NONE or not 1 <= K <= MOST_IMAGES or len(set(ids)) != K:
        raise _DamagedError("has no classes, no images or too many, or one twice")
    if (
        not _within(arrays["object_image"], 0, K - 1)
        or (np.diff(arrays["object_image"].astype(np.int64)) < 0).any()
        or not _within(arrays["object_class"], 0, C - 1)
        or not _within(arrays["object_state"], 0, CROWD)
        or not _within(arrays["object_box"], -LONGEST, 2 * LONGEST)
    ):
        raise _DamagedError("has objects that cannot be")
    items = [_item(arrays, ids, index, sizes, kind) for index in range(K)]
    palette = [(int(red), int(green), int(blue)) for red, green, blue in arrays["palette"]]
    return Examples(
        kind=kind, classes=tuple(str(name) for name in arrays["classes"]), palette=tuple(palette), items=items
    )


def _item(arrays: Arrays, ids: list[str], index: int, sizes: NDArray[np.int64], kind: str) -> Example:
    height, width = (int(side) for side in sizes[index])
    first = int(sizes[:index].prod(axis=1).sum())
    pixels = slice(first, first + height * width)
    truth, pred = (arrays[name][pixels].astype(np.uint16).reshape(height, width) for name in ("truth", "pred"))
    classes = len(arrays["classes"])
    parts = [_objects(arrays, index, found=found) for found in (False, True)] if kind == "objects" else [None, None]
    for labels, part in zip((truth, pred), parts, strict=True):
        known = _within(labels[labels != NONE], 0, classes - 1) if part is None else _within(labels, 0, len(part))
        if not known or (part is not None and len(part) > MOST_OBJECTS):
            raise _DamagedError(f"has a map of image '{ids[index]}' with what is neither class nor object")
    return Example(
        image_id=ids[index],
        worst=bool(arrays["worst"][index]),
        image=arrays["image"][pixels].astype(np.uint8).reshape(height, width, 3),
        truth=truth,
        pred=pred,
        true_objects=parts[0],
        found_objects=parts[1],
    )


def _objects(arrays: Arrays, index: int, *, found: bool) -> SmallObjects:
    chosen = (arrays["object_image"] == index) & (arrays["object_found"] == found)
    return SmallObjects(
        labels=arrays["object_class"][chosen].astype(np.int64),
        boxes=arrays["object_box"][chosen].astype(np.float32),
        states=arrays["object_state"][chosen].astype(np.uint8),
    )


def _within(values: NDArray[Any], low: int, high: int) -> bool:
    # False for NaN
    return not values.size or bool(values.min() >= low and values.max() <= high)
