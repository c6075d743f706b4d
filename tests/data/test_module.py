import contextlib
import json
import warnings

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from segladder.data.datamodules import DisksDataModule, FolderDataModule
from segladder.data.errors import DataError
from segladder.data.transforms.augment import Augment
from segladder.types import DatasetInfo

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::pytorch_lightning.utilities.warnings.PossibleUserWarning"
)


class Recorder(pl.LightningModule):
    """Writes down what every training batch was."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen = []

    def training_step(self, batch, batch_idx):
        checksum = int(batch["image"].double().sum() * 1000)
        self.seen.append((self.current_epoch, batch_idx, tuple(batch["image_id"]), checksum))
        return self.layer(torch.ones(1, 1)).sum()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class CutOff(pl.Callback):
    """Saves a checkpoint at a chosen moment, then stops the run dead."""

    def __init__(self, path, hook, count):
        self.path, self.hook, self.count = path, hook, count

    def _hit(self, trainer, hook):
        if hook == self.hook and not trainer.sanity_checking:
            self.count -= 1
            if self.count == 0:
                trainer.save_checkpoint(self.path)
                raise KeyboardInterrupt

    def on_train_batch_end(self, trainer, *args):
        self._hit(trainer, "batch")

    def on_train_batch_start(self, trainer, *args):
        self._hit(trainer, "inside batch")

    def on_validation_end(self, trainer, *args):
        self._hit(trainer, "validation")

    def on_train_epoch_end(self, trainer, *args):
        self._hit(trainer, "epoch")


def fit(data, *, callbacks=(), resume=None, epochs=3, **options):
    module = Recorder()
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        callbacks=list(callbacks),
        **options,
    )
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        trainer.fit(module, data, ckpt_path=resume, weights_only=False if resume else None)
    return module.seen


def folder(root, workers=0, **options):
    augment = Augment(scale=[0.5, 2.0], flip=0.5, brightness=0.3)
    return FolderDataModule(root=root, batch_size=2, num_workers=workers, augment=augment, **options)


@pytest.mark.parametrize(
    ("hook", "count", "limit"),
    [
        ("batch", 2, None),
        ("batch", 3, None),  # the last of its epoch
        ("batch", 5, None),
        ("inside batch", 5, None),
        ("validation", 1, None),
        ("epoch", 1, None),
        ("epoch", 2, 2),
        ("validation", 1, 2),
    ],
)
def test_a_run_that_was_cut_off_sees_exactly_what_an_uncut_one_sees(draw, tmp_path, hook, count, limit):
    root = draw(counts={"train": 7, "val": 2})
    options = {"limit_train_batches": limit} if limit else {}
    uncut = fit(folder(root), **options)
    assert len(uncut) == 3 * (limit or 3)
    before = fit(folder(root), callbacks=[CutOff(tmp_path / "cut.ckpt", hook, count)], **options)
    after = fit(folder(root), resume=tmp_path / "cut.ckpt", **options)
    assert after and before + after == uncut


def test_workers_change_no_batch_also_after_a_resume(draw, tmp_path):
    root = draw(counts={"train": 7, "val": 2})
    uncut = fit(folder(root))
    assert fit(folder(root, workers=2), callbacks=[CutOff(tmp_path / "cut.ckpt", "batch", 4)]) == uncut[:4]
    assert fit(folder(root, workers=2), resume=tmp_path / "cut.ckpt") == uncut[4:]


def test_endless_disks_are_new_in_each_epoch_and_resume_in_the_middle(tmp_path):
    def data():
        return DisksDataModule(batch_size=8, counts={"train": 24, "val": 8})

    uncut = fit(data())
    assert len({checksum for *_, checksum in uncut}) == 9
    fit(data(), callbacks=[CutOff(tmp_path / "cut.ckpt", "batch", 4)])
    assert fit(data(), resume=tmp_path / "cut.ckpt") == uncut[4:]


def test_the_global_random_state_is_not_touched(draw):
    data = folder(draw())
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    list(data.train_dataloader())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_info_is_ready_and_evaluation_images_are_whole(draw):
    data = folder(draw(), eval_batch_size=1)
    assert data.info.num_classes == 3
    first, _ = data.val_dataloader()
    assert first["image"].shape == (1, 3, 24, 32) and first["image_id"] == ["val/000"]
    assert data.test_dataloader().dataset.augment is None


def test_reading_leaves_the_number_of_threads_as_it_was(draw):
    before = torch.get_num_threads()
    list(folder(draw()).train_dataloader())
    assert torch.get_num_threads() == before


def test_the_cache_changes_nothing(draw):
    root = draw()
    cached, plain = folder(root), folder(root, cache=False)
    for _ in range(2):
        for one, other in zip(cached.train_dataloader(), plain.train_dataloader(), strict=True):
            assert torch.equal(one["image"], other["image"]) and torch.equal(one["semantic"], other["semantic"])
            assert cached.on_after_batch_transfer(one, 0)["semantic"].dtype == torch.int64


def test_fractions_are_nested_and_decided_by_the_data_seed_alone(draw):
    root = draw(counts={"train": 20, "val": 2})

    def chosen(**options):
        return FolderDataModule(root=root, batch_size=1, **options).samples("train").indices

    half = chosen(fraction=0.5)
    assert len(half) == 10 and half == sorted(half) and set(chosen(fraction=0.25)) < set(half)
    assert chosen(fraction=0.5, order_seed=3) == half != chosen(fraction=0.5, seed=3)


def test_limit_takes_the_first_of_every_split(draw):
    data = FolderDataModule(root=draw(), batch_size=1, limit=1)
    assert data.summary()["counts"] == {"train": 1, "val": 1, "test": 1}
    assert len(data.val_dataloader()) == 1
    whole = FolderDataModule(root=data.data.root, batch_size=1)
    assert whole.summary()["hashes"]["train"] != data.summary()["hashes"]["train"]


def test_the_summary_of_disks_names_counts_and_hashes():
    summary = DisksDataModule(limit=100).summary()
    assert summary["name"] == "disks" and summary["root"] is None
    assert summary["counts"] == {"train": 100, "val": 100, "test": 100}
    assert len(set(summary["hashes"].values())) == 3


def test_the_summary_names_the_published_splits_and_the_info_as_json_has_it(draw):
    data = folder(draw(), test_split="val")
    summary = data.summary()
    assert summary["splits"] == {"train": "train", "val": "val", "test": "val"}
    assert json.loads(json.dumps(summary)) == summary
    tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in summary["info"].items()}
    assert DatasetInfo(**{**tuples, "palette": tuple(map(tuple, tuples["palette"]))}) == data.info
    assert data.summary(["val"])["splits"] == {"val": "val"}
    assert DisksDataModule().summary()["splits"] == {"train": "train", "val": "val", "test": "test"}
    assert folder(data.data.root, overfit=2).summary()["splits"]["test"] == "train"


def test_any_split_reads_without_labels_in_its_own_order(draw):
    root = draw()
    for path in (root / "labels/test").iterdir():
        path.unlink()
    data = folder(root, test_split=None)
    samples = data.unlabelled("test")
    assert len(samples) == 2 and samples.augment is None
    assert {"image", "image_id", "size"} == set(samples[(0, 0)]) == set(data.unlabelled("train")[(0, 0)])
    assert len(folder(root, limit=1).unlabelled("test")) == 1


def test_a_synthetic_split_reads_without_labels_too():
    data = DisksDataModule(counts={"train": 4, "val": 3, "test": 2})
    samples = data.unlabelled("val")
    assert len(samples) == 3 and set(samples[(0, 2)]) == {"image", "image_id", "size"}
    assert set(samples.__getitems__([(0, 0), (0, 1)])) == {"image", "image_id", "size"}
    with pytest.raises(DataError, match=r"data.split is 'trainval'. Data set 'disks' has train, val and test"):
        data.unlabelled("trainval")


@pytest.mark.parametrize("cache", [True, False])
def test_class_pixels_are_those_of_all_labels(draw, cache):
    data = folder(draw(), cache=cache)
    samples = data.samples("train")
    expected = torch.stack([samples.plain(i)["semantic"].flatten().bincount(minlength=3) for i in range(6)]).sum(0)
    assert torch.equal(data.class_pixels(), expected)


def test_a_missing_test_split_gives_no_loader(draw):
    data = FolderDataModule(root=draw(counts={"train": 2, "val": 2}), batch_size=1)
    assert data.test_dataloader() == []


def test_disks_with_flips_go_through_the_augmentation():
    batch = next(iter(DisksDataModule(augment=Augment(flip=1.0)).train_dataloader()))
    plain = next(iter(DisksDataModule().train_dataloader()))
    assert torch.equal(batch["image"], plain["image"].flip(-1))
    assert torch.equal(batch["semantic"], plain["semantic"].flip(-1))


@pytest.mark.parametrize("options", [{"shuffle": True}, {"num_workers": 2}])
def test_shuffled_or_multi_worker_disks_warn(options):
    with pytest.warns(UserWarning, match="3 to 50 times slower"):
        DisksDataModule(**options).train_dataloader()


def test_disks_as_they_come_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(DisksDataModule().train_dataloader()) == 300


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch_size": 0}, "data.batch_size is 0. Give a whole number of samples, 1 or more."),
        ({"batch_size": "8"}, "data.batch_size is '8'. Give a whole number of samples, 1 or more."),
        ({"fraction": 0}, "data.fraction is 0. Give a share above 0 and up to 1, e.g. data.fraction=0.1."),
        ({"limit": -1}, "data.limit is -1. Give a whole number of samples, 1 or more."),
        ({"prefetch": "two"}, "data.prefetch is 'two'. Give a whole number of batches for each worker, 1 or more."),
        ({"prefetch": 0}, "data.prefetch is 0. Give a whole number of batches"),
        ({"prefetch": True}, "data.prefetch is True. Give a whole number of batches"),
        ({"num_workers": -1}, "data.num_workers is -1. Give a whole number, 0 or more, or auto."),
        ({"sise": 3}, "data.sise is no setting of this data set. It takes size, num_disks, classes, "),
    ],
)
def test_bad_options_are_refused(options, sentence):
    with pytest.raises(DataError) as error:
        DisksDataModule(**options)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_label_stops_a_run_with_one_sentence(draw, write, read_all, workers):
    root = draw()
    write(root, "train/000", np.full((24, 32), 77, dtype=np.uint8))
    data = FolderDataModule(root=root, batch_size=2, num_workers=workers, shuffle=False)
    with pytest.raises(DataError) as error:
        read_all(data.train_dataloader())
    assert str(error.value).startswith(f"Label '{root}/labels/train/000.png' has values outside the 3 classes")
    assert "77 (768 pixels)" in str(error.value) and "\n" not in str(error.value)


def test_each_fold_validates_on_its_own_part_of_the_training_split(draw):
    root = draw(counts={"train": 11, "val": 3, "test": 2})
    seen = []
    for fold in range(4):
        module = FolderDataModule(root=root, folds=4, fold=fold)
        train, val = module.samples("train").image_ids(), module.samples("val").image_ids()
        assert sorted(train + val) == FolderDataModule(root=root).samples("train").image_ids()
        assert len(module.samples("test")) == 2
        assert module.summary()["splits"]["val"] == f"train, fold {fold} of 4"
        seen += val
        other = FolderDataModule(root=root, folds=4, fold=fold, order_seed=7, fraction=0.5)
        assert other.samples("val").image_ids() == val and set(other.samples("train").image_ids()) < set(train)
    assert len(seen) == len(set(seen)) == 11


def test_few_shots_show_every_class_and_say_where_images_lack(draw):
    root = draw(counts={"train": 9, "val": 2, "test": 2}, classes=8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module = FolderDataModule(root=root, shots=1)
        samples = module.samples("train")
    shown = {int(value) for index in range(len(samples)) for value in samples.semantic(index).unique()} - {255}
    assert module.summary(["train"])["splits"]["train"] == "train, shots 1"
    assert len(samples) < 9 and shown == set(range(module.info.num_classes))
    with pytest.warns(UserWarning, match="data.shots=100: "):
        assert len(FolderDataModule(root=root, shots=100).samples("train")) == 9
    with pytest.raises(DataError, match=r"data.shots has no meaning for 'disks'"):
        DisksDataModule(shots=1).samples("train")
