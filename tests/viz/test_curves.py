"""Learning curves as a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from segladder.types import UserError
from segladder.viz import plot_curves


def test_curves_land_in_a_picture_whose_folder_is_made(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    series = {"loss=dice": ([0, 1, 2], [0.1, 0.5, 0.9]), "loss=ce": ([0, 1, 2], [0.1, 0.3, 0.6])}
    bands = {"loss=ce": ([0.0, 0.2, 0.5], [0.2, 0.4, 0.7])}
    path = plot_curves(series, tmp_path / "new" / "curves.png", y_label="IoU", bands=bands)
    assert Image.open(path).size == (960, 576)


def test_nothing_to_draw_and_unequal_lengths_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(UserError, match="no curves to draw"):
        plot_curves({}, tmp_path / "x.png")
    with pytest.raises(ValueError, match="Series 'a' has 2 x and 1 y"):
        plot_curves({"a": ([1, 2], [1])}, tmp_path / "x.png")


def test_a_missing_matplotlib_is_said_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match="pip install matplotlib"):
        plot_curves({"a": ([1], [1])}, tmp_path / "x.png")
