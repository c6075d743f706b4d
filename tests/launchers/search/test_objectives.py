"""What a search is after, and what a record says of it."""

from __future__ import annotations

import pytest

from segladder.launchers.search.objectives import check_pruning, objectives_of
from segladder.runs.record import Record
from segladder.types import UserError

MIOU = [("miou", "max")]


def test_without_a_word_it_is_the_monitored_metric_in_its_direction():
    [highest] = objectives_of([], MIOU, objects=False)
    [lowest] = objectives_of([], [("missed", "min")], objects=False)
    assert (highest.name, highest.direction) == ("miou", "maximize")
    assert (lowest.name, lowest.direction) == ("missed", "minimize")


def test_of_costs_less_is_better_and_values_come_from_the_record():
    record = Record(id="1" * 64, name="run", scores={"val": {"miou": 0.5, "dice": None}, "test": {"miou": 0.9}})
    record.model = {"parameters": 7, "latency_ms": 2.5}
    record.time = {"fit": 3.0}
    found = objectives_of(["miou", "dice", "parameters", "latency", "fit_seconds", "flops"], MIOU, objects=False)
    assert [objective.direction for objective in found] == ["maximize"] * 2 + ["minimize"] * 4
    assert [objective.value(record) for objective in found] == [0.5, None, 7.0, 2.5, 3.0, None]


def test_the_score_of_one_class_comes_from_the_monitor():
    record = Record(id="1" * 64, name="run", monitor={"name": "iou/disk", "value": 0.7})
    [objective] = objectives_of([], [("iou/disk", "max")], objects=False)
    assert objective.value(record) == 0.7


@pytest.mark.parametrize(
    ("names", "monitors", "objects", "sentence"),
    [
        (["miuo"], MIOU, False, "did you mean 'miou'"),
        (["mask_ap"], MIOU, False, "names 'mask_ap'"),
        (["miou", "miou"], MIOU, False, "names one twice"),
        ([], [("miou", "max"), ("mask_ap", "max")], False, r"objectives=\[miou\]"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(names, monitors, objects, sentence):
    with pytest.raises(UserError, match=sentence):
        objectives_of(names, monitors, objects=objects)


def test_pruning_judges_by_the_monitored_metric_alone():
    one = objectives_of(["miou"], MIOU, objects=False)
    check_pruning(one, MIOU, "median")
    with pytest.raises(UserError, match="2 objectives"):
        check_pruning(objectives_of(["miou", "latency"], MIOU, objects=False), MIOU, "median")
    with pytest.raises(UserError, match="Add metric=dice"):
        check_pruning(objectives_of(["dice"], MIOU, objects=False), MIOU, "median")
    with pytest.raises(UserError, match="Leave the pruner at null"):
        check_pruning(objectives_of(["latency"], MIOU, objects=False), MIOU, "median")
