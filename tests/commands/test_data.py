"""`segladder data show` and `segladder data stats`."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from drawn_sets import draw_cityscapes, draw_threads, draw_voc


@pytest.fixture
def cityscapes(tmp_path):
    return draw_cityscapes(tmp_path / "cityscapes")


def test_a_sheet_shows_what_augmentation_leaves(segladder, tmp_path, cityscapes):
    words = ("data=cityscapes", f"data.root={cityscapes}", "augment=standard", "augment.crop=[32,64]", "count=3")
    ran = segladder("data", "show", *words)
    assert ran.code == 0, ran.text
    lines = ran.out.splitlines()
    assert len(lines) == 4 and lines[-1] == "Wrote outputs/data/cityscapes.png"
    assert re.match(r"1  (aachen|ulm)/\w+  32x64 of 48x96  \w.* \d+\.\d%.*; ignored", lines[0])
    with Image.open(tmp_path / "outputs/data/cityscapes.png") as sheet:
        assert sheet.width > 4 * 192 and (np.asarray(sheet) == (128, 128, 128)).all(-1).any()


def test_the_seed_decides_which_samples_come_first(segladder, cityscapes):
    words = ("data", "show", "data=cityscapes", f"data.root={cityscapes}", "count=1", "augment=flip")
    first, again, other = (segladder(*words, f"seed={seed}", "output=s.png").out for seed in (0, 0, 3))
    assert first == again != other


def test_images_of_unequal_sizes_and_synthetic_ones_are_shown_too(segladder, tmp_path):
    root = draw_voc(tmp_path / "VOC2012")
    ran = segladder("data", "show", "data=voc", f"data.root={root}", "data.train_split=train_aug", "output=a b/v.png")
    assert ran.code == 0 and (tmp_path / "a b/v.png").is_file(), ran.text
    ran = segladder("data", "show", "data=disks", "data.num_disks=3", "count=2")
    assert ran.code == 0 and "Wrote outputs/data/disks.png" in ran.out, ran.text


def test_statistics_are_printed_ready_to_paste(segladder, tmp_path):
    root = draw_threads(tmp_path / "threads")
    ran = segladder("data", "stats", "data=folder", f"data.root={root}", "data.label_map={0: 0, 255: 1}")
    assert ran.code == 0, ran.text
    masks = [np.asarray(Image.open(path)) for path in (root / "labels/train").iterdir()]
    images = [np.asarray(Image.open(path)) for path in (root / "images/train").iterdir()]
    counts = [sum(int((mask == value).sum()) for mask in masks) for value in (0, 255)]
    assert f"{len(masks)} training images, {sum(counts):,} labelled pixels, 0.0% ignored" in ran.out
    assert re.search(rf"thread +{counts[1]:,} +2\.750% +24\n", ran.out)
    pixels = np.concatenate([image.reshape(-1) for image in images]) / 255
    assert f'"mean": [{pixels.mean():.4g}], "std": [{pixels.std():.4g}]' in ran.out
    shares = np.array(counts) / sum(counts)
    printed = re.findall(r"loss\.terms\.ce\.class_weights=\[(.*)\]", ran.out)
    for line, expected in zip(printed, (np.median(shares) / shares, 1 / np.log(1.02 + shares)), strict=True):
        assert [float(value) for value in line.split(",")] == pytest.approx(expected.tolist(), rel=1e-3)


def test_classes_that_never_occur_are_named(segladder, cityscapes):
    words = ("data=cityscapes", f"data.root={cityscapes}", "data.limit=1")
    ran = segladder("data", "stats", *words)
    assert ran.code == 0, ran.text
    assert "1 training images" in ran.out and "No pixel of" in ran.out and "bicycle: their weight is 0." in ran.out


def test_a_data_set_of_the_users_own_config_folder_is_found(segladder, tmp_path, cityscapes):
    (tmp_path / "own/data").mkdir(parents=True)
    (tmp_path / "own/data/streets.yaml").write_text(f"defaults: [cityscapes]\nroot: {cityscapes}\n")
    ran = segladder("data", "stats", "data=streets", "--config-dir", "own")
    assert ran.code == 0 and ran.out.startswith("cityscapes: 8 training images"), ran.text


def test_help_needs_nothing(segladder):
    ran = segladder("data", "--help")
    assert ran.code == 0 and "segladder data stats data=NAME" in ran.out and "ready" not in ran.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("shwo", "data=disks"), "segladder data knows show, check, stats, levels and convert, not 'shwo'."),
        (("show", "data=voc"), "VOCtrainval_11-May-2012.tar"),
        (("show", "data=cityscape"), "did you mean 'data=cityscapes'?"),
        (("show", "data=disks", "data.nosie=1"), "did you mean 'data.noise'?"),
        (("show", "data=folder"), "data.root"),
        (("show", "data=disks", "count=0"), "count is '0'. Give a whole number of samples, 1 or more."),
        (("show", "data=disks", "output=a.jpg"), "Give a file name that ends in .png."),
        (("show", "data=disks", "output=/proc/no/a.png"), "cannot be written"),
        (("show", "data=disks", "model=unet"), "'model=unet' has no effect on segladder data show. It takes data, "),
        (("show", "data=disks", "seed=-1"), "seed is -1. Give a whole number"),
        (("show", "data=disks", "disks"), "'disks' is no setting. Write key=value"),
        (("stats", "data=disks", "augment=flip"), "'augment=flip' has no effect on segladder data stats."),
        (("stats", "data=disks", "data.counts.train=0"), "There is no training split"),
    ],
)
def test_mistakes_are_sentences(segladder, words, hint):
    ran = segladder("data", *words)
    assert ran.code == 1, ran.text
    assert hint in ran.err and "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1
