"""`segladder bench data`: the tables on drawn files and on drawn images, and mistakes."""

from __future__ import annotations

import re

import pytest

from drawn_sets import draw_cells, draw_threads

CACHES = ("false", "ram", "disk")


def rows(out: str) -> dict[str, list[float]]:
    """First word of a line -> the numbers behind it."""
    found = {}
    for line in out.splitlines():
        match = re.match(r"([a-z][\w.= ]*?)((?:\s+[\d.,]+)+)$", line)
        if match:
            found[match[1].strip()] = [float(number.replace(",", "")) for number in match[2].split()]
    return found


def test_files_are_timed_by_stage_and_by_way_of_reading(segladder, tmp_path):
    root = draw_threads(tmp_path / "set", counts={"train": 8, "val": 2})
    ran = segladder(
        "bench",
        "data",
        "data=folder",
        f"data.root={root}",
        "data.label_map={0: 0, 255: 1}",
        "data.batch_size=4",
        f"data.cache_dir={tmp_path / 'caches'}",
        "augment=standard",
        "augment.crop=[32,32]",
        "seconds=0.02",
    )
    assert ran.code == 0, ran.text
    found = rows(ran.out)
    stages = ("decode", "geometry", "jitter", "collate")
    for stage in (*stages, "all"):
        milliseconds, speed = found[stage]
        # printed to a microsecond
        assert milliseconds > 0 and 1000 / (milliseconds + 0.0006) - 1 <= speed <= 1000 / (milliseconds - 0.0006) + 1
    assert found["all"][0] == pytest.approx(sum(found[stage][0] for stage in stages), abs=0.003)
    for cache in CACHES:
        assert len(found[f"data.cache={cache}"]) == 4 and min(found[f"data.cache={cache}"]) > 0
    assert "8 of 8 training images, data.batch_size=4" in ran.out
    slowest = max(stages, key=lambda stage: found[stage][0])
    assert f"The slowest stage is '{slowest}'" in ran.out
    assert re.search(r"Fastest here: data\.cache=\w+ data\.num_workers=\d, ", ran.out)
    assert not (tmp_path / "caches").exists() and "Warning" not in ran.text
    assert "0 workers    1 worker   2 workers" in ran.out


def test_a_folder_that_cannot_hold_a_cache_is_told_before_anything_is_timed(segladder, tmp_path):
    root = draw_threads(tmp_path / "set", counts={"train": 8, "val": 2})
    (tmp_path / "file").write_text("")
    words = ("data=folder", f"data.root={root}", "data.label_map={0: 0, 255: 1}", "augment=standard")
    words = (*words, "augment.crop=[32,32]", f"data.cache_dir={tmp_path / 'file' / 'caches'}")
    ran = segladder("bench", "data", *words)
    assert ran.code == 1 and "/file/caches' cannot hold a cache (Not a directory). Choose another" in ran.err
    assert not ran.out


def test_drawn_images_have_no_cache_and_objects_are_timed_too(segladder):
    ran = segladder("bench", "data", "data=disks", "data.counts.train=64", "seconds=0.02", "task=instance")
    assert ran.code == 0, ran.text
    assert set(rows(ran.out)) == {"draw images", "collate", "all", "data.cache=false"}


def test_what_a_training_would_refuse_is_refused_before_anything_is_timed(segladder, tmp_path):
    root = draw_cells(tmp_path / "cells")
    words = ("data=folder", f"data.root={root}", "task=instance", f"data.cache_dir={tmp_path / 'caches'}")
    ran = segladder("bench", "data", *words)
    assert ran.code == 1 and "data.batch_size=8 is more than the 6 training samples" in ran.err and not ran.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("data=disks", "seconds=none"), "seconds=none is no time to measure for. Give a number above 0, up to 600."),
        (("data=disks", "seconds=0"), "seconds=0 is no time"),
        (("data=disks", "model=unet"), "'model=unet' has no effect on segladder bench data"),
        (("data",), "'data' is no setting. Write key=value"),
        (("data=disks", "data.counts.train=0"), "There is no training split"),
        (("data=disk",), "disks"),
        (("data=disks", "+data.prefetch=0"), "data.prefetch is 0. Give a whole number of batches"),
        (("data=disks", "+data.cache_dir="), "data.cache_dir is ''. Give the path of a folder"),
    ],
)
def test_mistakes_are_sentences(segladder, words, hint):
    ran = segladder("bench", "data", *words)
    assert ran.code == 1 and hint in ran.err and "Traceback" not in ran.err


def test_help_says_what_is_measured(segladder):
    ran = segladder("bench", "data", "--help")
    assert ran.code == 0 and "geometry" in ran.out and "seconds=1" in ran.out
