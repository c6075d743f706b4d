"""Forest plots: each point, interval and verdict where the report has it."""

from __future__ import annotations

import math

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.boards.ablation import ablation
from segladder.report.boards.verdict import Verdict
from segladder.report.pictures.differences import LOOKS, Line, differences, reach_of
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.statistics.uncertainty import Estimate, difference_of


def drawn(figure):
    """Row -> (value, interval or None, colour, marker, its filling)."""
    (axes,) = figure.axes
    found = {}
    for line in axes.lines:
        x, y = line.get_xdata(), line.get_ydata()
        if line.get_marker() not in (None, "None"):
            found.setdefault(y[0], {})["point"] = (
                x[0],
                line.get_color(),
                line.get_marker(),
                line.get_markerfacecolor(),
            )
        elif len(set(y)) == 1:
            found.setdefault(y[0], {})["interval"] = tuple(x)
    return found


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_points_and_intervals_are_those_of_the_pairs_with_the_best(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.1, "focal": 0.4})
    found = board()
    picture = styled(differences, found)
    rows = drawn(picture.figure)
    assert len(rows) == 2
    for row, place in enumerate(found.places[1:]):
        expected = difference_of(place.sample, found.places[0].sample)
        assert rows[row]["point"][0] == pytest.approx(expected.value)
        assert rows[row]["interval"] == pytest.approx(expected.interval())
    assert labels(picture.figure) == [place.method.settings["loss"] for place in found.places[1:]]
    assert rows[1]["point"][1:] == LOOKS["worse"] and rows[0]["point"][1:] == LOOKS["undecided"]
    assert picture.alt.endswith("1 worse, 1 undecided.")
    assert any(list(line.get_xdata()) == [0, 0] for line in picture.figure.axes[0].lines)


def test_an_ablations_differences_are_to_its_baseline(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1, "focal": 0.4})
    found = board()
    table = ablation(found, baseline="ce")
    picture = styled(differences, found, table)
    assert labels(picture.figure) == ["dice", "focal"]
    rows = drawn(picture.figure)
    assert rows[0]["point"][1:] == LOOKS["better"] and rows[1]["point"][1:] == LOOKS["worse"]
    assert rows[0]["interval"] == pytest.approx(table.cells["dice", ""].difference.interval())
    assert "loss=ce" in picture.figure.axes[0].get_xlabel() and "loss=ce" in picture.caption


def test_an_ablation_of_two_keys_names_both(runs, board, styled):
    for model, miss in (("unet", 0.1), ("fcn", 0.3)):
        draw_sweep(runs, methods={"ce": miss, "dice": miss + 0.05}, model=model)
    found = board()
    table = ablation(found, rows="model", cols="loss")
    picture = styled(differences, found, table)
    assert labels(picture.figure) == ["unet · dice", "fcn · dice"]
    assert "loss=ce of the same model" in picture.caption


def test_of_one_seed_there_is_no_verdict_and_without_images_no_interval(runs, board, styled):
    for path in draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2}, seeds=(1,)):
        (path / "per_image.npz").unlink()
    found = board()
    picture = styled(differences, found)
    (row,) = drawn(picture.figure).values()
    assert "interval" not in row and row["point"][1:] == LOOKS[""]
    assert math.isnan(difference_of(found.places[1].sample, found.places[0].sample).interval()[0])
    assert "1 no verdict" in picture.alt


@pytest.mark.parametrize(
    ("seeds", "images", "told"),
    [
        ((1, 2), True, "intervals over seeds and test images;"),
        ((1,), True, "intervals over test images alone, as there is one seed;"),
        ((1, 2), False, "intervals over seeds alone, as nothing is known of single test images;"),
    ],
)
def test_the_caption_says_what_the_intervals_are_over(runs, board, styled, seeds, images, told):
    for path in draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2}, seeds=seeds):
        if not images:
            (path / "per_image.npz").unlink()
    assert told in styled(differences, board()).caption


def test_one_method_has_no_difference(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.1})
    with pytest.raises(NothingToDraw, match="one method alone"):
        styled(differences, board())


def test_of_many_methods_the_first_are_shown_and_the_cut_is_told(runs, board, styled):
    draw_sweep(runs, methods={f"loss{index}": 0.05 + 0.01 * index for index in range(45)}, seeds=(1,), images=4)
    picture = styled(differences, board())
    assert len(drawn(picture.figure)) == 40
    assert "The first 40 of 44 are shown." in picture.caption


def test_long_names_are_within_the_picture_and_in_full_in_the_caption(runs, board, styled):
    names = [f"smp_deeplabv3plus_with_a_very_long_name_variant{index}_of_many" for index in range(3)]
    draw_sweep(runs, methods={name: 0.1 * index for index, name in enumerate(names, start=1)}, by="model")
    picture = styled(differences, board())
    figure = picture.figure
    figure.canvas.draw()
    label = figure.axes[0].xaxis.label.get_window_extent()
    assert figure.bbox.x0 <= label.x0 and label.x1 <= figure.bbox.x1
    assert len(set(labels(figure))) == 2 and all("…" in text for text in labels(figure))
    assert all(name in picture.caption for name in names)


def line(value, low, high):
    estimate = Estimate(
        value=value, freedom=2.0, seeds_variance=0.0, images_variance=0.0, seed_terms=((0.0, 2),), seeds=(3, 3)
    )
    return Line(name="a", difference=estimate, verdict=Verdict(word="undecided"), interval=(low, high))


def test_an_interval_that_would_hide_the_others_is_left_out_of_the_axis():
    lines = [line(0.01, 0.0, 0.02), line(0.02, 0.01, 0.04), line(0.03, -1.0, 1.0)]
    assert reach_of(lines) == (0.0, 0.04)
    assert reach_of(lines[2:]) == (-1.0, 1.0), "alone it hides nothing"
    assert reach_of([line(0.0, math.nan, math.nan)]) == (-0.001, 0.001)


def test_wide_intervals_end_at_what_is_possible_and_have_arrow_heads(runs, board, styled):
    for loss, misses in (("ce", (0.1, 0.1)), ("dice", (0.11, 0.11)), ("focal", (0.12, 0.12)), ("odd", (0.2, 0.9))):
        for seed, miss in enumerate(misses):
            draw_run(runs, loss=loss, seed=seed, miss=miss)
    picture = styled(differences, board())
    (axes,) = picture.figure.axes
    heads = [found for found in axes.lines if found.get_gid() == "beyond"]
    assert {found.get_ydata()[0] for found in heads} == {2} and len(heads) == 2
    assert axes.get_xlim()[0] > -1 and axes.get_xlim()[1] < 1
    assert any("[−1.0000, " in text.get_text() for text in axes.texts)
    assert "An arrow head is where" in picture.caption
    assert "corrected" not in picture.caption, "of two seeds there is no verdict that could be"
