"""RoIAlign is exact between the cells, RoIPool is off by up to half a cell (He et al., ICCV 2017, section 3)."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from torchvision.ops import roi_align

from segladder.viz.roi_align import BINS, SAMPLES, STRIDE, edge, lags, ramp, readings, sample_points

ROOT = Path(__file__).parents[2]
PLACES = st.floats(0.5, 5)
SIDES = st.floats(0.5, 6)


@settings(deadline=None)
@given(x=PLACES, y=PLACES, width=SIDES, height=SIDES, slope=st.tuples(*[st.floats(-3, 3)] * 3))
def test_on_a_plane_roi_align_reads_what_lies_at_the_middle_of_each_bin(
    x: float, y: float, width: float, height: float, slope: tuple[float, float, float]
) -> None:
    a, b, c = slope
    plane = a * ramp() + b * ramp().mT + c
    box = torch.tensor([[0, x, y, x + width, y + height]], dtype=torch.float64)
    read = roi_align(plane, box, (4, 5), sampling_ratio=SAMPLES, aligned=True)[0, 0].numpy()
    middle_x = x + width * (np.arange(5) + 0.5) / 5
    middle_y = y + height * (np.arange(4) + 0.5) / 4
    np.testing.assert_allclose(read, a * middle_x[None] + b * middle_y[:, None] + c, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(x=PLACES, y=PLACES, width=SIDES, height=SIDES)
def test_the_points_drawn_are_those_it_reads(x: float, y: float, width: float, height: float) -> None:
    features = torch.rand((1, 1, 12, 12), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    box = (x, y, x + width, y + height)
    points = sample_points(box)
    # cell i has its middle at i + 0.5
    at_points = ndimage.map_coordinates(features[0, 0].numpy(), [points[..., 1] - 0.5, points[..., 0] - 0.5], order=1)
    bins = at_points.reshape(BINS, SAMPLES, BINS, SAMPLES).mean(axis=(1, 3))
    np.testing.assert_allclose(readings(features, np.zeros(1), box=box).align[0], bins, atol=1e-12)


def test_while_the_box_moves_roi_pool_stands_still_and_jumps_by_a_cell() -> None:
    shifts = np.arange(0, 2, 1 / 64)
    align, pool = lags(readings(ramp(), shifts))
    assert np.abs(align).max() < 1e-12
    np.testing.assert_allclose(pool, np.floor(shifts + 0.5) - shifts, atol=1e-12)
    assert np.abs(pool).max() == 0.5  # 8 pixels of the image at stride 16
    assert np.abs(pool).max() * STRIDE == 8


def test_at_an_edge_roi_align_follows_smoothly_where_roi_pool_jumps() -> None:
    shifts = np.arange(-2, 2, 1 / 64)
    read = readings(edge(), shifts)
    steps = [np.abs(np.diff(values[:, 1, 1])).max() for values in (read.align, read.pool)]
    assert steps[0] < 0.01 and steps[1] == 1


def run_script(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    path = str(ROOT / "scripts/roi_align.py")
    monkeypatch.setattr("sys.argv", [path, *words])
    runpy.run_path(path, run_name="__main__")


def test_the_script_draws_the_picture_and_says_the_errors(monkeypatch, capsys, tmp_path: Path) -> None:
    run_script(monkeypatch, f"output={tmp_path}/new/roi.png")
    said = capsys.readouterr().out
    assert "RoIAlign is off by up to 0.00 cells" in said
    assert "RoIPool  is off by up to 0.50 cells, 8.0 pixels of the image at stride 16" in said
    assert Image.open(tmp_path / "new/roi.png").width > 1000


@pytest.mark.parametrize("word", ["outptu=a.png", "a.png"])
def test_a_wrong_word_is_a_sentence(monkeypatch, word: str) -> None:
    with pytest.raises(SystemExit, match=r"is no setting. It takes output=FILE.png."):
        run_script(monkeypatch, word)
