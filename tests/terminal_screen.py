"""A terminal for tests: runs a command on a real pseudo-terminal and shows what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ESCAPE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


@dataclass
class Screen:
    """The lines of a terminal; knows the few escape sequences that a table in one place takes."""

    columns: int
    rows: int
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    """From the first line ever written to the last; the screen shows the last `rows` of them."""
    cursor_is_hidden: bool = False
    wrapped: list[str] = field(default_factory=list)
    """Lines that were too long and went on in the next."""
    colored: bool = False
    _row: int = 0
    _column: int = 0

    def feed(self, text: str) -> None:
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                match = _ESCAPE.match(text, place)
                assert match, f"an escape sequence that this screen does not know: {text[place : place + 12]!r}"
                self._escape(*match.groups())
                place = match.end()
            else:
                self._put(text[place])
                place += 1

    @property
    def text(self) -> str:
        """All lines, those that have left the screen too."""
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n")

    @property
    def shown(self) -> list[str]:
        """What the screen shows."""
        return ["".join(line).rstrip() for line in self.lines[-self.rows :]]

    def _escape(self, private: str, number: str, letter: str) -> None:
        if letter == "m":
            self.colored = True
        elif private and number == "25":
            self.cursor_is_hidden = letter == "l"
        elif letter == "A":
            # the cursor cannot reach what has left the screen: a table higher than the terminal tears here
            self._row = max(self._row - int(number or 1), len(self.lines) - self.rows, 0)
        elif letter == "K":
            assert number == "2"
            self.lines[self._row] = []
        else:
            raise AssertionError(f"an escape sequence that this screen does not know: {private}{number}{letter}")

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append([])
        else:
            assert char.isprintable(), f"a control character on the screen: {char!r}"
            wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
            if self._column + wide > self.columns:
                self.wrapped.append("".join(self.lines[self._row]))
                self._put("\r")
                self._put("\n")
            line = self.lines[self._row]
            line.extend(" " * (self._column + wide - len(line)))
            line[self._column : self._column + wide] = [char, *[""] * (wide - 1)]
            self._column += wide


def on_terminal(
    command: Sequence[str | Path], *, columns: int = 100, rows: int = 30, env: dict[str, str] | None = None
) -> tuple[Screen, list[list[str]], int]:
    """Runs a command on a pseudo-terminal.

    Returns:
        The screen at the end, what it showed on the way, and the exit code.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    quiet = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=quiet | {"TERM": "xterm-256color", "PYTHONUTF8": "1"} | (env or {}),
        start_new_session=True,
    )
    os.close(theirs)
    screen, frames, rest = Screen(columns, rows), [], b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            # Linux says so when the other end is closed
            chunk = b""
        if not chunk:
            break
        text, rest = _whole(rest + chunk)
        screen.feed(text)
        frames.append(screen.shown)
    os.close(ours)
    return screen, frames, process.wait()


def _whole(data: bytes) -> tuple[str, bytes]:
    """What can be read already: a character or an escape sequence may be cut between two chunks."""
    escape = data.rfind(b"\x1b")
    end = escape if escape >= 0 and not re.search(rb"[A-Za-z]", data[escape:]) else len(data)
    for short in range(4):
        try:
            return data[: end - short].decode(), data[end - short :]
        except UnicodeDecodeError:
            continue
    raise AssertionError(f"no UTF-8 on the terminal: {data[:40]!r}")
