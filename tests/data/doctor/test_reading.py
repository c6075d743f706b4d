"""Reading in processes: in order, past a process that dies, and none left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from segladder.data.doctor.reading import in_processes
from segladder.data.errors import DataError


def test_results_come_in_order_whoever_is_slow():
    def work(index):
        time.sleep(0.05 if index % 7 == 0 else 0)
        return index, os.getpid()

    results = list(in_processes(work, 40, workers=3, lost=lambda _: None))

    assert [index for index, _ in results] == list(range(40))
    assert len({process for _, process in results} - {os.getpid()}) > 1


def test_without_processes_it_is_a_loop():
    assert list(in_processes(lambda index: (index, os.getpid()), 3, workers=0, lost=lambda _: None)) == [
        (index, os.getpid()) for index in range(3)
    ]


def test_a_sample_that_kills_its_process_is_named_and_the_rest_go_on():
    def work(index):
        if index == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    results = list(in_processes(work, 12, workers=2, lost=lambda index: f"lost {index}"))

    assert results == [0, 1, 2, 3, 4, "lost 5", 6, 7, 8, 9, 10, 11]


def test_processes_that_keep_dying_end_in_a_sentence():
    def work(index):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(DataError, match=r"Reading processes keep dying .* Try workers=1"):
        list(in_processes(work, 50, workers=2, lost=lambda _: None))
    assert not [child for child in multiprocessing.active_children() if child.name == "data-check"]


def test_whoever_stops_early_leaves_no_process_behind():
    results = in_processes(lambda index: time.sleep(0.01), 1000, workers=2, lost=lambda _: None)
    next(results)
    assert len([child for child in multiprocessing.active_children() if child.name == "data-check"]) == 2
    results.close()
    assert not [child for child in multiprocessing.active_children() if child.name == "data-check"]


def test_our_own_mistake_is_told_with_its_place():
    def work(index):
        raise ZeroDivisionError("ours")

    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*ZeroDivisionError: ours"):
        list(in_processes(work, 4, workers=2, lost=lambda _: None))
