import warnings

import pytest
import torch
from torch.utils.data import DataLoader

from segladder.data.order import EpochBatches
from segladder.data.readers.disks import Disks
from segladder.data.readers.disks_dataset import BLOCK
from segladder.data.samples import Samples, as_is


def read(split="test", *, run_seed=0, indices=None, epoch=0, **options):
    dataset = Disks(**options).dataset(split, run_seed=run_seed)
    return dataset.__getitems__([(epoch, i) for i in (indices or range(len(dataset)))])


def test_noise_is_never_used_twice():
    images = torch.cat([read("train", epoch=e, counts={"train": 300})["image"].flatten(1) for e in (0, 1)])
    noise = images[:, :8]  # no disk reaches above row 3
    assert len(torch.unique(noise, dim=0)) == 600
    correlation = torch.corrcoef(images[:, :192])  # rows 0 to 2
    correlation.fill_diagonal_(0)
    assert correlation.abs().max() < 0.4  # 5.5 standard errors of 192 independent pixels


def test_a_batch_across_blocks_equals_its_samples_one_by_one():
    dataset = Disks().dataset("test", run_seed=0)
    keys = [(0, i) for i in range(BLOCK - 5, BLOCK + 7)]
    batch = dataset.__getitems__(keys)
    fresh = Disks().dataset("test", run_seed=0)
    for number, key in enumerate(keys):
        assert torch.equal(batch["image"][number], fresh[key]["image"])
        assert torch.equal(batch["semantic"][number], fresh[key]["semantic"])
    assert batch["image_id"][0] == str(BLOCK - 5)


def test_any_order_of_keys_gives_the_same_samples():
    dataset = Disks().dataset("test", run_seed=0)
    keys = [(0, 700), (0, 3), (0, 701), (0, 4), (0, 5)]
    batch = dataset.__getitems__(keys)
    assert torch.equal(batch["image"][1], dataset[(0, 3)]["image"])
    assert torch.equal(batch["image"][2], dataset[(0, 701)]["image"])


def test_the_run_seed_moves_endless_training_images_alone():
    assert not torch.equal(
        read("train", run_seed=1, indices=range(4))["image"], read("train", run_seed=2, indices=range(4))["image"]
    )
    for split in ("val", "test"):
        assert torch.equal(
            read(split, run_seed=1, indices=range(4))["image"], read(split, run_seed=2, indices=range(4))["image"]
        )
    assert not torch.equal(read(seed=1, indices=range(4))["image"], read(seed=2, indices=range(4))["image"])


def test_a_fixed_set_repeats_and_an_endless_one_does_not():
    for endless in (False, True):
        first, second = (read("train", indices=range(4), epoch=e, endless=endless)["image"] for e in (0, 1))
        assert torch.equal(first, second) is not endless


def test_changing_a_batch_in_place_changes_no_later_batch():
    dataset = Disks().dataset("val", run_seed=0)
    keys = [(0, i) for i in range(8)]
    batch = dataset.__getitems__(keys)
    before = batch["image"].clone()
    batch["image"].zero_()
    batch["semantic"].zero_()
    assert torch.equal(dataset.__getitems__(keys)["image"], before)


def test_workers_change_nothing():
    def loaded(workers):
        samples = Samples(Disks(counts={"train": 64}).dataset("train", run_seed=0), training=True)
        order = EpochBatches(64, 16, seed=0, shuffle=False, drop_last=True)
        return list(DataLoader(samples, batch_sampler=order, collate_fn=as_is, num_workers=workers))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for alone, shared in zip(loaded(0), loaded(2), strict=True):
            assert torch.equal(alone["image"], shared["image"])
            assert alone["image_id"] == shared["image_id"]


def test_reading_out_of_order_warns_once():
    dataset = Disks(counts={"train": 4800}).dataset("train", run_seed=0)
    with pytest.warns(UserWarning, match="3 to 50 times slower") as caught:
        for index in range(0, 4800, 250):
            dataset[(0, index)]
    assert len(caught) == 1


def test_reading_in_order_does_not_warn():
    dataset = Disks().dataset("train", run_seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for start in range(0, 4800, 16):
            dataset.__getitems__([(0, i) for i in range(start, start + 16)])


def test_both_views_are_of_the_same_data():
    options = {"num_disks": [1, 4], "min_visible": 0.4, "contrast_spread": 0.2}
    semantic, instances = (Disks(**options, instances=view).dataset("test", run_seed=0) for view in (False, True))
    assert semantic.digest() == instances.digest() != Disks(num_disks=[1, 4]).dataset("test", run_seed=0).digest()
    assert torch.equal(semantic[(0, 3)]["image"], instances[(0, 3)]["image"])
    assert torch.equal(semantic.semantic(3), instances[(0, 3)]["semantic"])
    assert instances.objects(3).masks == instances[(0, 3)]["objects"].masks and instances.image_id(3) == "3"


def test_the_digest_names_what_decides_the_images():
    digest = Disks().dataset("test", run_seed=0).digest()
    assert digest == Disks().dataset("test", run_seed=5).digest()
    assert digest != Disks(noise=0.2).dataset("test", run_seed=0).digest()
    assert digest != Disks(seed=1).dataset("test", run_seed=0).digest()
    assert digest != Disks().dataset("test", run_seed=0).digest(100)
