"""The parts of a run's time add up to its whole, whatever part data were prepared in."""

import pytest

from segladder.runs.outcome import time_line
from segladder.runs.phases import Phases


def test_the_parts_add_up_and_preparing_is_counted_once():
    seconds = iter([10.0, 12.5])
    phases = Phases(100.0, lambda: next(seconds))
    startup = phases.end(at=115.0, prepared=10.0)
    fit = phases.end(at=120.0)  # nothing was prepared while it trained
    evaluate = phases.end(at=124.0)  # the test set's cache was built meanwhile
    assert (startup, fit, evaluate) == pytest.approx((5.0, 5.0, 1.5))
    assert phases.prepared == 12.5 and phases.total == 24.0
    assert startup + fit + evaluate + phases.prepared == phases.total


def test_the_time_line_names_the_parts_and_preparing_alone_where_it_took_long():
    times = {"startup": 3.1, "prepare": 10.0, "fit": 0.2, "evaluate": 0.1, "total": 13.4}
    times |= {"images_per_second": 118.0, "data_wait": 0.15}
    trained = "; 118 images/s, 15% of the training time waiting for data."
    assert time_line(times) == f"13.4 s: start-up 3.1, preparing data 10.0, fit 0.2, evaluation 0.1{trained}"
    assert time_line(times | {"prepare": 0.4}) == f"13.4 s: start-up 3.1, fit 0.2, evaluation 0.1{trained}"
    assert "fit 0.2 with what ran before, evaluation" in time_line(times | {"resumed": True})


def test_the_time_line_of_an_evaluation_or_an_older_record_has_no_fit_and_needs_no_preparing():
    assert time_line({"startup": 1.0, "evaluate": 2.0, "total": 3.0}) == "3.0 s: start-up 1.0, evaluation 2.0."
