"""The quick look at the first batch: one sentence where it cannot be what was meant, nothing where it can."""

from __future__ import annotations

import time
import warnings
from types import SimpleNamespace

import pytest
import torch

from segladder.data import CocoDataModule, DisksDataModule, FolderDataModule
from segladder.data.doctor.first_batch import doubts
from segladder.data.transforms.augment import Augment
from segladder.tasks.callbacks import FirstBatch
from segladder.types import DatasetInfo

INFO = DatasetInfo(
    name="two", classes=("ground", "leaf"), palette=((0, 0, 0), (0, 255, 0)), things=(False, True), channels=1,
    mean=(0.5,), std=(0.5,),
)  # fmt: skip


def batch(semantic, *, image=None, size=(4, 4)):
    count = len(semantic)
    image = torch.arange(16.0).reshape(1, 1, 4, 4).repeat(count, 1, 1, 1) if image is None else image
    names = [f"n{number}" for number in range(count)]
    return {"image": image, "semantic": semantic, "image_id": names, "size": [size] * count}


def both():
    return torch.tensor([[0, 1], [255, 1]]).repeat(2, 2).expand(5, 4, 4).clone()


def test_a_good_batch_is_not_doubted():
    assert doubts(batch(both()), INFO) == []


@pytest.mark.parametrize(
    ("semantic", "told"),
    [
        (torch.full((5, 4, 4), 255), "Every pixel of its 5 labels is ignored ('n0', 'n1', 'n2' and 2 more)"),
        (torch.ones(2, 4, 4, dtype=torch.long), "Every pixel that is labelled in it is of class 'leaf' ('n0', 'n1')"),
        (both()[:1] * 7, "Its labels hold 7, and there are 2 classes ('n0')"),
    ],
)
def test_labels_that_teach_nothing(semantic, told):
    if int(semantic.max()) > 255:
        semantic[semantic > 255] = 255
    assert doubts(batch(semantic), INFO) == [told]


def test_whole_images_of_one_value_and_not_crops_of_a_black_ground():
    image = torch.zeros(5, 1, 4, 4)
    image[1:] += torch.rand(4, 1, 4, 4)
    assert doubts(batch(both(), image=image), INFO) == ["1 of its 5 images have one single value ('n0')"]
    assert doubts(batch(both(), image=image, size=(8, 8)), INFO) == []


def test_a_batch_without_objects():
    empty = {"labels": [torch.zeros(0)] * 2, "image": torch.rand(2, 1, 4, 4), "image_id": ["a", "b"]}
    empty["size"] = [(4, 4)] * 2
    assert doubts(empty, INFO) == ["None of its 2 images shows an object ('a', 'b')"]
    assert doubts({**empty, "labels": [torch.zeros(0), torch.ones(1)]}, INFO) == []


def test_it_is_said_once_with_the_command_that_looks_further():
    callback = FirstBatch(["segladder", "data", "check", "data=folder", "data.label_map={0: 0, 1: 1}"])
    task = SimpleNamespace(info=INFO)
    wrong = batch(torch.full((2, 4, 4), 255))
    with pytest.warns(UserWarning) as told:
        callback.on_train_batch_start(None, task, wrong, 0)
        callback.on_train_batch_start(None, task, wrong, 1)
    assert [str(warning.message) for warning in told] == [
        "The first training batch looks wrong. Every pixel of its 2 labels is ignored ('n0', 'n1'). Look at the data:"
        " segladder data check data=folder 'data.label_map={0: 0, 1: 1}'"
    ]


def test_disks_are_not_doubted_and_nothing_is_drawn_or_changed():
    for instances in (False, True):
        module = DisksDataModule(counts={"train": 16}, batch_size=16, instances=instances)
        found = next(iter(module.train_dataloader()))
        before, state = found["image"].clone(), torch.get_rng_state()
        began = time.perf_counter()
        assert doubts(found, module.info) == []
        assert time.perf_counter() - began < 0.05
        assert torch.equal(found["image"], before) and torch.equal(torch.get_rng_state(), state)


def test_real_sets_are_not_doubted(real_data):
    augment = Augment(flip=0.5, scale=(0.5, 2.0), crop=(256, 256))
    nuclei = {"annotations": "instances_{split}.json", "images": "images", "train_split": "val"}
    options = {"batch_size": 4, "num_workers": 0, "augment": augment}
    for module in (
        FolderDataModule(root=real_data / "camvid", **options),
        CocoDataModule(root=real_data / "dsb2018_fluo", val_split=None, test_split=None, **nuclei, **options),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert doubts(next(iter(module.train_dataloader())), module.info) == []
