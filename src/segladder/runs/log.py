"""`run.log`: what the terminal shows, line by line, without colours and without the steps of a moving bar."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TextIO

_PIECES = re.compile(r"\x1b\[(\d*)A|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\r\n]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?]*|\][^\x07\x1b]*)?$")
_RECALLED = 64


class LogTee:
    """Within it, what Python writes to stdout and stderr also goes to a file; the file can never end a run.

    A line that a progress bar writes over and over appears once, as it last was. The streams answer `isatty`
    and everything else as before, log handlers that hold the old streams are taken along, and a forked child
    writes to the terminal alone.
    """

    def __init__(self, path: Path, *, scrub: Callable[[str], str] | None = None) -> None:
        """
        Args:
            path: the log, appended to.
            scrub: applied to each line before it is written, to take secrets out.
        """
        self.path = Path(path)
        self._scrub = scrub
        self._file: BinaryIO | None = None
        self._guard = threading.RLock()
        self._process = os.getpid()
        self._starts: list[tuple[int, str]] = []
        self._streams: tuple[_Stream, _Stream] | None = None
        self._before: tuple[TextIO, TextIO] | None = None

    def __enter__(self) -> Self:
        self._process = os.getpid()
        self._before = (sys.stdout, sys.stderr)
        self._streams = (_Stream(sys.stdout, self), _Stream(sys.stderr, self))
        try:
            self._file = open(self.path, "ab", buffering=0)
        except OSError as error:
            self._give_up(error)
        sys.stdout, sys.stderr = self._streams
        _point_handlers(self._before, self._streams)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._streams is not None and self._before is not None
        # Someone who wrapped our stream in the meantime keeps his wrapper; ours passes everything on.
        if sys.stdout is self._streams[0]:
            sys.stdout = self._before[0]
        if sys.stderr is self._streams[1]:
            sys.stderr = self._before[1]
        _point_handlers(self._streams, self._before)
        with self._guard:
            for stream in self._streams:
                stream.finish()
            if self._file is not None:
                self._file.close()
                self._file = None

    def listens(self) -> bool:
        """Whether lines still go to the file from this process."""
        return self._file is not None and os.getpid() == self._process

    def commit(self, line: str) -> None:
        """Append one finished line."""
        if self._file is None:
            return
        try:
            start = self._file.seek(0, os.SEEK_END)
            text = self._scrub(line) if self._scrub else line
            self._file.write((text + "\n").encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._give_up(error)
            return
        self._starts.append((start, line))
        del self._starts[:-_RECALLED]

    def recall(self) -> str:
        """Take the last line back, as a cursor that moves up does; empty when it is too long ago."""
        if self._file is None or not self._starts:
            return ""
        start, line = self._starts.pop()
        try:
            self._file.truncate(start)
        except OSError as error:
            self._give_up(error)
        return line

    def _give_up(self, error: OSError) -> None:
        assert self._before is not None
        if self._file is not None:
            self._file.close()
            self._file = None
        self._before[1].write(f"The log '{self.path}' cannot be written ({error.strerror}); the run goes on.\n")


class _Stream:
    """A text stream that passes everything on, and follows what its lines look like on a terminal."""

    def __init__(self, under: TextIO, tee: LogTee) -> None:
        self._under = under
        self._tee = tee
        self._line = ""
        self._cut = ""
        self._returned = False

    def write(self, text: str) -> int:
        written = self._under.write(text)
        if self._tee.listens():
            with self._tee._guard:
                self._follow(text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._under)

    def finish(self) -> None:
        """End a last line that has no end."""
        if self._line:
            self._tee.commit(self._line)
            self._line = ""

    def _follow(self, text: str) -> None:
        text, self._cut = self._cut + text, ""
        # Half an escape sequence waits for its other half.
        if (unfinished := _UNFINISHED.search(text)) and len(unfinished.group()) < 100:
            text, self._cut = text[: unfinished.start()], unfinished.group()
        end = 0
        for piece in _PIECES.finditer(text):
            self._put(text[end : piece.start()])
            end = piece.end()
            if piece.group() == "\n":
                self._tee.commit(self._line)
                self._line, self._returned = "", False
            elif piece.group() == "\r":
                self._returned = True
            elif piece.group().endswith("A") and piece.group().startswith("\x1b["):
                for _ in range(min(int(piece.group(1) or 1), _RECALLED)):
                    self._line = self._tee.recall()
                self._returned = True
            elif piece.group() == "\x1b[2K":
                self._line = ""
        self._put(text[end:])

    def _put(self, text: str) -> None:
        if text:
            self._line = text if self._returned else self._line + text
            self._returned = False


def _point_handlers(old: tuple[Any, Any], new: tuple[Any, Any]) -> None:
    """Log handlers keep the stream that stood when they were made; take those along."""
    loggers = [logging.root, *logging.Logger.manager.loggerDict.values()]
    for handler in {handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers}:
        if isinstance(handler, logging.StreamHandler):
            for before, after in zip(old, new, strict=True):
                if handler.stream is before:
                    handler.setStream(after)
                    break
