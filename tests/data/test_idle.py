"""Options that change nothing are told once each, and what nobody typed is not."""

import warnings

import pytest

from drawn_sets import draw_threads, draw_voc
from segladder.data import idle as idle_module
from segladder.data.datamodules import DisksDataModule, FolderDataModule, VocDataModule


@pytest.fixture(autouse=True)
def cores(monkeypatch):
    monkeypatch.setattr(idle_module, "available_cores", lambda: 2)


def told(data):
    """What is said while all loaders of a DataModule are made, and read by workers."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for loader in (data.train_dataloader(), data.val_dataloader(), data.val_dataloader()):
            next(iter(loader))
    return [str(warning.message) for warning in found]


@pytest.fixture
def threads(tmp_path):
    root = draw_threads(tmp_path / "threads", counts={"train": 4, "val": 2})
    return lambda **options: FolderDataModule(root=root, label_map={0: 0, 255: 1}, batch_size=1, **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"num_workers": 0, "prefetch": 7},
            "data.prefetch=7 has no effect: there are no workers to read ahead (data.num_workers=0).",
        ),
        (
            {"decoder": "torchvision"},
            "data.decoder=torchvision has no effect: it is used for JPEGs alone, and there are none here.",
        ),
        (
            {"num_workers": 3},
            "data.num_workers=3 is more than the 2 cores that this run may use: workers take turns, with each other and"
            " with the training. data.num_workers=auto leaves it to the machine.",
        ),
    ],
)
def test_what_changes_nothing_is_told_once(threads, options, sentence):
    assert told(threads(**options)) == [sentence]


def test_where_the_machine_chooses_no_workers_that_is_said(threads, monkeypatch):
    monkeypatch.setattr("segladder.data.module.auto_workers", lambda source: 0)
    [sentence] = told(threads(prefetch=3))
    assert sentence.endswith("(data.num_workers=auto comes to 0 here).")


def test_drawn_images_need_no_decoder():
    [sentence] = told(DisksDataModule(batch_size=4, counts={"train": 8, "val": 4}, decoder="torchvision"))
    assert sentence == "data.decoder=torchvision has no effect: these images are drawn, not read."


@pytest.mark.parametrize(
    "options", [{}, {"decoder": "pillow"}, {"num_workers": 0}, {"num_workers": 2, "prefetch": 7}, {"prefetch": 2}]
)
def test_defaults_and_what_does_something_are_not_told(threads, options):
    assert told(threads(**options)) == []


def test_a_decoder_of_jpegs_is_used_for_jpegs(tmp_path):
    data = VocDataModule(root=draw_voc(tmp_path / "voc"), batch_size=1, eval_batch_size=1, decoder="torchvision")
    assert not [sentence for sentence in told(data) if "no effect" in sentence]
