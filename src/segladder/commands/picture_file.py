"""Where a command's picture goes: a PNG file that can be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from segladder.types import UserError


def picture_path(given: str | Path) -> Path:
    """The file that `output` names.

    Raises:
        UserError: it does not end in .png.
    """
    path = Path(given)
    if path.suffix.lower() != ".png":
        raise UserError(f"output is '{path}'. Give a file name that ends in .png.")
    return path


def write_picture(save: Callable[[Path], object], path: Path) -> None:
    """Makes the folder, saves the picture and says so.

    Args:
        save: writes the picture into a file.
        path: the file.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path)
    except OSError as error:
        raise UserError(
            f"'{path}' cannot be written ({error.strerror or error}). Name another file with output=FILE.png."
        ) from None
    print(f"Wrote {path}")
