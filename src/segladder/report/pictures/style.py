"""How all pictures look: colours, sizes, text drawn as it stands, and the PNG; matplotlib comes in only when used."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from segladder.report.pictures.lettering import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image as Picture

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
"""Okabe and Ito's colours, dark enough for lines on white."""
BLUE, VERMILION = COLORS[:2]
GREY = "#6E6E6E"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
MAP = "cividis"
"""From dark to bright as well as from blue to yellow: the same order for every eye and on grey paper."""
WIDTH = 7.0
"""Inches that a picture is wide at most: as wide as a page shows it, its letters are as large as the page's."""
DPI = 200
MOST_BYTES = 200_000
"""A larger file gets a palette of 256 colours."""
_PHOTOGRAPH = 10_000
"""A picture of more colours than this holds photographs."""


@contextmanager
def own_style() -> Iterator[None]:
    """Within it figures look alike whatever a user's matplotlib is set to, and no text is read as a formula."""
    import matplotlib.style

    ours: dict[str, Any] = {
        "font.family": list(families()),
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.titlelocation": "left",
        "axes.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.formatter.useoffset": False,
        "axes.axisbelow": True,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "text.usetex": False,
        "text.parse_math": False,
        "axes.unicode_minus": True,
    }
    with matplotlib.style.context(["default", ours]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches; of its own instead of pyplot's: no global state, no window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def panels(figure: Figure, count: int, *, below: bool = False) -> list[Axes]:
    """So many axes side by side, or one below the other."""
    return list(figure.subplots(count if below else 1, 1 if below else count, squeeze=False).flat)


def png(figure: Figure) -> bytes:
    """The figure as a file: the same bytes for the same figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    with own_style():
        canvas.draw()  # type: ignore[no-untyped-call]
    # straight from the canvas: matplotlib's own file would be read again to be packed harder
    pixels = bytes(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    picture = Image.frombytes("RGBA", canvas.get_width_height(), pixels).convert("RGB")
    small = _packed(picture)
    if len(small) > MOST_BYTES:
        if picture.getcolors(_PHOTOGRAPH) is None:
            # with so many colours the other method takes half a minute
            few = picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        else:
            # this method keeps the steps of a colour bar, which the default does not
            few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
        small = _packed(few)
    return small


def _packed(picture: Picture) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True, dpi=(DPI, DPI))
    return buffer.getvalue()
