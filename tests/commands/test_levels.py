"""`segladder data levels`."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from drawn_sets import draw_cells, draw_cityscapes


@pytest.fixture
def cells(tmp_path):
    return draw_cells(tmp_path / "cells")


def columns(out, title):
    """class -> heading -> cell of the table below a title."""
    lines = out[out.index(title) :].split("\n\n")[0].splitlines()[1:]
    heads, *rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}


def test_each_class_has_a_line_in_both_tables_and_a_plot_is_drawn(segladder, tmp_path, cells):
    # squares of 10x9 and bars of 4x9, resized by 8: 80x72 and 32x72
    words = ("data=folder", f"data.root={cells}", "min_size=320", "max_size=900", "anchor_sizes=[16,32,76,128,256]")
    ran = segladder("data", "levels", *words, "output=a b/levels.png")
    assert ran.code == 0, ran.text
    assert ran.out.startswith("cells: 36 objects of 6 training images, shorter side 320, longer at most 900\n")
    by_size, by_anchor = columns(ran.out, "RoIAlign reads"), columns(ran.out, "The anchor that")
    assert list(by_size) == list(by_anchor) == ["cell", "rod", "all"]
    assert by_size["cell"]["median"] == "76" and by_size["rod"]["median"] == "48"
    assert sum(int(by_size[name]["objects"]) for name in ("cell", "rod")) == int(by_size["all"]["objects"]) == 36
    assert by_size["all"]["P2 <112"] == "100.0%"
    assert by_anchor["cell"]["P4 76"] == "100.0%" and by_anchor["rod"]["P3 32"] == "100.0%"
    assert ran.out.endswith("Wrote a b/levels.png\n")
    with Image.open(tmp_path / "a b/levels.png") as picture:
        assert picture.width > 800 and len(np.unique(np.asarray(picture).reshape(-1, 4), axis=0)) > 10


def test_the_models_own_keys_and_the_short_words_are_one(segladder, cells):
    words = ("data", "levels", "data=folder", f"data.root={cells}", "output=p.png")
    short, long = (
        segladder(*words, f"{key}anchor_sizes=[8,16,24,32,40]", f"{key}min_size=80").out for key in ("", "model.")
    )
    assert short == long and "P6 40" in short and "shorter side 80\n" in short


def test_crowds_are_left_out_and_images_keep_their_size_by_default(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "cityscapes")
    ran = segladder("data", "levels", "data=cityscapes", f"data.root={root}", "data.train_split=val")
    assert ran.code == 0, ran.text
    assert re.match(r"cityscapes: \d+ objects of 4 training images, at their own size, \d+ crowds left out\n", ran.out)
    assert ran.out.endswith("Wrote outputs/data/cityscapes-levels.png\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (
            ("model=unet",),
            "This model has no anchors: it proposes no boxes. Choose model=maskrcnn, or leave model= out.",
        ),
        (("anchor_sizes=[32,64]",), "model.anchor_sizes is [32, 64]: of 2 levels, but"),
        (("anchor_sizes=32",), "model.anchor_sizes is 32. Give a number of pixels"),
        (("anchor_ratios=[0]",), "model.anchor_ratios is [0]. Give heights over widths"),
        (("min_size=0",), "model.min_size is 0. Give pixels"),
        (("max_size=100",), "model.max_size is 100, which has no effect while model.min_size is null"),
        (("model.detections=3",), "'model.detections=3' has no effect on segladder data levels. It takes data, model,"),
        (("augment=flip",), "'augment=flip' has no effect on segladder data levels."),
        (("output=a.jpg",), "Give a file name that ends in .png."),
        (("data.instances_folder=ids",), "Data set 'cells' tells no objects apart: '"),
        (
            ("data.train_split=empty",),
            "None of the 1 training images of 'cells' holds an object. Look at another split",
        ),
    ],
)
def test_mistakes_are_sentences(segladder, cells, words, hint):
    (cells / "splits").mkdir()
    (cells / "splits/empty.txt").write_text("train/02\n")
    ran = segladder("data", "levels", "data=folder", f"data.root={cells}", *words)
    assert ran.code == 1, ran.text
    assert hint in ran.err and "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_set_that_knows_no_objects_is_refused(segladder, cells):
    (cells / "dataset.json").write_text(json.dumps({"classes": ["soil", "leaf", "stem"]}))
    ran = segladder("data", "levels", "data=folder", f"data.root={cells}")
    assert ran.code == 1 and "Data set 'cells' names no class of objects." in ran.err
