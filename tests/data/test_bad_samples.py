"""`data.on_bad_sample`: an error by default; or training goes on with the next sample, and scores without it."""

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


def test_a_training_sample_is_replaced_by_the_next_one(damaged):
    batches = list(module(damaged, shuffle=False).train_dataloader())

    names = [name for batch in batches for name in batch["image_id"]]
    expected = [f"train/{number:03d}" for number in range(12)]
    expected[3], expected[7] = "train/004", "train/008"
    assert names == expected
    assert all(batch["image"].shape == (4, 3, 24, 32) for batch in batches)
    found = skipped(batches)
    assert sorted(found) == ["train/003", "train/007"]
    assert "Image" in found["train/003"] and "Label" in found["train/007"]


def test_the_replacement_is_what_it_is_in_its_own_place(damaged):
    """So nothing that was drawn for the others moves."""
    augment = Augment(flip=0.5, scale=(0.5, 2.0), crop=(16, 16))
    batches = list(module(damaged, shuffle=False, augment=augment).train_dataloader())
    images = torch.cat([batch["image"] for batch in batches])
    assert torch.equal(images[3], images[4]) and torch.equal(images[7], images[8])


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


def test_more_than_half_of_a_batch_is_too_much(damaged, read_all):
    for number in (0, 1):
        (damaged / f"images/train/{number:03d}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"3 of the 4 samples of one batch cannot be read, .*train/000"):
        read_all(module(damaged, shuffle=False).train_dataloader())


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
