"""What an evaluation on other data takes over from the run."""

from __future__ import annotations

from dataclasses import asdict, replace

from segladder.runs.evaluation import as_trained
from segladder.runs.record import Record
from segladder.types import DatasetInfo

TRAINED = DatasetInfo(
    name="disks",
    classes=("background", "disk"),
    palette=((0, 0, 0), (255, 0, 0)),
    things=(False, True),
    channels=1,
    mean=(0.0,),
    std=(1.0,),
)


def test_images_of_other_data_are_normalised_as_the_network_learned_and_that_is_said():
    parent = Record(id="0" * 64, name="run", data={"info": asdict(TRAINED)})
    other = replace(TRAINED, name="folder", mean=(0.449,), std=(0.226,))
    info, [told] = as_trained(parent, other)
    assert (info.name, info.mean, info.std) == ("folder", (0.0,), (1.0,))
    assert "normalised as those of 'disks'" in told and "0.449" in told


def test_the_runs_own_data_stay_as_they_are_without_a_word():
    parent = Record(id="0" * 64, name="run", data={"info": asdict(TRAINED)})
    assert as_trained(parent, TRAINED) == (TRAINED, [])
