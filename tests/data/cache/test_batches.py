"""Batches do not depend on the cache, on the number of workers, or on what is done to the tensors of earlier ones."""

import numpy as np
import pytest
import torch

from drawn_coco import draw_coco
from drawn_sets import draw_cityscapes, draw_threads
from segladder.data.cache import DiskCache, MemoryCache
from segladder.data.cache import choice as choice_module
from segladder.data.datamodules import CityscapesDataModule, CocoDataModule, DisksDataModule, FolderDataModule
from segladder.data.errors import DataError
from segladder.data.transforms.arrival import finished
from segladder.data.transforms.augment import Augment
from segladder.types import Objects

WAYS = [(cache, workers) for cache in (False, "ram", "disk") for workers in (0, 2)]
AUGMENTS = {
    "none": None,
    "window": {"crop": [32, 40], "scale": [0.5, 2.0], "flip": 0.5, "brightness": 0.3, "hue": 0.1},
    "whole window": {"crop": [48, 96]},
    "colours": {"brightness": 0.4, "contrast": 0.2},
    "turns": {"flip": 0.5, "flip_vertical": 0.5, "rotate90": 0.5},
}


def equal(one, other):
    """Bitwise, whatever it is."""
    if isinstance(one, Objects):
        return all(equal(getattr(one, name), getattr(other, name)) for name in Objects.__slots__)
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def spoiled(batch):
    """What a task may do to a batch: nothing of it may come back in the next epoch."""
    for key in ("image", "semantic", "masks", "boxes"):
        for tensor in batch.get(key, ()):
            tensor.zero_()


def read(make, cache, workers, folder, *, epochs=2):
    """Copies of all batches of a few epochs of training and validation."""
    data = make(cache=cache, num_workers=workers, **({"cache_dir": str(folder)} if cache == "disk" else {}))
    train, val = data.train_dataloader(), data.val_dataloader()
    found = []
    for _ in range(epochs):
        for batch in (*train, *val):
            arrived = finished(batch, data.augment)
            found.append({key: [copy(value) for value in values] for key, values in arrived.items()})
            spoiled(batch)
    return found, data


def copy(value):
    return value.clone() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("augment", AUGMENTS)
def test_two_epochs_are_the_same_bit_by_bit_in_every_way_of_reading(tmp_path, instances, augment):
    root = draw_cityscapes(tmp_path / "set", per_city=2)
    settings = AUGMENTS[augment]

    def make(**options):
        changes = settings and Augment(**settings)
        return CityscapesDataModule(root=root, batch_size=2, instances=instances, augment=changes, **options)

    expected, _ = read(make, *WAYS[0], tmp_path / "caches")
    assert len(expected) == 2 * (2 + 1)
    # workers once: what they do to a sample is the same code for every augmentation
    for cache, workers in WAYS[1:] if augment == "window" else [("ram", 0), ("disk", 0)]:
        found, data = read(make, cache, workers, tmp_path / "caches")
        assert equal(found, expected), (cache, workers)
        kind = {False: type(None), "ram": MemoryCache, "disk": DiskCache}[cache]
        assert type(data.samples("train").cache) is kind and type(data.samples("val").cache) is kind


def test_images_of_unequal_sizes_and_masks_of_0_and_255_are_the_same_from_a_cache(tmp_path):
    root = draw_threads(tmp_path / "set", counts={"train": 4, "val": 3})

    def make(**options):
        augment = Augment(crop=32, scale=[0.5, 1.5])
        return FolderDataModule(root=root, label_map={0: 0, 255: 1}, batch_size=2, augment=augment, **options)

    expected, _ = read(make, False, 0, tmp_path)
    for cache in ("ram", "disk"):
        assert equal(read(make, cache, 0, tmp_path / "caches")[0], expected)


def test_objects_of_a_coco_file_are_the_same_from_a_cache(tmp_path):
    def make(**options):
        return CocoDataModule(root=draw_coco(tmp_path / "set"), batch_size=2, instances=True, **options)

    expected, _ = read(make, False, 0, tmp_path)
    assert equal(read(make, "disk", 0, tmp_path / "caches")[0], expected)


@pytest.mark.parametrize("cache", ["false", "ram", "disk"])
def test_an_augmentation_of_ones_own_may_change_samples_in_place_and_gets_whole_numbers(tmp_path, cache):
    root = draw_cityscapes(tmp_path / "set", per_city=1)
    seen = []

    def own(sample, *, seed):
        assert sample["semantic"].dtype == torch.int64
        seen.append(int(sample["image"].sum()))
        sample["image"].zero_()
        sample["semantic"].zero_()
        return sample

    folder = {"cache_dir": str(tmp_path / "caches")} if cache == "disk" else {}
    data = CityscapesDataModule(root=root, batch_size=1, augment=own, shuffle=False, cache=cache, **folder)
    for _ in range(3):
        list(data.train_dataloader())
    assert seen[:2] == seen[2:4] == seen[4:] and min(seen) > 0


@pytest.mark.parametrize("instances", [False, True])
def test_labels_leave_the_workers_in_a_byte_whatever_the_cache(tmp_path, instances):
    root = draw_cityscapes(tmp_path / "set", per_city=1)
    for cache in ("false", "ram", "disk"):
        folder = {"cache_dir": str(tmp_path / "caches")} if cache == "disk" else {}
        data = CityscapesDataModule(root=root, batch_size=1, instances=instances, cache=cache, **folder)
        [batch] = data.val_dataloader()
        assert batch["semantic"].dtype == torch.uint8, cache


@pytest.mark.parametrize("cache", ["ram", "disk"])
def test_class_counts_come_from_the_cache(tmp_path, cache):
    root = draw_cityscapes(tmp_path / "set", per_city=1)
    expected = CityscapesDataModule(root=root, cache=False).class_pixels()
    folder = {"cache_dir": str(tmp_path / "caches")} if cache == "disk" else {}
    data = CityscapesDataModule(root=root, batch_size=2, cache=cache, **folder)
    list(data.train_dataloader())
    for path in root.rglob("*.png"):
        path.write_bytes(b"")
    assert data.class_pixels().tolist() == expected.tolist()


def test_workers_share_what_was_read_before_they_were_forked(tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=2)
    data = CityscapesDataModule(root=root, batch_size=2, cache="auto", num_workers=2)
    batches = list(data.train_dataloader())
    stages = data.samples("train").clock.totals()
    assert len(batches) == 2 and stages.images == 4 and stages.decoded == 0 and stages.decode == 0


def test_auto_keeps_nothing_of_what_is_read_once_by_workers_or_is_too_large(tmp_path, monkeypatch):
    root = draw_cityscapes(tmp_path / "set", per_city=1)
    data = CityscapesDataModule(root=root, batch_size=2, num_workers=2)
    assert data.samples("train").cache is not None and data.samples("test").cache is None
    monkeypatch.setattr(choice_module, "fits", lambda source: False)
    assert CityscapesDataModule(root=root, batch_size=2).samples("train").cache is None


def test_a_fraction_is_read_from_the_cache_of_the_whole(tmp_path, capfd):
    root = draw_cityscapes(tmp_path / "set", per_city=4)
    options = {"root": root, "batch_size": 2, "cache": "disk", "cache_dir": str(tmp_path / "caches")}
    list(CityscapesDataModule(**options).train_dataloader())
    assert "8 decoded samples" in capfd.readouterr().err
    part = CityscapesDataModule(**options, fraction=0.5)
    plain = CityscapesDataModule(root=root, batch_size=2, fraction=0.5, cache=False)
    assert equal(list(part.train_dataloader()), list(plain.train_dataloader()))
    assert capfd.readouterr().err == ""


def test_samples_that_cannot_be_read_are_skipped_alike_from_a_cache(tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=3)
    [damaged, *_] = sorted(root.glob("leftImg8bit/train/*/*.png"))
    damaged.write_bytes(b"no picture")

    def batches(cache, **folder):
        data = CityscapesDataModule(root=root, batch_size=3, cache=cache, on_bad_sample="skip", **folder)
        return list(data.train_dataloader())

    expected = batches(False)
    assert sum(len(batch.get("skipped", ())) for batch in expected) == 1
    assert equal(batches("ram"), expected)
    with pytest.warns(
        UserWarning, match="Not in the cache of cityscapes train, and read from its files instead: Image"
    ):
        assert equal(batches("disk", cache_dir=str(tmp_path / "caches")), expected)


def test_another_word_is_refused_and_what_has_no_effect_is_told(tmp_path):
    root = draw_cityscapes(tmp_path / "set", per_city=1)
    with pytest.raises(DataError, match=r"data\.cache is 'disc'\. Give auto, ram, disk or false\."):
        CityscapesDataModule(root=root, cache="disc")
    with pytest.warns(UserWarning, match=r"data\.cache_dir=/x has no effect: data\.cache is not disk"):
        CityscapesDataModule(root=root, cache_dir="/x")
    for folder in ("", " ", 5, "5", True):
        with pytest.raises(DataError, match=rf"data\.cache_dir is {folder!r}\. Give the path of a folder, such as"):
            CityscapesDataModule(root=root, cache="disk", cache_dir=folder)
    disks = DisksDataModule(batch_size=4, counts={"train": 8}, cache="disk", cache_dir=str(tmp_path / "none"))
    assert len(list(disks.train_dataloader())) == 2 and not (tmp_path / "none").exists()


def test_a_reader_that_does_not_name_its_files_is_read_without_a_cache_and_says_so(tmp_path):
    from segladder.data.module import SegmentationDataModule
    from segladder.types import DatasetInfo

    class Own(torch.utils.data.Dataset):
        synthetic = False
        info = DatasetInfo(
            name="own", classes=("a",), palette=((0, 0, 0),), things=(False,), channels=1, mean=(0,), std=(1,)
        )

        def __len__(self):
            return 2

        def __getitem__(self, key):
            image = torch.zeros(1, 4, 4, dtype=torch.uint8)
            return {"image": image, "semantic": torch.zeros(4, 4).long(), "image_id": str(key[1]), "size": (4, 4)}

    class Reader:
        root, info = None, Own.info

        def __init__(self, *, seed=0):
            pass

        def dataset(self, split, *, run_seed):
            return Own()

    class Data(SegmentationDataModule):
        reader = Reader

    data = Data(batch_size=2, cache="disk", cache_dir=str(tmp_path / "none"))
    with pytest.warns(
        UserWarning, match=r"data\.cache=disk has no effect: Own does not tell what its samples are read"
    ):
        loader = data.train_dataloader()
    assert len(list(loader)) == 1 and not (tmp_path / "none").exists()
