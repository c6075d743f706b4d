"""How long a sweep takes: from earlier records, and in words."""

from __future__ import annotations

import pytest

from segladder.launchers.show.estimate import clock, duration, estimate, makespan, sweep_seconds
from segladder.runs.record import Record

UNET = {"model": "unet", "backbone": "resnet18", "data": "disks", "loss": "ce", "debug": None}
SHORT = ["trainer.max_epochs=1"]


def record(total: float, choices=UNET, words=SHORT, *, status="finished", parent=None, **time) -> Record:
    return Record(
        id="0" * 64,
        name="run",
        choices=choices,
        overrides=[*words, "seed=1"],
        status=status,
        parent=parent,
        time={"total": total, **time},
    )


def test_the_most_alike_finished_runs_count():
    past = [
        record(10.0),
        record(14.0),
        record(100.0, UNET | {"loss": "dice"}),
        record(1000.0, words=["trainer.max_epochs=100"]),
        record(7.0, UNET | {"data": "camvid"}),
        record(1.0, status="failed"),
        record(2.0, parent="1" * 64),
    ]
    jobs = [
        (UNET, [*SHORT, "seed=7"]),
        (UNET | {"loss": "focal"}, SHORT),
        (UNET | {"data": "camvid"}, ["trainer.max_epochs=9"]),
        (UNET | {"data": "voc"}, SHORT),
        ({"model": "fcn"}, SHORT),
    ]
    told = estimate(jobs, past)
    assert told[0] == 12.0  # same choices, same lengths, other seed
    assert told[1] == pytest.approx((10 + 14 + 100) / 3)  # other loss
    assert told[2] == 7.0  # same model on the same data, other length
    assert told[3] == pytest.approx((10 + 14 + 100 + 1000 + 7) / 5)  # same model
    assert told[4] is None


def test_a_resumed_run_took_as_long_as_all_its_parts():
    past = [record(5.0, resumed=True, startup=3.0, fit=60.0, evaluate=2.0)]
    assert estimate([(UNET, SHORT)], past) == [65.0]


def test_a_record_without_times_is_passed_over():
    past = [Record(id="0" * 64, name="x", choices=UNET, status="finished"), record(None), record(4.0)]  # type: ignore[arg-type]
    assert estimate([(UNET, SHORT)], past) == [4.0]


def test_a_sweep_takes_as_long_as_its_fullest_slot():
    assert sweep_seconds([10.0, 10.0, 10.0], slots=2) == 20.0
    assert sweep_seconds([30.0, None, 10.0], slots=1) == 60.0
    assert sweep_seconds([None], slots=2) is None
    assert sweep_seconds([], slots=2) is None
    assert makespan([10.0], slots=2, running=[3.0, 8.0]) == 13.0
    assert makespan([10.0], slots=2, running=[3.0]) == 10.0
    assert makespan([], slots=2, running=[3.0, 8.0]) == 8.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (3.14, "3.1 s"),
        (3, "3 s"),
        (33.4, "33 s"),
        (59.6, "1 min 00 s"),
        (250, "4 min 10 s"),
        (7500, "2 h 05 min"),
        (100000, "1 d 3 h"),
    ],
)
def test_times_are_put_into_words(seconds, words):
    assert duration(seconds) == words


def test_a_clock_shows_hours_where_there_are_some():
    assert [clock(s) for s in (0, 100, 3599, 7439)] == ["00:00", "01:40", "59:59", "2:03:59"]
