"""Learning curves as one picture; matplotlib is imported here alone, and only when a plot is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from segladder.types import UserError

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
"""Okabe and Ito's colours, dark enough for lines on white."""

_DASHES = ("-", "--", "-.", ":")


def plot_curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    path: str | Path,
    *,
    title: str = "",
    x_label: str = "step",
    y_label: str = "",
    y_range: tuple[float, float] | None = None,
    bands: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
) -> Path:
    """Draw each series as a line with its name in the legend.

    Args:
        series: name -> (x, y), e.g. `{"loss=dice": (steps, iou), "loss=ce": (steps, iou)}`.
        path: where the picture goes; the suffix chooses the format (png, svg, pdf).
        y_range: lowest and highest y shown; by default what the data need.
        bands: name -> (lower, upper) y of a shaded band around the series of that name, e.g. over seeds.

    Returns:
        The path written.

    Raises:
        UserError: matplotlib is not installed, or there is nothing to draw.
        ValueError: a series' x and y differ in length.
    """
    if not series:
        raise UserError("There are no curves to draw. Give at least one series.")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "Curves are drawn with matplotlib, which is not installed. Run `pip install matplotlib`."
        ) from error

    # a Figure of its own instead of pyplot: no global state, no window system, nothing to close
    figure = Figure(figsize=(8, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for index, (name, (x, y)) in enumerate(series.items()):
        if len(x) != len(y):
            raise ValueError(f"Series '{name}' has {len(x)} x and {len(y)} y.")
        color = _COLORS[index % len(_COLORS)]
        dash = _DASHES[index // len(_COLORS) % len(_DASHES)]
        marker = "o" if len(x) <= 20 else None
        axes.plot(x, y, label=name, color=color, linestyle=dash, linewidth=1.8, marker=marker, markersize=4)
        if bands and name in bands:
            axes.fill_between(x, *bands[name], color=color, alpha=0.15, linewidth=0)
    axes.set(xlabel=x_label, ylabel=y_label)
    if title:
        axes.set_title(title, loc="left")
    if y_range is not None:
        axes.set_ylim(*y_range)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if len(series) > 8:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
    else:
        axes.legend(frameon=False)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=120)
    return target
