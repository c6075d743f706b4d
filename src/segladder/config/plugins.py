"""A user's own packages: `plugins=[mypkg]` on his command line."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from types import ModuleType

from segladder.types import UserError


def import_plugins(names: Iterable[str]) -> list[ModuleType]:
    """Imports packages by name, after composition, so that what they register is there before anything is
    built.

    Args:
        names: importable names, `mypkg` or `mypkg.losses`.

    Returns:
        The modules in the same order.

    Raises:
        UserError: a name is no package name or does not exist; an error inside the package passes through.
    """
    if isinstance(names, str):
        raise UserError(f"plugins={names} is one word. Write a list: plugins=[{names}].")
    modules = []
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name):
            raise UserError(f"plugins names {name!r}, which is no package. Write plugins=[mypkg], without path or .py.")
        try:
            modules.append(importlib.import_module(name))
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise  # the package is there, but lacks something itself: its own traceback says what
            raise UserError(
                f"The package '{error.name}' of plugins=[{name}] cannot be imported. Install it in this"
                " environment (pip install -e .), or set PYTHONPATH to the folder that holds it."
            ) from error
    return modules
