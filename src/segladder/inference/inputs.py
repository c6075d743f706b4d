"""Which images a user means by a file, a folder or a pattern, and what their predictions are to be called."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segladder.data.decoding.images import SUFFIXES
from segladder.inference.outputs import LIST
from segladder.types import UserError

_PATTERN = frozenset("*?[")


@dataclass(frozen=True)
class Input:
    """One image to predict."""

    path: Path
    name: str
    """Where its predictions go below the output folder, without suffix, with forward slashes."""


def find_inputs(given: str | Path, *, output: Path) -> list[Input]:
    """The images of `input=`, in the order of their paths.

    Args:
        given: a file of any suffix; a folder, searched for pictures to its depths, its tree kept in the names; or a
            pattern (`photos/**/*.jpg`), the tree below its fixed part kept.
        output: where predictions go; what lies below it is not read as input.

    Raises:
        UserError: nothing is there; or the output folder is the input folder itself.
    """
    path = Path(given).expanduser()
    output = output.expanduser().resolve()
    if path.is_file():
        return [Input(path, path.stem)]
    if path.is_dir():
        if path.resolve() == output:
            raise UserError(
                f"output={output} is the input folder itself: predictions would lie among the images. Name another"
                f" folder, such as output={output / 'predictions'}."
            )
        inputs = [_below(path, file) for file in _pictures(path, skipped=output)]
        none = f"input={given} holds no picture ({', '.join(sorted(SUFFIXES)[:6])}, …)"
    elif _PATTERN & set(str(given)):
        top = _fixed_part(path)
        # a pattern within the output folder means what lies there
        skipped = None if top.resolve().is_relative_to(output) else output
        inputs = [_below(top, file) for file in _matching(top, path.relative_to(top), skipped=skipped)]
        none = f"input={given} matches no picture ({', '.join(sorted(SUFFIXES)[:6])}, …)"
    else:
        raise UserError(
            f"input={given} is not there. Give an image, a folder of images, or a pattern like 'dir/*.png'."
        )
    if not inputs:
        raise UserError(f"{none}. Check the path.")
    return sorted(inputs, key=lambda one: (one.name, one.path))


def require_own_names(inputs: Sequence[Input], suffixes: Sequence[str], *, output: Path) -> None:
    """Refuses inputs whose predictions would be written over each other, or over an image.

    Args:
        inputs: all of them.
        suffixes: what is written for each, such as `.png` and `_overlay.png`.
        output: the folder it is written to.

    Raises:
        UserError: names the two files.
    """
    images = {one.path.resolve() for one in inputs}
    owner: dict[str, Input] = {}
    for one in inputs:
        for suffix in suffixes:
            file = f"{one.name}{suffix}"
            other = owner.setdefault(file, one)
            if other is not one:
                raise UserError(
                    f"'{other.path}' and '{one.path}' would both be predicted into '{file}'. Rename one of them, or"
                    " predict them into folders of their own."
                )
            if (output / file).resolve() in images:
                raise UserError(
                    f"The prediction '{output / file}' would take the place of an image. Choose another output folder."
                )


def _below(top: Path, file: Path) -> Input:
    return Input(file, file.relative_to(top).with_suffix("").as_posix())


def _pictures(folder: Path, *, skipped: Path) -> Iterator[Path]:
    for directory, subfolders, names in os.walk(folder):
        if LIST in names and Path(directory) != folder:
            _say_skipped(Path(directory))
            subfolders.clear()
            continue
        subfolders[:] = [
            name for name in subfolders if not name.startswith(".") and Path(directory, name).resolve() != skipped
        ]
        yield from (Path(directory, name) for name in names if _is_picture(name))


def _matching(top: Path, pattern: Path, *, skipped: Path | None) -> Iterator[Path]:
    for file in top.glob(str(pattern)):
        ours = skipped is not None and file.resolve().is_relative_to(skipped)
        if _is_picture(file.name) and file.is_file() and not ours:
            yield file


def _say_skipped(folder: Path) -> None:
    warnings.warn(
        f"'{folder}' is left out: its {LIST} says that it holds predictions. To predict those, name it as input.",
        stacklevel=2,
    )


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _fixed_part(pattern: Path) -> Path:
    """The folders of a pattern before the first that has a wildcard."""
    fixed: list[str] = []
    for part in pattern.parts[:-1]:
        if _PATTERN & set(part):
            break
        fixed.append(part)
    return Path(*fixed)
