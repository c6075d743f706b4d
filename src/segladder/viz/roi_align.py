"""Why Mask R-CNN reads its features by RoIAlign: a box between the cells, read exactly and read after rounding.

RoIPool rounds a box to whole cells of the feature map, so what it reads stands still while the box moves, and then
jumps: off by up to half a cell, which is 8 pixels of the image at stride 16. RoIAlign reads the map at the box's own
fractional places by bilinear interpolation (He et al., ICCV 2017, section 3).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segladder.types import UserError

if TYPE_CHECKING:
    from torch import Tensor

BOX = (3.3, 1.4, 9.3, 7.4)
"""The box of the picture: x1 y1 x2 y2 in cells, where cell `i` reaches from `i` to `i + 1`."""

WHOLE = (3.0, 1.0, 9.0, 7.0)
"""The same box on whole cells, from where it is moved."""

BINS, SAMPLES = 3, 2
"""Bins of the output along each side, and sample points of each bin along each side."""

STRIDE = 16
"""Pixels of the image along each side of a cell, as in the paper's C4 models."""

_MAP = 12
_BLUE, _RED, _GREY = "#0072B2", "#D55E00", "#666666"


class Readings(NamedTuple):
    """What the bins of a box hold, shift by shift."""

    shifts: NDArray[np.float64]
    """`(S,)` how far the box was moved to the right, in cells."""
    align: NDArray[np.float64]
    """`(S, BINS, BINS)` as RoIAlign reads them."""
    pool: NDArray[np.float64]
    """`(S, BINS, BINS)` as RoIPool does."""


def ramp(size: int = _MAP) -> Tensor:
    """A feature map whose value is the place: each cell holds the x of its middle; `(1, 1, size, size)` float64."""
    import torch

    return (torch.arange(size, dtype=torch.float64) + 0.5).expand(1, 1, size, size).contiguous()


def edge(size: int = _MAP) -> Tensor:
    """A feature map that is 0 on the left half and 1 on the right one, `(1, 1, size, size)` float64."""
    import torch

    return (torch.arange(size) >= size // 2).double().expand(1, 1, size, size).contiguous()


def sample_points(box: tuple[float, float, float, float] = BOX) -> NDArray[np.float64]:
    """Where RoIAlign reads the map: x and y of each point in cells, `(BINS * SAMPLES, BINS * SAMPLES, 2)`, y first."""
    x1, y1, x2, y2 = box
    shares = (np.arange(BINS * SAMPLES) + 0.5) / (BINS * SAMPLES)
    x, y = np.meshgrid(x1 + shares * (x2 - x1), y1 + shares * (y2 - y1))
    return np.stack([x, y], axis=-1)


def readings(
    features: Tensor, shifts: NDArray[np.float64], *, box: tuple[float, float, float, float] = WHOLE
) -> Readings:
    """Both operators of torchvision on a box moved step by step.

    Args:
        features: `(1, 1, H, W)` float64.
        shifts: `(S,)` steps to the right of `box`, in cells.
        box: x1 y1 x2 y2 in cells.
    """
    import torch
    from torchvision.ops import roi_align, roi_pool

    moved = torch.tensor([[0.0, box[0] + s, box[1], box[2] + s, box[3]] for s in shifts.tolist()], dtype=torch.float64)
    align = roi_align(features, moved, BINS, spatial_scale=1.0, sampling_ratio=SAMPLES, aligned=True)
    pool = roi_pool(features, moved, BINS, spatial_scale=1.0)
    return Readings(shifts, align[:, 0].numpy(), pool[:, 0].numpy())


def lags(read: Readings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far what RoIAlign and RoIPool read of a `ramp` lags behind the box, `(S,)` cells each.

    On a ramp each value should grow by exactly as much as the box moves, whether a bin holds its mean or its greatest
    value. The shift of the first reading counts as right.
    """
    moved = read.shifts - read.shifts[0]
    align, pool = ((values - values[0]).mean(axis=(1, 2)) - moved for values in (read.align, read.pool))
    return align, pool


def draw_roi_align(path: str | Path) -> Path:
    """The picture: box, rounded box and sample points; both errors on a ramp; both readings of an edge.

    Args:
        path: where it goes; the suffix chooses the format (png, svg, pdf).

    Returns:
        The path written.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "The picture is drawn with matplotlib, which is not installed. Run `pip install matplotlib`."
        ) from error

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    where, errors, response = figure.subplots(1, 3)
    _draw_box(where)
    _draw_lags(errors, readings(ramp(), np.linspace(0, 2, 401)))
    _draw_edge(response, readings(edge(), np.linspace(-2, 2, 401)))
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=120)
    return target


def _draw_box(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    x1, y1, x2, y2 = BOX
    axes.imshow(ramp()[0, 0].numpy(), cmap="Greys", extent=(0, _MAP, _MAP, 0), vmin=-6, vmax=30)
    for line in range(1, _MAP):
        axes.axvline(line, color="white", linewidth=0.8)
        axes.axhline(line, color="white", linewidth=0.8)
    left, top, right, bottom = (round(value) for value in BOX)
    # RoIPool counts the last cell in
    rounded = Rectangle((left, top), right + 1 - left, bottom + 1 - top)
    rounded.set(
        fill=False, edgecolor=_RED, linewidth=2, linestyle="--", zorder=3, label="RoIPool: rounded to whole cells"
    )
    axes.add_patch(rounded)
    for step in range(1, BINS):
        axes.plot([x1 + step * (x2 - x1) / BINS] * 2, [y1, y2], color=_BLUE, linewidth=0.8)
        axes.plot([x1, x2], [y1 + step * (y2 - y1) / BINS] * 2, color=_BLUE, linewidth=0.8)
    axes.add_patch(
        Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=_BLUE, linewidth=2, zorder=3, label="the box")
    )
    points = sample_points().reshape(-1, 2)
    axes.plot(*points.T, "o", color=_BLUE, markersize=3.5, label="RoIAlign: reads here")
    axes.set(xlabel="cells of the feature map", xlim=(0, _MAP), ylim=(_MAP, 0))
    axes.set_title(f"A box between the cells, {BINS}x{BINS} bins", loc="left")
    axes.legend(loc="lower center", framealpha=1, edgecolor="none", fontsize="small")


def _draw_lags(axes: Any, read: Readings) -> None:
    align, pool = lags(read)
    axes.plot(read.shifts, pool, color=_RED, linestyle="--", label="RoIPool")
    axes.plot(read.shifts, align, color=_BLUE, linewidth=2, label="RoIAlign")
    axes.set(xlabel="box moved to the right, in cells", ylabel="error in cells", ylim=(-0.75, 0.75))
    pixels = axes.secondary_yaxis("right", functions=(lambda cells: cells * STRIDE, lambda px: px / STRIDE))
    pixels.set_ylabel(f"in pixels of the image at stride {STRIDE}", color=_GREY)
    axes.set_title("Place that is read, on a ramp", loc="left")
    _finish(axes)


def _draw_edge(axes: Any, read: Readings) -> None:
    middle = BINS // 2
    axes.plot(read.shifts, read.pool[:, middle, middle], color=_RED, linestyle="--", label="RoIPool")
    axes.plot(read.shifts, read.align[:, middle, middle], color=_BLUE, linewidth=2, label="RoIAlign")
    axes.set(xlabel="box moved to the right, in cells", ylabel="value", ylim=(-0.15, 1.25))
    axes.set_title("What the middle bin holds, at an edge", loc="left")
    _finish(axes)


def _finish(axes: Any) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", ncols=2)
