"""A function over many samples in processes of their own: in order, bounded, and none of them outlives the reader."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from segladder.data.errors import DataError

R = TypeVar("R")

_WAITING = 2
"""Samples that each process has before it, so that it never waits for the next."""

_AHEAD = 64
"""Results of each process that may wait for a slower sample before them."""

_MOST_DEATHS = 8


def in_processes(
    function: Callable[[int], R], count: int, *, workers: int, lost: Callable[[int], R]
) -> Generator[R, None, None]:
    """The function's result for 0, 1, ... count - 1, in this order.

    Args:
        function: must not raise.
        count: how many.
        workers: processes; 0 for none.
        lost: what stands for a sample that kills the process that reads it.

    Raises:
        DataError: process after process dies.
    """
    if workers == 0 or count < 2:
        yield from map(function, range(count))
        return
    team = _Team(function)
    try:
        yield from team.results(count, lost, workers=min(workers, count))
    finally:
        team.end()


class _Team:
    """Processes, each with a pipe and the samples that lie before it."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        # fork shares what is imported and listed already; elsewhere the platform's own way is the safe one
        self._context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
        self._function = function
        self._members: dict[Connection, tuple[Any, deque[int]]] = {}
        self._deaths = 0

    def results(self, count: int, lost: Callable[[int], R], *, workers: int) -> Iterator[R]:
        for _ in range(workers):
            self._hire()
        todo: deque[int] = deque(range(count))
        done: dict[int, R] = {}
        following = 0
        while following < count:
            self._hand_out(todo, following + _AHEAD * len(self._members))
            for connection in wait(list(self._members)):
                assert isinstance(connection, Connection)
                _, before = self._members[connection]
                try:
                    index, failed, result = connection.recv()
                except (EOFError, OSError):
                    self._bury(connection)
                    culprit = before.popleft() if before else None
                    todo.extendleft(reversed(before))
                    if culprit is not None:
                        done[culprit] = lost(culprit)
                    self._hire()
                    continue
                if failed:
                    raise RuntimeError(f"A reading process failed:\n{result}")
                before.remove(index)
                done[index] = result
            while following in done:
                yield done.pop(following)
                following += 1

    def end(self) -> None:
        for connection in list(self._members):
            process, _ = self._members.pop(connection)
            process.terminate()
            connection.close()
            process.join(2)
            if process.is_alive():
                process.kill()
                process.join()

    def _hand_out(self, todo: deque[int], below: int) -> None:
        for connection, (_, before) in self._members.items():
            while todo and len(before) < _WAITING and todo[0] < below:
                index = todo.popleft()
                before.append(index)
                try:
                    connection.send(index)
                except OSError:
                    return  # it has died; its pipe says so in a moment

    def _hire(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(self._function, theirs, os.getpid()), daemon=True, name="data-check"
        )
        # Ctrl-C between its start and our list would leave a process that nobody ends
        held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            process.start()
            self._members[ours] = (process, deque())
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        theirs.close()

    def _bury(self, connection: Connection) -> None:
        process, _ = self._members.pop(connection)
        connection.close()
        process.join()
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise DataError(
                f"Reading processes keep dying (the last one with exit code {process.exitcode}); the machine may be out"
                " of memory. Try workers=1."
            )


def _serve(function: Callable[[int], Any], connection: Connection, parent: int) -> None:
    """Answers indices until the reader is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the reader's to hear
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import torch

    torch.set_num_threads(1)
    while os.getppid() == parent:
        if not connection.poll(1):
            continue
        try:
            index = connection.recv()
            try:
                answer = (index, False, function(index))
            except Exception:  # a bug of ours, told with its place
                answer = (index, True, traceback.format_exc())
            connection.send(answer)
        except (EOFError, OSError):
            return
