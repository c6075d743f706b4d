"""A table before it has a form: columns, cells and what stands below; `written/` puts it into text, LaTeX and so on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in one place."""

    text: str
    """As a person reads it, rounded."""
    value: float | str | None = None
    """As a program sorts and reads it, whole; None: the text."""
    best: bool = False
    second: bool = False
    marks: tuple[str, ...] = ()
    """Letters that `Sheet.notes` explain."""
    parts: tuple[tuple[str, float | None], ...] = ()
    """Names and values of what the text puts together: `low` and `high` of an interval, `std` beside a mean."""
    link: str = ""
    """A path relative to where the report lies."""


@dataclass(frozen=True, kw_only=True)
class Column:
    key: str
    """Its name for programs."""
    title: str
    right: bool = False
    """Numbers stand at the right."""
    minor: bool = False
    """Whether it may be left out where there is little room: on paper, in a narrow terminal."""


@dataclass(kw_only=True)
class Sheet:
    """A table of R rows and C columns."""

    name: str
    """For files: letters, digits, dashes."""
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)
    """Sentences below it."""

    def without_minor(self) -> Sheet:
        """The columns that must be there."""
        kept = [index for index, column in enumerate(self.columns) if not column.minor]
        return Sheet(
            name=self.name,
            title=self.title,
            columns=[self.columns[index] for index in kept],
            rows=[[row[index] for index in kept] for row in self.rows],
            notes=self.notes,
        )

    def first(self, count: int) -> Sheet:
        """The first rows, and a note of how many more there are."""
        more = len(self.rows) - count
        if more <= 0:
            return self
        notes = [f"… and {more:,} more rows in {self.name}.csv.", *self.notes]
        return Sheet(name=self.name, title=self.title, columns=self.columns, rows=self.rows[:count], notes=notes)
