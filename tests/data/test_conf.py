from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from drawn_coco import draw_coco
from drawn_sets import draw_cityscapes, draw_voc

CONF = Path(__file__).parents[2] / "conf"


def built(*overrides, instances=False):
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose(overrides=list(overrides))
    return instantiate(config.data, augment=instantiate(config.augment), order_seed=1, instances=instances)


def test_disks_as_configured_are_the_textbooks():
    data = built("+data=disks", "+augment=none")
    assert data.augment is None and data.info.classes == ("background", "disk")
    settings = data.data.settings
    assert (settings.size, settings.num_disks, settings.radius, settings.margin) == ((64, 64), (1, 1), (8, 14), 16)
    assert (settings.background, settings.noise, settings.contrast) == (0.2, 0.1, (0.7,))
    assert len(data.train_dataloader()) == 300 and data.batch_size == 16


@pytest.mark.parametrize("augment", ["flip", "standard"])
def test_a_folder_takes_its_words_from_the_command_line(draw, augment):
    root = draw(classes=2)
    (root / "dataset.json").unlink()
    data = built(
        "+data=folder",
        f"+augment={augment}",
        f"data.root={root}",
        "data.classes=[background,disk]",
        "data.label_map={0: 0, 1: disk}",
        "data.batch_size=2",
        "augment.crop=[16,16]",
    )
    batch = next(iter(data.train_dataloader()))
    assert batch["image"].shape == (2, 3, 16, 16) and data.info.classes == ("background", "disk")


def test_voc_and_cityscapes_are_scored_on_val_by_default(tmp_path):
    roots = {"voc": draw_voc(tmp_path / "VOC2012"), "cityscapes": draw_cityscapes(tmp_path / "cityscapes")}
    for name, root in roots.items():
        data = built(f"+data={name}", "+augment=standard", f"data.root={root}", "data.batch_size=2", "augment.crop=32")
        assert data.info.name == name
        summary = data.summary()
        assert summary["splits"] == {"train": "train", "val": "val", "test": "val"}
        assert summary["hashes"]["val"] == summary["hashes"]["test"] != summary["hashes"]["train"]
        batch = next(iter(data.train_dataloader()))
        assert batch["image"].shape == (2, 3, 32, 32) and batch["semantic"].shape == (2, 32, 32)


@pytest.mark.parametrize("instances", [False, True])
def test_coco_and_nuclei_are_one_reader(tmp_path, instances):
    coco = draw_coco(tmp_path / "coco")
    nuclei = draw_coco(
        tmp_path / "nuclei",
        counts={"train": 6, "val": 3, "test": 3},
        annotations="instances_{split}.json",
        images="images",
        mode="L",
    )
    for name, root, channels in (("coco", coco, 3), ("nuclei", nuclei, 1)):
        words = (f"+data={name}", "+augment=microscopy", f"data.root={root}", "data.batch_size=4", "augment.crop=32")
        data = built(*words, instances=instances)
        assert data.info.name == name and data.summary()["counts"]["test"] == 3
        batch = next(iter(data.train_dataloader()))
        assert batch["image"].shape == (4, channels, 32, 32) and ("masks" in batch) is instances


def test_camvid_is_a_preset_of_folder(camvid):
    data = built("+data=camvid", "+augment=standard", f"data.root={camvid}")
    assert data.info.name == "camvid"
    assert data.summary()["counts"] == {"train": 367, "val": 101, "test": 233}
