"""Draws tiny data sets on disk, so that tests need no data of anyone's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import DataLoader


@pytest.fixture(scope="session")
def camvid() -> Path:
    """The real CamVid folder; skips where it is absent."""
    root = Path(os.environ.get("SEGLADDER_TEST_DATA", Path(__file__).parents[3] / "shared/data")) / "camvid"
    if not root.is_dir():
        pytest.skip(f"needs CamVid at {root} (set SEGLADDER_TEST_DATA to the folder above it)")
    return root


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """`draw(counts=..., size=..., classes=..., mode=..., description=...)` makes a folder data set."""
    return lambda **options: draw_folder(tmp_path / "set", **options)


@pytest.fixture
def write() -> Callable[..., None]:
    """`write(root, stem, label, mode=...)` adds one pair."""
    return write_pair


@pytest.fixture
def read_all() -> Callable[[DataLoader[Any]], None]:
    """Reads a loader to its end; stops its workers at once also after an error.

    An iterator that an error keeps alive in a cycle is collected together with its queues, and then torch waits
    5 seconds for each worker.
    """

    def read(loader: DataLoader[Any]) -> None:
        iterator = iter(loader)
        try:
            for _ in iterator:
                pass
        finally:
            if loader.num_workers:
                iterator._shutdown_workers()  # type: ignore[attr-defined]

    return read


def draw_folder(
    root: Path,
    *,
    counts: dict[str, int] | None = None,
    size: tuple[int, int] = (24, 32),
    classes: int = 3,
    mode: str = "RGB",
    description: dict[str, Any] | None = None,
) -> Path:
    """Images whose red (or grey) value is 80 times the class of the label, so that alignment can be seen."""
    rng = np.random.default_rng(0)
    for split, count in (counts or {"train": 6, "val": 2, "test": 2}).items():
        for number in range(count):
            label = np.kron(rng.integers(0, classes, (3, 4)), np.ones((size[0] // 3, size[1] // 4)))
            label = np.pad(label, [(0, size[0] - label.shape[0]), (0, size[1] - label.shape[1])]).astype(np.uint8)
            write_pair(root, f"{split}/{number:03d}", label, mode=mode)
    if description is None:
        description = {"classes": [f"class{index}" for index in range(classes)], "ignore_index": 255}
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def write_pair(root: Path, stem: str, label: np.ndarray, *, mode: str = "RGB") -> None:
    image = Image.fromarray((np.minimum(label, 3) * 80).astype(np.uint8)).convert(mode)
    for kind, picture in (("images", image), ("labels", Image.fromarray(label))):
        path = root / kind / f"{stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
