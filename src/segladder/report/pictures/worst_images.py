"""The test images that are hardest for all methods, and for whom: a row for each image, a column for each method.

A report opens no data set, so that this is a table by the images' names; `side_by_side` shows those of which runs kept
small pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segladder.metrics.match_table import MatchTable
from segladder.metrics.per_image import PerImage
from segladder.report.boards.board import Board
from segladder.report.pictures.heat import (
    ROOM,
    all_flat,
    cell_width,
    color_bar,
    draw_cells,
    figure_size,
    limits,
    room_beside,
)
from segladder.report.pictures.lettering import counted, distinct, plain
from segladder.report.pictures.names import in_common, in_full, names_of
from segladder.report.pictures.picture import NothingToDraw, Picture
from segladder.report.pictures.scored_images import ScoredImages, scored_images
from segladder.report.pictures.style import new_figure

MOST_METHODS = 40
IMAGES = 16


def worst_images(board: Board, *, images: int = IMAGES) -> Picture:
    """The images with the lowest score on average over the methods (the first 40 by rank), the worst first.

    Raises:
        NothingToDraw: nothing is known of single images.
    """
    from matplotlib.colors import Normalize

    places = board.places[:MOST_METHODS]
    found = scored_images([place.method for place in places])
    values, objects = image_scores(found, objects=board.task == "objects")
    known = [index for index, runs in enumerate(found.arrays) if runs]
    mean = _mean(values, axis=0)
    if not known or not np.isfinite(mean).any():
        reason = found.missing[0] if found.missing else "no class is true or predicted in any image."
        raise NothingToDraw(f"Worst images: {reason}")
    order = np.argsort(mean, kind="stable")
    worst = order[: min(images, int(np.isfinite(mean).sum()))]
    cells = values[known][:, worst].T
    rows = distinct([found.ids[index] for index in worst])
    wide = cell_width(len(known), room=room_beside(rows) - 0.2)
    names = names_of(places, longest=26)
    if all_flat([names[index] for index in known], wide):
        # cut where there is no room alone
        whole = names_of(places, longest=200)
        names = [one if all_flat([one], wide) else cut for one, cut in zip(whole, names, strict=True)]
    columns = [names[index] for index in known]
    figure = new_figure(*figure_size(rows, columns, wide=wide))
    axes = figure.add_subplot()
    what = "F1 of objects" if objects else "mean IoU"
    shown = draw_cells(
        axes,
        cells,
        rows=rows,
        columns=columns,
        norm=Normalize(*limits(cells)),
        wide=wide,
        percent=True,
    )
    axes.set_ylabel("image")
    color_bar(figure, shown, f"{what} of the image")
    told = " Numbers are percent." if wide >= ROOM else ""
    if len(board.places) > MOST_METHODS:
        told += f" These are the first {MOST_METHODS} of {len(board.places):,} methods by rank."
    if found.missing:
        are = "is" if len(found.missing) == 1 else "are"
        told += f" {counted(len(found.missing), 'run')} {are} left out: {plain(found.missing[0])}"
    measured = (
        "the F1 of objects found with a score of 0.5 or more, matched at IoU 0.5"
        if objects
        else "the mean IoU over the classes that are true or predicted in the image"
    )
    return Picture(
        kind="worst-images",
        figure=figure,
        caption=(
            f"The {len(worst)} of {len(found.ids):,} images of {plain(board.ground.title)} with the lowest {what} on"
            f" average over {counted(len(known), 'method')}: {measured}, mean over seeds."
            f"{told}{in_common(places)}{in_full(places, names)}"
        ),
        alt=(
            f"Heat map of {counted(len(worst), 'image')} by {counted(len(columns), 'method')}; the lowest is"
            f" {plain(found.ids[worst[0]])}."
        ),
    )


def image_scores(found: ScoredImages, *, objects: bool) -> tuple[NDArray[np.float64], bool]:
    """Each image's score, the mean over a method's seeds.

    Returns:
        `(M, N)`, NaN where undefined or unknown; and whether it is the F1 of objects instead of the mean IoU.
    """
    every = [arrays for runs in found.arrays for arrays in runs]
    objects = objects and bool(every) and all("det_image" in arrays for arrays in every)
    rows = [
        _mean(np.stack([scores_of(arrays, objects=objects) for arrays in runs]), axis=0)
        if runs
        else np.full(len(found.ids), np.nan)
        for runs in found.arrays
    ]
    return np.stack(rows), objects


def scores_of(arrays: dict[str, NDArray[Any]], *, objects: bool) -> NDArray[np.float64]:
    """Each image's score in one run, `(N,)`: the mean IoU over its classes, or the F1 of objects."""
    return MatchTable.from_arrays(arrays).ranking() if objects else PerImage.from_arrays(arrays).miou()


def _mean(values: NDArray[np.float64], *, axis: int) -> NDArray[np.float64]:
    """Of what is defined; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis)
    mean: NDArray[np.float64] = np.divide(
        np.where(known, values, 0.0).sum(axis), count, out=np.full(count.shape, np.nan), where=count > 0
    )
    return mean
