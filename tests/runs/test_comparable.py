"""What must agree for scores to be compared."""

from __future__ import annotations

import pytest

from segladder.runs.comparable import METRICS, method_id, pretrained_of, protocol_of
from segladder.runs.identity import identity

CONFIG = {"seed": 1, "model": {"_target_": "a.B", "depth": 2}, "logger": {"csv": {}}, "data": {"root": "/a"}}
HASHES = {"train": "1", "test": "2"}


def test_seeds_of_a_method_share_its_id_and_nothing_else_does():
    mine = method_id(CONFIG, data_hashes=HASHES)
    assert len(mine) == 64
    assert mine == method_id(CONFIG | {"seed": 2, "logger": {}}, data_hashes=HASHES)
    assert mine != method_id(CONFIG | {"model": {"_target_": "a.B", "depth": 3}}, data_hashes=HASHES)
    assert mine != method_id(CONFIG, data_hashes=HASHES | {"train": "3"})
    assert mine != identity(CONFIG, data_hashes=HASHES)


def test_the_plain_way_of_scoring_has_nothing_to_tell():
    plain = {"_target_": "x", "size": None, "window": None, "batch": 4, "flip": False, "scales": [1.0]}
    told = protocol_of({"inference": plain, "task": {"boundary_tolerance": 2}})
    assert told == {"metrics": METRICS, "boundary_tolerance": 2, "inference": {}}
    other = protocol_of({"inference": plain | {"flip": True, "window": [8, 8], "scales": [1.0, 2.0]}})
    assert other["inference"] == {"window": [8, 8], "flip": True, "scales": [1.0, 2.0]}
    assert protocol_of({})["inference"] == {}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, []),
        ({"backbone": {"weights": None}, "model": {"weights": None}, "init_from": None}, []),
        ({"backbone": {"weights": "imagenet"}}, ["backbone.weights=imagenet"]),
        ({"model": {"weights": "coco"}, "backbone": None}, ["model.weights=coco"]),
        ({"init_from": "outputs/a/b"}, ["init_from=outputs/a/b"]),
    ],
)
def test_weights_that_training_began_with_are_told(config, told):
    assert pretrained_of(config) == told
