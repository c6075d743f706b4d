"""Object sizes over the levels of a feature pyramid, and which of them no anchor fits, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.types import UserError

_FITS = (("0.7 and more", 0.7, "#009E73"), ("0.5 to 0.7", 0.5, "#E69F00"), ("below 0.5", -np.inf, "#D55E00"))
"""Name, least IoU and colour of each group, the best first; Okabe and Ito's colours."""

_BINS_PER_OCTAVE = 6


def plot_levels(
    sizes: ArrayLike,
    ious: ArrayLike,
    path: str | Path,
    *,
    ranges: Mapping[int, tuple[float, float]],
    anchor_sizes: Sequence[float],
    title: str = "",
) -> Path:
    """Draw a histogram of object sizes over the ranges of the levels, coloured by how well an anchor fits.

    Args:
        sizes: square root of each box's area, `(N,)`, in pixels of the resized image; above 0.
        ious: IoU of each box with the anchor that fits it best, `(N,)` in [0, 1].
        path: where the picture goes; the suffix chooses the format (png, svg, pdf).
        ranges: level -> the sizes that belong to it, from the first up to the second.
        anchor_sizes: square roots of the anchors' areas, marked on the axis.

    Returns:
        The path written.

    Raises:
        UserError: matplotlib is not installed, or there is no object.
    """
    size, iou = np.asarray(sizes, dtype=np.float64), np.asarray(ious, dtype=np.float64)
    if not len(size):
        raise UserError("There are no objects to draw. Give at least one.")
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import FuncFormatter, LogLocator
    except ImportError as error:
        raise UserError(
            "The plot is drawn with matplotlib, which is not installed. Run `pip install matplotlib`."
        ) from error

    edges = _edges([*size, *anchor_sizes], border=max(start for start, _ in ranges.values()))
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.add_subplot()
    below, upper = np.zeros(len(edges) - 1), np.inf
    shown: list[Any] = []
    for name, least, color in _FITS:
        group = size[(iou >= least) & (iou < upper)]
        counts = np.histogram(group, edges)[0]
        label = f"{name}: {_share(len(group), len(size))}"
        bars = axes.bar(edges[:-1], counts, np.diff(edges), below, align="edge", color=color, label=label, zorder=2)
        shown.append(bars)
        below, upper = below + counts, least
    for index, (level, (start, stop)) in enumerate(ranges.items()):
        low, high = max(start, edges[0]), min(stop, edges[-1])
        if low < high:
            axes.axvspan(low, high, color="black", alpha=0.06 * (index % 2), linewidth=0, zorder=0)
            held = _share(int(((size >= start) & (size < stop)).sum()), len(size))
            # two lines, which a narrow range holds
            at = (float(np.sqrt(low * high)), 0.99)
            axes.annotate(f"P{level}\n{held}", at, xycoords=axes.get_xaxis_transform(), ha="center", va="top")
    marks = axes.plot(anchor_sizes, [0] * len(anchor_sizes), "k^", markersize=8, clip_on=False, zorder=4)
    marks[0].set_label("anchor sizes")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.2 * below.max()), ylabel="objects")
    axes.set(xlabel="size: square root of the area of an object's box, in pixels of the resized image")
    if title:
        axes.set_title(title, loc="left")
    axes.grid(axis="y", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        handles=[*shown, *marks],
        title="IoU with the best anchor",
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        alignment="left",
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=120)
    return target


def _edges(values: Sequence[float], *, border: float) -> NDArray[np.float64]:
    """Edges of bins of equal ratio around the values, of which borders of levels are some."""
    octaves = np.log2(np.asarray(values) / border) * _BINS_PER_OCTAVE
    return np.asarray(border * 2.0 ** (np.arange(np.floor(octaves.min()), octaves.max() + 2) / _BINS_PER_OCTAVE))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"
