"""Checks of drawn sets, without the command line around them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segladder.data.doctor.checkup import Checkup, check
from segladder.data.doctor.survey import survey
from segladder.data.readers.folder import Folder


@pytest.fixture
def examine() -> Callable[..., Checkup]:
    """`examine(root, reader=Folder, workers=0, limit=None, **options)` checks a data set."""

    def checked(root: Path, reader: Any = Folder, *, workers: int = 0, limit: int | None = None, **options: Any) -> Any:
        return check(survey(reader, {"root": root, **options}, limit=limit), workers=workers)

    return checked


@pytest.fixture
def kinds() -> Callable[[Checkup], dict[str, int]]:
    """`kinds(checkup)`: how many findings of each kind."""

    def counted(checkup: Checkup) -> dict[str, int]:
        found: dict[str, int] = {}
        for group in checkup.groups:
            found[group.kind] = found.get(group.kind, 0) + group.count
        return found

    return counted
