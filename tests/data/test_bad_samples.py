"""`data.on_bad_sample`: an error by default; or training goes on with another sample, and scores without it."""

from __future__ import annotations

import pytest
import torch

from segladder.data import DataError, FolderDataModule
from segladder.data.transforms.augment import Augment


@pytest.fixture
def damaged(draw):
    """12/6/2 images, of which train/003's image, train/007's label and val/004's image cannot be read."""
    root = draw(counts={"train": 12, "val": 6, "test": 2})
    for name in ("images/train/003", "labels/train/007", "images/val/004"):
        (root / f"{name}.png").write_bytes(b"no picture")
    return root


def module(root, **options):
    settings = {"batch_size": 4, "num_workers": 0, "cache": False, "on_bad_sample": "skip"} | options
    return FolderDataModule(root=root, **settings)


def skipped(batches):
    return {name: why for batch in batches for name, why in batch.get("skipped", ())}


def test_it_is_an_error_by_default(damaged, read_all):
    with pytest.raises(DataError, match=r"train/003.png' cannot be decoded .* data.on_bad_sample=skip\.$"):
        read_all(module(damaged, on_bad_sample="error").train_dataloader())


def test_another_word_is_refused(damaged):
    with pytest.raises(DataError, match=r"data.on_bad_sample is 'ignore'. Give error, or skip"):
        module(damaged, on_bad_sample="ignore")


def names_of(batches):
    return [name for batch in batches for name in batch["image_id"]]


def test_a_training_sample_is_replaced_by_another_one(damaged):
    batches = list(module(damaged, shuffle=False).train_dataloader())

    names = names_of(batches)
    expected = [f"train/{number:03d}" for number in range(12)]
    assert [place for place in range(12) if names[place] != expected[place]] == [3, 7]
    assert set(names) == set(expected) - {"train/003", "train/007"}
    assert all(batch["image"].shape == (4, 3, 24, 32) for batch in batches)
    found = skipped(batches)
    assert sorted(found) == ["train/003", "train/007"]
    assert "Image" in found["train/003"] and "Label" in found["train/007"]


def test_the_replacement_is_what_it_is_in_its_own_place(damaged):
    """So nothing that was drawn for the others moves."""
    augment = Augment(flip=0.5, scale=(0.5, 2.0), crop=(16, 16))
    batches = list(module(damaged, shuffle=False, augment=augment).train_dataloader())
    images, names = torch.cat([batch["image"] for batch in batches]), names_of(batches)
    for lost in (3, 7):
        assert torch.equal(images[lost], images[names.index(names[lost])])
        assert names.count(names[lost]) > 1


def test_an_evaluated_sample_is_left_out(damaged):
    batches = list(module(damaged).val_dataloader())
    names = [name for batch in batches for name in batch["image_id"]]
    assert names == [f"val/{number:03d}" for number in (0, 1, 2, 3, 5)]
    assert list(skipped(batches)) == ["val/004"]
    one_by_one = list(module(damaged, eval_batch_size=1).val_dataloader())
    assert [batch["image_id"] for batch in one_by_one][4] == []


@pytest.mark.parametrize("cache", ["ram", False])
def test_workers_and_caches_change_nothing(damaged, cache):
    alone, together = (list(module(damaged, num_workers=workers, cache=cache).train_dataloader()) for workers in (0, 2))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one["image"], other["image"]) and one["image_id"] == other["image_id"]
    assert skipped(alone) == skipped(together) != {}


def test_a_clean_set_gives_the_same_batches_either_way(draw):
    root = draw()
    skip, error = (
        list(module(root, batch_size=2, on_bad_sample=word).train_dataloader()) for word in ("skip", "error")
    )
    for one, other in zip(skip, error, strict=True):
        assert one.keys() == other.keys() and torch.equal(one["image"], other["image"])


@pytest.fixture
def half_lost(damaged):
    """6 of 12 training images cannot be read, the first four in a row."""
    for number in (0, 1, 2, 5):
        (damaged / f"images/train/{number:03d}.png").write_bytes(b"")
    return damaged


def test_neither_batches_nor_workers_have_a_say_in_what_replaces_what(half_lost):
    found = {}
    for size, workers in ((1, 0), (4, 0), (12, 0), (4, 2)):
        batches = list(module(half_lost, shuffle=False, batch_size=size, num_workers=workers).train_dataloader())
        found[size, workers] = (names_of(batches), skipped(batches))
    assert all(one == found[1, 0] for one in found.values())
    names, lost = found[1, 0]
    assert len(lost) == 6 and not set(names) & set(lost)
    assert len(set(names[:4])) > 1, "those that are lost in a row do not all become one image"


def test_a_wholly_bad_batch_is_filled_from_the_rest_of_the_split(half_lost):
    first = next(iter(module(half_lost, shuffle=False).train_dataloader()))
    assert first["image"].shape[0] == 4 and set(skipped([first])) >= {f"train/00{number}" for number in range(4)}


def test_more_than_half_of_a_split_gives_an_empty_batch_that_names_them(half_lost):
    (half_lost / "labels/train/011.png").unlink()
    (half_lost / "labels/train/011.png").write_bytes(b"")
    for size in (2, 12):
        batches = list(module(half_lost, shuffle=False, batch_size=size).train_dataloader())
        given_up = [batch for batch in batches if not batch["image_id"]]
        assert len(skipped(given_up[:1])) == 7


def test_what_is_no_fault_of_a_file_is_not_skipped(damaged, read_all):
    def broken(sample, *, seed):
        raise DataError("the augmentation's own")

    with pytest.raises(DataError, match="the augmentation's own"):
        read_all(module(damaged, augment=broken).train_dataloader())


def test_class_weights_are_counted_over_what_can_be_read(damaged):
    counted = module(damaged).class_pixels()
    assert int(counted.sum()) == 11 * 24 * 32  # train/007 has no label
    with pytest.raises(DataError):
        module(damaged, on_bad_sample="error").class_pixels()
