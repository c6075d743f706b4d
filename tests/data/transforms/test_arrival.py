"""augment.device=gpu: what the workers leave to the device, seen on the CPU."""

import warnings

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torchvision.transforms import v2

from segladder.data.datamodules import FolderDataModule
from segladder.data.errors import DataError
from segladder.data.transforms.arrival import finished
from segladder.data.transforms.augment import Augment

COLORS = {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.1}
GEOMETRY = {"scale": [0.5, 2.0], "crop": [16, 16], "flip": 0.5}
NO_GPU = r"augment\.device=gpu: there is no GPU in use, so colours are changed on the CPU"


def batches(root, *, device, **options):
    augment = Augment(**GEOMETRY, **COLORS, device=device)
    data = FolderDataModule(root=root, augment=augment, batch_size=3, order_seed=4, **options)
    raw = list(data.train_dataloader())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NO_GPU)
        return raw, [data.on_after_batch_transfer(batch, 0) for batch in raw]


@pytest.mark.parametrize("workers", [0, 1])
def test_the_device_gives_what_the_cpu_gives_up_to_one_level(draw, workers):
    root = draw()
    raw, ready = batches(root, device="gpu", num_workers=workers)
    _, expected = batches(root, device="cpu", num_workers=0)
    plain = Augment(**GEOMETRY)
    for on_its_way, one, other in zip(raw, ready, expected, strict=True):
        assert on_its_way["image"].dtype == on_its_way["semantic"].dtype == torch.uint8
        assert "jitter" in on_its_way and "jitter" not in one
        assert one["image"].dtype == torch.uint8 and one["semantic"].dtype == torch.int64
        assert (one["image"].int() - other["image"].int()).abs().max() <= 1
        assert not torch.equal(on_its_way["image"], other["image"])  # the workers left something to do
        assert torch.equal(one["semantic"], other["semantic"]) and one["image_id"] == other["image_id"]
    assert plain


def test_objects_in_images_of_unequal_sizes_are_changed_one_by_one():
    whole, left = Augment(**COLORS), Augment(**COLORS, device="gpu")
    samples = [{"image": torch.randint(0, 256, (3, size, 20), dtype=torch.uint8)} for size in (10, 14)]
    given = [left.for_batch(sample, seed=seed) for seed, sample in enumerate(samples)]
    batch = {"image": [one["image"] for one in given], "jitter": torch.stack([one["jitter"] for one in given])}
    with pytest.warns(UserWarning, match=NO_GPU):
        ready = finished(batch, left)["image"]
    for seed, (sample, one) in enumerate(zip(samples, ready, strict=True)):
        assert (one.int() - whole(sample, seed=seed)["image"].int()).abs().max() <= 1


def test_a_single_sample_is_whole_wherever_batches_are_changed():
    sample = {"image": torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)}
    whole, left = Augment(**COLORS), Augment(**COLORS, device="gpu")
    assert torch.equal(whole(sample, seed=3)["image"], left(sample, seed=3)["image"])


def test_it_is_said_once_that_there_is_no_gpu():
    left = Augment(**COLORS, device="gpu")
    given = left.for_batch({"image": torch.zeros(3, 4, 4, dtype=torch.uint8)}, seed=0)
    batch = {"image": given["image"][None], "jitter": given["jitter"][None]}
    with pytest.warns(UserWarning, match=NO_GPU):
        finished(batch, left)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        finished(batch, left)


def test_lightning_hands_the_network_finished_batches(draw, tmp_path):
    seen = []

    class Looks(LightningModule):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def training_step(self, batch, index):
            seen.append(batch)
            return self.weight.sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    root = draw()
    _, expected = batches(root, device="cpu", num_workers=0)
    augment = Augment(**GEOMETRY, **COLORS, device="gpu")
    data = FolderDataModule(root=root, augment=augment, batch_size=3, order_seed=4, num_workers=0)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(max_epochs=1, limit_val_batches=0, accelerator="cpu", default_root_dir=tmp_path, **options)
    with pytest.warns(UserWarning, match=NO_GPU):
        trainer.fit(Looks(), datamodule=data)
    assert len(seen) == len(expected) == 2
    for one, other in zip(seen, expected, strict=True):
        assert "jitter" not in one and one["semantic"].dtype == torch.int64
        assert (one["image"].int() - other["image"].int()).abs().max() <= 1


def test_other_words_and_transforms_that_would_come_first_are_refused():
    with pytest.raises(DataError, match=r"augment\.device is 'cuda'\. Give cpu or gpu"):
        Augment(device="cuda")
    with pytest.raises(
        DataError, match=r"augment\.device=gpu changes colours after everything else, but augment\.tran"
    ):
        Augment(brightness=0.1, device="gpu", transforms=[v2.RandomErasing()])
    with pytest.warns(UserWarning, match=r"augment\.device=gpu has no effect: it moves augment\.brightness"):
        assert Augment(flip=0.5, device="gpu", transforms=[v2.RandomErasing()])  # no colours, no order to break


def test_without_colours_nothing_is_left_to_the_device():
    with pytest.warns(UserWarning, match=r"augment\.device=gpu has no effect"):
        augment = Augment(flip=1.0, device="gpu")
    given = augment.for_batch({"image": torch.zeros(3, 4, 4, dtype=torch.uint8)}, seed=0)
    assert set(given) == {"image"}


def test_an_augmentation_of_the_users_own_gets_labels_as_int64_and_is_called_for_all_of_it(draw):
    seen = []

    class Own(Augment):
        def __call__(self, sample, *, seed):
            seen.append(sample["semantic"].dtype)
            return super().__call__(sample, seed=seed)

    data = FolderDataModule(root=draw(), augment=Own(**COLORS, device="gpu"), batch_size=3, num_workers=0, cache=False)
    assert all("jitter" not in batch for batch in data.train_dataloader())
    assert set(seen) == {torch.int64}
