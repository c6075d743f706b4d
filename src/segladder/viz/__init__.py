"""Pictures and the terminal report, on NumPy and Pillow alone: no torch, no matplotlib at import."""

from segladder.viz.bars import class_bars, class_bars_text
from segladder.viz.boundaries import boundaries, draw_boundaries
from segladder.viz.colorize import colorize
from segladder.viz.curves import plot_curves
from segladder.viz.errors import ERROR_COLORS, error_map
from segladder.viz.grid import GridRow, class_grid, picture_grid
from segladder.viz.image import to_rgb
from segladder.viz.instance_grid import InstanceRow, instance_grid
from segladder.viz.instances import instance_overlay
from segladder.viz.legend import legend
from segladder.viz.matching import Matching, confident, match
from segladder.viz.overlay import overlay
from segladder.viz.score_report import class_report
from segladder.viz.sheet import SheetSample, sample_sheet
from segladder.viz.statistics import ClassStatistics, class_iou, class_statistics

__all__ = [
    "ERROR_COLORS",
    "ClassStatistics",
    "GridRow",
    "InstanceRow",
    "Matching",
    "SheetSample",
    "boundaries",
    "class_bars",
    "class_bars_text",
    "class_grid",
    "class_iou",
    "class_report",
    "class_statistics",
    "colorize",
    "confident",
    "draw_boundaries",
    "error_map",
    "instance_grid",
    "instance_overlay",
    "legend",
    "match",
    "overlay",
    "picture_grid",
    "plot_curves",
    "sample_sheet",
    "to_rgb",
]
