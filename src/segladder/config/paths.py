"""Where `conf/` lies: in a clone and an editable install beside `src`, in a wheel inside the package."""

from __future__ import annotations

from pathlib import Path

import segladder
from segladder.types import UserError


def conf_dir() -> Path:
    """The folder with segladder's own config groups, absolute.

    Raises:
        UserError: the installation has lost it.
    """
    package = Path(segladder.__file__).resolve().parent
    # the clone comes first: in an editable install a `conf` left inside the package by a build would be stale
    for candidate in (package.parent.parent / "conf", package / "conf"):
        if (candidate / "train.yaml").is_file():
            return candidate
    raise UserError(
        f"segladder's config folder is neither at '{package.parent.parent / 'conf'}' nor at"
        f" '{package / 'conf'}'. Install segladder again, or run it from a complete clone."
    )
