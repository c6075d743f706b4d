"""All pairs of methods as a sheet, with what it would take to settle each."""

from __future__ import annotations

import itertools
import math

from segladder.report import figures
from segladder.report.boards.board import Board, difference_interval
from segladder.report.boards.verdict import verdict_of
from segladder.report.sheets.sheet import Cell, Column, Sheet
from segladder.report.sheets.words import LEVEL_TEXT, ends, known, table_name
from segladder.report.statistics.pairs import LEVEL
from segladder.report.statistics.power import seeds_needed
from segladder.report.statistics.uncertainty import Estimate, difference_of


def comparisons(board: Board, *, power: bool = False, most: int = 400) -> Sheet | None:
    """Every pair of a board's methods, the better first; None where there is one method.

    Args:
        board: what it is of.
        power: whether to say how many seeds would settle what is not settled.
        most: pairs shown; where there are more, those with the best method, then those of neighbours.
    """
    count = len(board.places)
    if count < 2:
        return None
    total = count * (count - 1) // 2
    every = ((a, b) for a in range(count) for b in range(a + 1, count) if total <= most or a == 0 or b == a + 1)
    pairs = list(itertools.islice(every, most))
    notes = [
        "Differences of means over seeds; each interval is for its pair alone"
        + (f", p is by Holm over the {board.pairs.tests:,} pairs tested." if board.pairs.tests else "."),
    ]
    if total > most:
        told = f"{len(pairs):,} pairs with the best method and of neighbours are shown"
        notes.append(f"Of {total:,} pairs {told}; all of them count in Holm's correction.")
    columns = [
        Column(key="method", title="method"),
        Column(key="against", title="against"),
        Column(key="difference", title=f"difference of {board.metric}", right=True),
        Column(key="interval", title="95 % interval", right=True),
        Column(key="p", title="p", right=True),
        Column(key="images_share", title="images' share", right=True),
        Column(key="verdict", title="verdict"),
    ]
    if power:
        columns.append(Column(key="needed", title="seeds needed", right=True))
    rows = []
    for a, b in pairs:
        ours, theirs = board.places[a], board.places[b]
        difference = difference_of(ours.sample, theirs.sample)
        adjusted = float(board.pairs.adjusted[a, b])
        low, high = difference_interval(difference, board.metric)
        verdict = verdict_of(difference, adjusted, minimised=board.minimised)
        row = [
            Cell(text=ours.method.label),
            Cell(text=theirs.method.label),
            Cell(text=figures.score(difference.value, sign=True), value=difference.value),
            Cell(text=figures.interval(low, high, sign=True), value=known(low), parts=ends(low, high)),
            Cell(text=figures.p_value(adjusted), value=None if math.isnan(adjusted) else adjusted),
            Cell(text=figures.share(difference.images_share), value=known(100 * difference.images_share)),
            Cell(text=verdict.text),
        ]
        if power:
            row.append(_needed(difference, verdict.word, tests=total))
        rows.append(row)
    if any(row[5].text for row in rows):
        told = "the part of the uncertainty that more test images would reduce; more seeds reduce the rest"
        notes.insert(1, f"Images' share: {told}.")
    if power:
        notes.append(
            "Seeds needed: of each method, all in all, for a chance of 80 % to settle the pair, were the difference as"
            " large as it looks, and the spreads as large as is as likely too much as too little; at"
            f" {LEVEL_TEXT}{f' divided by all {total:,} pairs' if total > 1 else ''}. Of two or three seeds it is a"
            " rough guess."
        )
    return Sheet(
        name=table_name("comparisons", board),
        title=f"Comparisons on {board.title}",
        columns=columns,
        rows=rows,
        notes=notes,
    )


def _needed(difference: Estimate, word: str, *, tests: int) -> Cell:
    if word in ("better", "worse"):
        return Cell(text="settled")
    if math.isnan(difference.seeds_variance):
        return Cell(text="unknown: one seed")
    needed = seeds_needed(difference, level=LEVEL / tests)
    if needed.seeds is not None:
        return Cell(text=str(needed.seeds), value=needed.seeds)
    if needed.images is not None:
        return Cell(text=f"none: {needed.images:.1f} times the test images")
    return Cell(text="none: no difference to find" if difference.value == 0 else "more than 1,000")
