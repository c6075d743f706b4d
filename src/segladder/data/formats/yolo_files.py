"""Where YOLO's files lie: labels above or below the folders of splits, and who names the classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from segladder.data.errors import DataError

LABELS, PICTURES = "labels", "images"

_NO_LABELS = frozenset({"classes.txt", "train.txt", "val.txt", "test.txt", "trainval.txt"})
_NAMING = ("data.yaml", "dataset.yaml", "classes.txt", "labels/classes.txt", "obj.names")


def root_and_names(path: Path, classes: tuple[str, ...] | None) -> tuple[Path, tuple[str, ...], str]:
    """The folder of a set, its class names, and what named them.

    Args:
        path: the folder, its `labels/`, or its yaml file.
        classes: as typed; they count where no file names any.

    Raises:
        DataError: nobody names the classes, or a file makes no sense.
    """
    if path.is_file():
        root = path.parent / str(_yaml(path).get("path") or ".")
        return root if root.is_dir() else path.parent, _names(path), f"'{path}'"
    root = path.parent if path.name == LABELS else path
    files = [root / name for name in _NAMING if (root / name).is_file()]
    files += [file for file in sorted(root.glob("*.yaml")) if "names" in _yaml(file)]
    if files:
        return root, _names(files[0]), f"'{files[0]}'"
    if classes is None:
        raise DataError(
            f"'{root}' does not name its classes: data.yaml (with 'names') and classes.txt were looked for. Give"
            " classes=[first,second,…] in the order of their numbers."
        )
    return root, classes, "classes="


def label_files(root: Path) -> dict[str, Path]:
    """Path of the image without suffix, below its folder -> txt.

    Raises:
        DataError: there is none, or two are of one image.
    """
    files = [file for file in sorted(root.rglob("*.txt")) if not file.name.startswith(".")]
    apart = [file for file in files if LABELS in file.relative_to(root).parts[:-1]]
    found: dict[str, Path] = {}
    for file in apart or files:
        if file.name in _NO_LABELS:
            continue
        stem = without(file.relative_to(root).with_suffix("").as_posix(), LABELS)
        if stem in found:
            raise DataError(f"'{found[stem]}' and '{file}' are both of the image '{stem}'. Take one away.")
        found[stem] = file
    if not found:
        raise DataError(f"'{root}' holds no labels: '{LABELS}/**/*.txt' was looked for. Point input at the folder.")
    return found


def without(stem: str, folder: str) -> str:
    """A path without its last folder of that name: `labels/train/a` and `train/labels/a` are both `train/a`."""
    parts = list(PurePosixPath(stem).parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == folder:
            del parts[index]
            break
    return "/".join(parts)


def _names(path: Path) -> tuple[str, ...]:
    """Class names by their number."""
    if path.suffix in (".txt", ".names"):
        names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
        while names and not names[-1]:
            names.pop()
    else:
        given = _yaml(path).get("names")
        if isinstance(given, Mapping):
            if sorted(given, key=str) != sorted(range(len(given)), key=str):
                raise DataError(f"'{path}': 'names' numbers the classes {list(given)[:8]}. Number them 0, 1, 2, …")
            given = [given[index] for index in range(len(given))]
        if not isinstance(given, list) or not given:
            raise DataError(f"'{path}': 'names' is {given!r}. Give a list of class names.")
        names = [str(name) for name in given]
    double = sorted({name for name in names if names.count(name) > 1})
    if double or not names:
        what = f"names '{double[0]}' twice" if double else "names no class"
        raise DataError(f"'{path}' {what}. Give each class a name of its own.")
    return tuple(names)


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"'{path}' cannot be read: {' '.join(str(error).split())}. Correct it.") from None
    return content if isinstance(content, dict) else {}
