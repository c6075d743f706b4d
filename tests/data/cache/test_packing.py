"""Objects and arrays as bytes and back."""

import numpy as np
import pytest
import torch

from segladder.data.cache.packing import packed, unpacked
from segladder.types import Objects


def test_objects_come_back_as_they_were():
    objects = Objects(
        masks=[{"size": [4, 5], "counts": b"\x00\xff12"}, {"size": [4, 5], "counts": b""}],
        boxes=np.array([[0.5, 1, 2, 3], [0, 0, 1, 1]]),
        labels=np.array([3, 1]),
        iscrowd=np.array([True, False]),
        areas=np.array([2.25, 1.0]),
        ids=np.array([2**40, 7]),
        size=(4, 5),
        void={"size": [4, 5], "counts": b"void"},
    )
    found = unpacked(packed({"objects": objects}))["objects"]
    assert found.masks == objects.masks and found.size == objects.size and found.void == objects.void
    for name in ("boxes", "labels", "iscrowd", "areas", "ids"):
        one, other = getattr(found, name), getattr(objects, name)
        assert one.dtype == other.dtype and np.array_equal(one, other) and one.flags.writeable


def test_every_kind_that_a_reader_may_add_comes_back():
    values = {
        "ids": torch.arange(6, dtype=torch.int32).reshape(2, 3),
        "empty": np.zeros((0, 4)),
        "segments": [{"id": 1, "crowd": False}, (2.5, None)],
        "name": "a/b ü",
    }
    found = unpacked(packed(values))
    assert torch.equal(found["ids"], values["ids"]) and found["ids"].dtype == torch.int32
    assert found["empty"].shape == (0, 4)
    assert found["segments"] == values["segments"] and found["name"] == values["name"]


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()])])
def test_what_only_a_pickle_could_hold_is_refused(value):
    with pytest.raises(TypeError):
        packed({"x": value})
