"""The words below the picture of methods side by side: which images these are, why they, and of which runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segladder.report.boards.board import Board
from segladder.report.pictures.kept_examples import ALONE, CHANCE, Column, Kept, enough_of
from segladder.report.pictures.lettering import counted, plain
from segladder.report.pictures.names import in_common, said


def caption(
    board: Board,
    kept: Kept,
    chosen: Mapping[str, int],
    *,
    objects: bool,
    as_objects: bool,
    known: int,
) -> str:
    """
    Args:
        board: whose methods are shown.
        kept: what their runs kept.
        chosen: the images that are shown, each with why.
        objects: images are scored by the objects found in them, else by their pixels.
        as_objects: objects are drawn, else classes.
        known: how many images there are scores of.
    """
    what = "F1 of objects" if objects else "mean IoU"
    columns = kept.columns
    told = (
        f"{counted(len(chosen), 'image')} of the {known:,} of {plain(board.ground.title)}, chosen from the small"
        " pictures that runs keep of their worst images and of a few drawn by chance: "
    )
    if len(columns) == 1:
        told += f"those with the lowest {what} on average over its seeds."
    else:
        told += (
            f"those that most methods have among their worst, at least {enough_of(columns)} of {len(columns)}, and of"
            f" these the ones with the lowest {what} on average over the methods."
        )
    reasons = list(chosen.values())
    for why, words in ((CHANCE, "drawn by chance"), (ALONE, "among the worst of one method alone")):
        if count := reasons.count(why):
            which = f"{count} {'is' if count == 1 else 'are'}" if count < len(reasons) else "All are"
            told += f" {which} here to make up the number, {words}."
    told += _seeds(columns)
    told += f" Below a prediction stands the {what} of that image in that run"
    told += (
        ", how many of the true objects were found, and the false alarms; of objects that overlap the surest shows."
        if as_objects
        else ". Errors are outlined, and their pixels tinted, in the colour of their kind."
    )
    if kept.without:
        labels = ", ".join(said(place) for place in kept.without[:3])
        more = f" and {len(kept.without) - 3} more" if len(kept.without) > 3 else ""
        told += f" No run of {labels}{more} kept pictures that can be shown."
    if kept.damaged:
        are = "is" if len(kept.damaged) == 1 else "are"
        told += f" {counted(len(kept.damaged), 'file')} {are} left out: {plain(kept.damaged[0])}"
    if len(board.places) > len(columns) + len(kept.without):
        told += f" These are the first {len(columns)} methods by rank."
    return told + in_common([column.place for column in columns])


def _seeds(columns: Sequence[Column]) -> str:
    seeded = [column for column in columns if column.run.seed is not None]
    if not seeded:
        return ""
    rule = "the seed with its median score (the lower of two)"
    if len({column.run.seed for column in seeded}) == 1:
        which = f"{'for all ' if len(seeded) > 1 else ''}seed {seeded[0].run.seed}"
    else:
        which = ", ".join(f"{said(column.place)} seed {column.run.seed}" for column in seeded)
    return f" Each method is shown by {rule}: {which}."
