from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

CONF = Path(__file__).parents[2] / "conf"


def built(*overrides):
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose(overrides=list(overrides))
    return instantiate(config.data, augment=instantiate(config.augment), order_seed=1)


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


def test_camvid_is_a_preset_of_folder(camvid):
    data = built("+data=camvid", "+augment=standard", f"data.root={camvid}")
    assert data.info.name == "camvid"
    assert data.summary()["counts"] == {"train": 367, "val": 101, "test": 233}
