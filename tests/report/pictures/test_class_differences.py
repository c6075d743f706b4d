"""Two methods class by class: values, intervals and order as of their counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drawn_runs import draw_object_run, draw_run, draw_sweep
from segladder.metrics.match_table import average_precision
from segladder.metrics.per_image import read_arrays
from segladder.report.boards.ablation import ablation
from segladder.report.pictures.class_differences import class_differences, differences_of
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.pictures.style import BLUE, VERMILION
from segladder.report.statistics.uncertainty import Sample, difference_of


def ious(path, images):
    """Each class's IoU on a choice of images."""
    with np.load(path / "per_image.npz") as arrays:
        tp, fp, fn = (arrays[name][images].sum(0) for name in ("tp", "fp", "fn"))
    return tp / (tp + fp + fn)


def test_values_are_differences_of_means_and_intervals_hold_seeds_and_images(runs, board):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.15})
    found = board()
    got, over = differences_of(found, found.places[0], found.places[1], resamples=800)
    assert over == "over seeds and test images"
    every = np.arange(30)
    whole = np.stack([ious(path, every) for path in paths])
    rng = np.random.default_rng(99)
    drawn = [rng.integers(0, 30, 30) for _ in range(800)]
    moved = np.array([[ious(path, images) for path in paths] for images in drawn])
    for index, one in enumerate(got):
        assert one.name == ("background", "disk", "ring")[index]
        assert one.estimate.value == pytest.approx(whole[3:, index].mean() - whole[:3, index].mean())
        ours, theirs = (
            Sample.of(list(whole[part, index]), moved[:, part, index], images=30) for part in (slice(3, 6), slice(0, 3))
        )
        # other draws of as many images: the interval is the same but for chance
        assert one.estimate.error == pytest.approx(difference_of(ours, theirs).error, rel=0.1)
        assert one.estimate.complete


def bars(picture):
    """(class, value, colour, opacity, interval) from top to bottom."""
    axes = picture.figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    lines = {line.get_ydata()[0]: tuple(line.get_xdata()) for line in axes.lines if len(set(line.get_ydata())) == 1}
    return [
        (name, bar.get_width(), bar.get_facecolor(), lines.get(row))
        for row, (name, bar) in enumerate(zip(names, axes.patches, strict=True))
    ]


def test_bars_are_sorted_coloured_by_side_and_pale_where_zero_is_possible(runs, board, styled):
    from matplotlib.colors import to_rgb

    draw_sweep(runs, methods={"ce": 0.12, "dice": 0.12}, classes=("road", "sky", "car", "tree", "pole", "sign"))
    found = board()
    picture = styled(class_differences, found, resamples=300)
    expected, _ = differences_of(found, *found.places, resamples=300)
    rows = bars(picture)
    assert [row[1] for row in rows] == sorted((one.estimate.value for one in expected), reverse=True)
    by_name = {one.name: one for one in expected}
    for name, value, color, interval in rows:
        assert value == pytest.approx(by_name[name].estimate.value)
        assert interval == pytest.approx(by_name[name].estimate.interval())
        assert color[:3] == pytest.approx(to_rgb(BLUE if value > 0 else VERMILION))
        assert (color[3] == 1.0) == (interval[0] > 0 or interval[1] < 0)
    assert f"{found.places[0].method.label} less {found.places[1].method.label}" in picture.caption


def test_the_other_method_is_an_ablations_baseline_where_there_is_one(runs, board, styled):
    draw_sweep(runs, methods={"focal": 0.4, "ce": 0.2, "dice": 0.1})
    found = board()
    assert "dice less ce" in styled(class_differences, found).caption
    table = ablation(found, baseline="focal")
    assert "dice less focal" in styled(class_differences, found, table).caption
    # the best is no baseline of itself
    table = ablation(found, baseline="dice")
    assert "dice less ce" in styled(class_differences, found, table).caption


def test_without_single_images_intervals_are_over_seeds_alone(runs, board):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    (paths[4] / "per_image.npz").unlink()
    found = board()
    got, over = differences_of(found, *found.places)
    assert over == "over seeds alone, as the single images of a run are not known"
    assert all(np.isnan(one.estimate.images_variance) for one in got)
    records = [json.loads((path / "result.json").read_text())["per_class"]["test"]["iou"] for path in paths]
    for one in got:
        ours, theirs = ([record[one.name] for record in part] for part in (records[3:], records[:3]))
        assert one.estimate.value == pytest.approx(np.mean(ours) - np.mean(theirs))
        assert one.estimate.seeds_variance == pytest.approx(np.var(ours, ddof=1) / 3 + np.var(theirs, ddof=1) / 3)


def test_of_objects_intervals_hold_seeds_and_images_by_their_matches(runs, board):
    paths = [
        draw_object_run(runs, loss=loss, good=good, seed=s)
        for loss, good in (("ce", 0.2), ("dice", 0.5))
        for s in (1, 2, 3)
    ]
    found = board(resamples=300)
    got, over = differences_of(found, *found.places)
    assert over == "over seeds and test images" and [one.name for one in got] == ["background", "disk", "ring"]
    tables = [read_arrays(path / "per_image.npz") for path in paths]
    rng = np.random.default_rng(7)
    drawn = [rng.integers(0, 30, 30) for _ in range(300)]
    moved = np.array([[average_precision(table, images)["ap"] for table in tables] for images in drawn])
    whole = np.stack([average_precision(table)["ap"] for table in tables])
    for index, one in enumerate(got):
        ours, theirs = (
            Sample.of(list(whole[part, index]), moved[:, part, index], images=30) for part in (slice(3, 6), slice(0, 3))
        )
        assert one.estimate.value == pytest.approx(difference_of(ours, theirs).value)
        assert one.estimate.complete
        assert one.estimate.error == pytest.approx(difference_of(ours, theirs).error, rel=0.15)


def test_why_there_are_no_image_intervals_is_said(runs, board):
    for loss in ("ce", "dice"):
        draw_object_run(runs, loss=loss)
    found = board(resamples=0)
    assert differences_of(found, *found.places)[1] == "over seeds alone, as resamples=0 leaves the test images out"
    found = board(resamples=100)
    found.metric = "mask_ap_small"
    for place in found.places:
        for run in place.method.runs:
            run.per_class["test"]["mask_ap_small"] = {"disk": 0.5}
    said = "over seeds alone, as the files of single images hold nothing that it follows from"
    assert differences_of(found, *found.places)[1] == said


def test_a_class_that_does_not_occur_is_left_out(runs, board):
    for path in draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}):
        with np.load(path / "per_image.npz") as file:
            arrays = dict(file)
        for name in ("tp", "fp", "fn"):
            arrays[name][:, 2] = 0
        np.savez(path / "per_image.npz", **arrays)
    found = board(resamples=0)
    got, _ = differences_of(found, *found.places)
    assert [one.name for one in got] == ["background", "disk"]


def test_one_method_has_no_difference_of_classes(runs, board, styled):
    draw_run(runs)
    with pytest.raises(NothingToDraw, match="one method alone"):
        styled(class_differences, board())


def test_of_many_classes_those_with_the_largest_differences_are_shown(runs, board, styled):
    names = [f"class{index:03}" for index in range(150)]
    draw_sweep(runs, methods={"ce": 0.2, "dice": 0.19}, classes=names, images=5)
    found = board()
    picture = styled(class_differences, found, resamples=100)
    expected, _ = differences_of(found, *found.places, resamples=100)
    rows = bars(picture)
    assert len(rows) == 40 and "Of 150 classes the 40 with the largest differences." in picture.caption
    largest = sorted((abs(one.estimate.value) for one in expected), reverse=True)[:40]
    assert sorted((abs(row[1]) for row in rows), reverse=True) == pytest.approx(largest)


def test_long_names_stand_apart_on_both_sides(runs, board, styled):
    names = [f"smp_deeplabv3plus_with_a_very_long_name_variant{index}_of_many_more" for index in (1, 2)]
    draw_sweep(runs, methods={names[0]: 0.1, names[1]: 0.2}, by="model")
    picture = styled(class_differences, board())
    figure = picture.figure
    figure.canvas.draw()
    left, right = (text.get_window_extent() for text in figure.axes[0].texts)
    assert figure.bbox.x0 <= left.x0 and left.x1 < right.x0 and right.x1 <= figure.bbox.x1
    assert all(name in picture.caption for name in names)
