import pytest
import torch

from segladder.data.collate import collate
from segladder.data.errors import DataError


def sample(height, width, name):
    return {
        "image": torch.zeros(3, height, width, dtype=torch.uint8),
        "semantic": torch.zeros(height, width, dtype=torch.int64),
        "image_id": name,
        "size": (height, width),
    }


def test_equal_sizes_are_stacked():
    batch = collate([sample(4, 6, "a"), sample(4, 6, "b")], training=True)
    assert batch["image"].shape == (2, 3, 4, 6) and batch["semantic"].shape == (2, 4, 6)
    assert batch["image_id"] == ["a", "b"] and batch["size"] == [(4, 6), (4, 6)]


def test_an_evaluation_of_unequal_sizes_gets_lists():
    batch = collate([sample(4, 6, "a"), sample(5, 7, "b")], training=False)
    assert [tuple(image.shape) for image in batch["image"]] == [(3, 4, 6), (3, 5, 7)]


def test_what_belongs_to_objects_is_never_padded_and_training_on_objects_takes_any_sizes():
    samples = [sample(4, 6, "a"), sample(5, 7, "b")]
    for count, one in enumerate(samples):
        del one["semantic"]
        one["masks"] = torch.zeros(count, *one["size"], dtype=torch.bool)
        one["boxes"] = torch.zeros(count, 4)
    batch = collate(samples, training=True)
    assert [tuple(image.shape) for image in batch["image"]] == [(3, 4, 6), (3, 5, 7)]
    assert [len(masks) for masks in batch["masks"]] == [len(boxes) for boxes in batch["boxes"]] == [0, 1]
    equal = collate([samples[1], samples[1]], training=True)
    assert equal["image"].shape == (2, 3, 5, 7) and isinstance(equal["masks"], list)


def test_training_on_unequal_sizes_names_the_crop():
    with pytest.raises(DataError) as error:
        collate([sample(100, 130, "a"), sample(90, 140, "b")], training=True)
    assert str(error.value) == (
        "Training images differ in size, e.g. 'a' is 100x130 and 'b' is 90x140 (height x width), so they"
        " make no batch. Cut them to one size with augment=standard augment.crop=[64,128], or set"
        " data.batch_size=1."
    )
