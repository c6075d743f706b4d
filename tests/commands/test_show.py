"""`segladder data show` of objects."""

from __future__ import annotations

import re

import numpy as np
from PIL import Image

from drawn_sets import draw_cityscapes
from segladder.viz.instance_colors import instance_color


def test_objects_are_counted_and_drawn_in_their_own_colours(segladder, tmp_path):
    words = ("data=disks", "task=instance", "data.num_disks=3", "count=2", "output=disks.png")
    ran = segladder("data", "show", *words)
    assert ran.code == 0, ran.text
    assert re.match(r"1  \S+  64x64  [123] disk\n", ran.out)
    with Image.open(tmp_path / "disks.png") as sheet:
        assert (np.asarray(sheet) == instance_color(0)).all(-1).sum() > 50


def test_the_sheet_shows_what_a_crop_leaves_of_them(segladder, tmp_path):
    root = draw_cityscapes(tmp_path / "cityscapes")
    words = ("data=cityscapes", f"data.root={root}", "task=instance", "augment=standard", "augment.crop=[32,64]")
    ran = segladder("data", "show", *words, "count=4", "output=streets.png")
    assert ran.code == 0, ran.text
    lines = ran.out.splitlines()
    assert all(re.search(r"  32x64 of 48x96  (no objects|\d+ \w+)", line) for line in lines[:-1]), ran.out


def test_a_task_that_is_unknown_is_a_sentence(segladder):
    ran = segladder("data", "show", "data=disks", "task=instanc")
    assert ran.code == 1 and "task=instance" in ran.err and "Traceback" not in ran.err
