"""What a person sees while a sweep runs: a table that lives in the terminal, or plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from segladder.launchers.show.columns import Column, cells, cut, encodable, is_terminal, laid_out, one_line, painted
from segladder.launchers.show.estimate import duration
from segladder.launchers.show.progress import Progress
from segladder.launchers.show.ranking import score_of
from segladder.launchers.show.table import STYLES, Row, score_column, setting_columns
from segladder.launchers.work import DONE, JobEnd

if TYPE_CHECKING:
    from rich.live import Live

_RECENT = 5
"""Jobs shown of those that ended last."""
_BEST = 3
"""Jobs shown of those with the best scores, once they are no longer among the last."""
_FEW = 3
"""Jobs done before that are told one by one."""
_PAUSE = 0.2
"""Seconds between two drawings: hundreds of jobs may end at once."""


class Board:
    """Shows how a sweep gets on, in a `with` block; whatever ends the block leaves the terminal in order."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        slots: int,
        estimate: float | None,
        say: Callable[[str], object] = print,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            rows: all jobs of the sweep; those that have an end were done before.
            slots: jobs at once.
            estimate: seconds that the whole sweep may take; None: not known.
            say: takes the lines where stdout is no terminal.
            now: the clock.
        """
        self._progress = Progress(rows, slots=slots, estimate=estimate, now=now)
        self._say, self._now = say, now
        self._live: Live | None = None
        self._gone = False
        """Whether the terminal is: a connection that is cut or a pipe that is closed ends no sweep."""
        self._drawn: tuple[float, list[str]] = (float("-inf"), [])
        self._before = [row.number for row in rows if row.end is not None]
        """Jobs done before that have not been told."""
        self._settings = setting_columns([row.settings for row in rows])
        self._place = {row.number: place for place, row in enumerate(rows)}

    def __enter__(self) -> Board:
        if is_terminal():
            self._live = _live()
            with suppress(OSError):
                self._live.start()
            self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell_before()
        if self._live is not None:
            live, self._live = self._live, None
            # the final table follows: of this one only the counts stay
            live.update(_as_text(self._header(live.console.width)))
            with suppress(OSError):
                live.stop()

    def started(self, number: int) -> None:
        """A job was given to the executor."""
        self._tell_before()
        self._progress.start(number)
        if self._live is None:
            self._line(f"{self._progress.place(number)} started  {self._progress.name(number)}")
        self._draw()

    def ended(self, number: int, end: JobEnd) -> None:
        """A job ended, or was found to be done or in other hands."""
        self._progress.end(number, end)
        if end.status == "skipped":
            self._before.append(number)
        else:
            self._tell_before()
            # failures stay in sight above the table
            if self._live is None or end.status not in DONE:
                self._line(self._told(number, end), style=STYLES[end.status])
        self._draw()

    def note(self, text: str) -> None:
        """A warning or message."""
        self._tell_before()
        self._line(text)
        self._draw()

    def tick(self) -> None:
        """Brings the times up to date."""
        self._draw(force=True)

    def stopping(self) -> None:
        """Ctrl-C came once; when it is called again, once more."""
        if self._progress.stopping:
            self.note("Stopping at once: the jobs at work are ended.")
            return
        self._progress.stopping = True
        count = len(self._progress.running)
        jobs = "the job at work saves its state" if count == 1 else f"the {count} jobs at work save their state"
        end = f"; {jobs} and will go on next time. Ctrl-C once more ends at once" if count else ""
        self.note(f"Stopping: no further job is started{end}.")

    def _told(self, number: int, end: JobEnd) -> str:
        progress = self._progress
        line = f"{progress.place(number)} {end.status} {progress.name(number)}"
        if end.status not in DONE:
            return f"{line}: {one_line(end.error)}" if end.error else line
        metric = getattr(end.value, "metric", "")
        facts = [
            f"{split} {metric} {score:.4f}"
            for split in ("val", "test")
            if (score := score_of(end, split, metric)) is not None
        ]
        if number in progress.took:
            facts.append(duration(progress.took[number]))
        return f"{line}: {', '.join(facts)}" if facts else line

    def _tell_before(self) -> None:
        """Jobs that were done before: by name if they are few, and not at all in the table, which counts them."""
        numbers, self._before = self._before, []
        if self._live is not None or not numbers:
            return
        if len(numbers) > _FEW:
            self._line(f"{len(numbers)} of {len(self._progress.rows)} jobs were done before.")
        else:
            for number in numbers:
                self._line(self._told(number, self._progress.ends[number]))

    def _line(self, text: str, *, style: str = "") -> None:
        if self._gone:
            return
        try:
            if self._live is None:
                self._say(encodable(text))
                sys.stdout.flush()
            else:
                from rich.text import Text

                self._live.console.print(Text(encodable(text), style=style))
        except OSError:
            self._gone = True

    def _draw(self, *, force: bool = False) -> None:
        """Draws the table if it looks different from before."""
        if self._live is None or self._gone or not (force or self._now() - self._drawn[0] >= _PAUSE):
            return
        size = self._live.console.size
        lines = self._frame(size.width, size.height)
        if lines != self._drawn[1]:
            self._drawn = (self._now(), lines)
            try:
                self._live.update(_as_text(lines), refresh=True)
            except OSError:
                self._gone = True

    def _header(self, width: int) -> list[str]:
        """The headline, broken between its parts where it is too long."""
        lines = _joined(self._progress.headline(), " · ", width)
        lines = [short for line in lines for short in _joined(line.split(", "), ", ", width)]
        return [painted(encodable(cut(line, width)), "bold", color=True) for line in lines]

    def _frame(self, width: int, height: int) -> list[str]:
        """The lines of the table, fewer than the terminal has."""
        progress = self._progress
        header = self._header(width)
        # a line is left to the cursor, one is that of the titles
        room = height - 1 - len(header) - 1
        running = list(progress.running)
        # running jobs come first: the last ended get what is left, and the best what is left then
        shown = running if len(running) <= room else running[: max(room - 1, 0)]
        hidden = len(running) - len(shown)
        room -= len(shown) + (1 if hidden else 0)
        ended = [number for number, end in progress.ends.items() if end.status != "skipped"]
        recent = ended[-1 : -1 - min(_RECENT, max(room, 0)) : -1]
        room -= len(recent)
        best = progress.best()
        best = best[: min(_BEST, max(room - 1, 0))] if set(best) - set(recent) else []
        numbers = [*shown, *recent, *best]
        if not numbers:
            return header[: max(height - 1, 1)]
        title, *table = [encodable(line) for line in laid_out(self._columns(numbers), width=width, color=True)]
        lines = [*header, title, *table[: len(shown)]]
        if hidden:
            lines.append(cut(f"  and {hidden} more running", width))
        lines += table[len(shown) : len(shown) + len(recent)]
        if best:
            lines += [painted(cut("best so far", width), "bold", color=True), *table[len(shown) + len(recent) :]]
        return lines[: max(height - 1, 1)]

    def _columns(self, numbers: Sequence[int]) -> list[Column]:
        progress = self._progress
        ranking, running, ends = progress.ranking, progress.running, progress.ends
        status = ["running" if number in running else ends[number].status for number in numbers]
        seconds = [running.get(number, progress.took.get(number)) for number in numbers]
        columns = [
            Column(title="job", cells=[str(number + 1) for number in numbers], right=True, gives=2, vanishes=True),
            *(
                replace(
                    column,
                    cells=[column.cells[self._place[number]] for number in numbers],
                    room=max(map(cells, column.cells)),
                )
                for column in self._settings
            ),
            Column(title="status", cells=status, styles=[STYLES[word] for word in status], room=len("finished")),
        ]
        if any(getattr(end.value, "metric", "") for end in ends.values()):
            scores = {
                split: [score_of(ends.get(n), split, ranking.metric) for n in numbers] for split in ("val", "test")
            }
            if ranking.split == "val":
                columns.append(score_column(f"val {ranking.metric}", scores["val"]))
            columns.append(score_column(f"test {ranking.metric}", scores["test"], gives=1))
        # tenths of a second that go by would only flicker
        times = ["" if took is None else duration(int(took)) for took in seconds]
        columns.append(Column(title="time", cells=times, right=True, gives=6, vanishes=True, room=len("59 min")))
        return columns


def _joined(parts: Sequence[str], mark: str, width: int) -> list[str]:
    """As few lines as the parts fit on, one after the other."""
    lines = [parts[0]]
    for part in parts[1:]:
        if cells(f"{lines[-1]}{mark}{part}") <= width:
            lines[-1] += f"{mark}{part}"
        else:
            lines.append(part)
    return lines


def _live() -> Live:
    from rich.console import Console
    from rich.live import Live

    class SteadyConsole(Console):
        """Leaves the cursor as it is: hidden, it would stay so in the shell of a sweep that is killed."""

        def show_cursor(self, show: bool = True) -> bool:
            return False

    console = SteadyConsole(file=sys.stdout, force_terminal=True, force_interactive=True, highlight=False)
    # it is drawn by `tick`, not by a thread of its own: processes are forked beside it
    return Live(console=console, auto_refresh=False, redirect_stderr=sys.stderr.isatty(), vertical_overflow="crop")


def _as_text(lines: Sequence[str]) -> Any:
    from rich.text import Text

    return Text("\n", no_wrap=True, overflow="crop").join(Text.from_ansi(line) for line in lines)
