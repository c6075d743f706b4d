"""Large JSON files read one entry at a time: the text is kept, what it says is not, and every entry has its line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Generator, Iterator
from pathlib import Path
from typing import Any

from segladder.data.errors import DataError

_SPACE = re.compile(r"[ \t\n\r]*")
_LONGEST = 60


class JsonText:
    """The text of a JSON file and where its entries begin.

    `instances_train2017.json` (448 MB) becomes 4 GB of Python objects; this keeps the 448 MB.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            DataError: missing, or not UTF-8.
        """
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"'{path}' is no JSON: byte {error.start:,} is not UTF-8. Store it as UTF-8.") from None
        except OSError as error:
            raise DataError(f"'{path}' cannot be read: {error.strerror or error}. Name the JSON file.") from None
        self.keys: set[str] = set()
        """Of the file's one object, as far as `members` has come."""
        self._decoder = json.JSONDecoder()

    def line(self, at: int) -> int:
        """The line of a place in the text, from 1."""
        return self.text.count("\n", 0, at) + 1

    def place(self, at: int) -> Place:
        """File and line of a place, for a message: counted only when it is told."""
        return Place(self, at)

    def value(self, at: int) -> Any:
        """The value that begins there."""
        return self._value(at)[0]

    def entries(self) -> Iterator[tuple[int, Any]]:
        """Where each entry of the file's one list begins, and the entry.

        Raises:
            DataError: the file is no list, or breaks off; names the line.
        """
        start = self._skip(0)
        if self.text[start : start + 1] != "[":
            raise DataError(f"'{self.path}' holds {self._kind(start)} instead of a list, which begins with '['.")
        self._require_end((yield from self._list(start)))

    def members(self, lists: Collection[str]) -> Iterator[tuple[str, int, Any]]:
        """Key, place and value of each member of the file's one object; lists of these names entry by entry.

        Raises:
            DataError: the file is no object, such a member is no list, or the file breaks off; names the line.
        """
        at = self._skip(0)
        if self.text[at : at + 1] != "{":
            raise DataError(f"'{self.path}' holds {self._kind(at)} instead of an object, which begins with '{{'.")
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "}":
            self._require_end(at + 1)
            return
        while True:
            key, at = self._value(at)
            if not isinstance(key, str):
                raise self._broken(at, "a key is no text")
            at = self._skip(at)
            if self.text[at : at + 1] != ":":
                raise self._broken(at, "':' is missing after a key")
            at = self._skip(at + 1)
            self.keys.add(key)
            if key in lists:
                if self.text[at : at + 1] != "[":
                    raise DataError(f"'{self.path}' line {self.line(at)}: '{key}' is {self._kind(at)}, not a list.")
                for start, value in (entries := _Entries(self._list(at))):
                    yield key, start, value
                at = entries.end
            else:
                start = at
                value, at = self._value(at)
                yield key, start, value
            at = self._skip(at)
            if self.text[at : at + 1] == "}":
                self._require_end(at + 1)
                return
            if self.text[at : at + 1] != ",":
                raise self._broken(at, "',' or '}' is missing")
            at = self._skip(at + 1)

    def _list(self, at: int) -> Generator[tuple[int, Any], None, int]:
        """The entries of a list; returns the place behind it."""
        at = self._skip(at + 1)
        if self.text[at : at + 1] == "]":
            return at + 1
        while True:
            start = at
            value, at = self._value(at)
            yield start, value
            at = self._skip(at)
            if self.text[at : at + 1] == "]":
                return at + 1
            if self.text[at : at + 1] != ",":
                raise self._broken(at, "',' or ']' is missing")
            at = self._skip(at + 1)

    def _value(self, at: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            raise self._broken(error.pos, error.msg[:1].lower() + error.msg[1:]) from None
        except (ValueError, RecursionError) as error:
            raise self._broken(at, str(error)) from None

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        assert found is not None, "an empty match is a match"
        return found.end()

    def _require_end(self, at: int) -> None:
        at = self._skip(at)
        if at < len(self.text):
            raise self._broken(at, "more text follows after the end")

    def _kind(self, at: int) -> str:
        first = self.text[at : at + 1]
        return {"": "nothing", "[": "a list", "{": "an object", '"': "a text"}.get(first, "no object or list")

    def _broken(self, at: int, why: str) -> DataError:
        if self._skip(at) >= len(self.text):
            why = "it ends in the middle"
        return DataError(
            f"'{self.path}' line {self.line(at)} is broken JSON: {why[:_LONGEST]}. Was the file cut short? Fetch or"
            " write it again."
        )


class _Entries:
    """The entries of a list, and after them the place behind it."""

    end = 0

    def __init__(self, entries: Generator[tuple[int, Any], None, int]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        self.end = yield from self._entries


class Place:
    """File and line of something in a JSON file, as text."""

    def __init__(self, text: JsonText, at: int) -> None:
        self._text, self._at = text, at

    def __str__(self) -> str:
        return f"'{self._text.path}' line {self._text.line(self._at)}"
