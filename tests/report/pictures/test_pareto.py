"""Score against cost: the front is the undominated methods, and no name covers another."""

from __future__ import annotations

import itertools
import json
import random

import numpy as np
import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.boards.board import share_interval
from segladder.report.pictures.names import names_of
from segladder.report.pictures.pareto import COSTS, FRONT, front, pareto
from segladder.report.pictures.picture import NothingToDraw

LATENCY, PARAMETERS, FLOPS, SPEED = COSTS


def beaten(mine, other, less_cost, less_score):
    """Whether `other` is at least as good in both and better in one."""
    cost = (other[0] - mine[0]) * (-1 if less_cost else 1)
    score = (other[1] - mine[1]) * (-1 if less_score else 1)
    return cost >= 0 and score >= 0 and (cost > 0 or score > 0)


@pytest.mark.parametrize("less_cost", [True, False])
@pytest.mark.parametrize("less_score", [True, False])
def test_the_front_is_what_nothing_beats(less_cost, less_score):
    rng = random.Random(3)
    for _ in range(60):
        # few values, so that there are ties
        points = [(rng.randint(1, 5), rng.randint(1, 5)) for _ in range(rng.randint(1, 9))]
        expected = {
            i for i, mine in enumerate(points) if not any(beaten(mine, o, less_cost, less_score) for o in points)
        }
        costs, scores = zip(*points, strict=True)
        got = front(costs, scores, less_cost=less_cost, less_score=less_score)
        assert set(got) == expected and len(got) == len(expected)
        along = [costs[index] if less_cost else -costs[index] for index in got]
        assert along == sorted(along)


def draw_models(runs, models):
    """Runs of models: name -> (share of pixels missed, parameters, operations, images a second)."""
    for model, (miss, parameters, flops, speed) in models.items():
        for seed in (1, 2, 3):
            path = draw_run(runs, model=model, seed=seed, miss=miss)
            changed(path, "model", parameters=parameters, flops=flops, latency_ms=1000 / speed)
            changed(path, "time", images_per_second=speed)


def changed(path, part, **values):
    """Of a run's record."""
    record = json.loads((path / "result.json").read_text())
    record[part] |= values
    (path / "result.json").write_text(json.dumps(record))


MODELS = {
    "small": (0.3, 1e6, 1e9, 900.0),
    "middle": (0.2, 5e6, 9e9, 400.0),
    "wasteful": (0.25, 9e6, 9.5e9, 300.0),
    "large": (0.1, 40e6, 90e9, 100.0),
}


def line_of_the_front(axes):
    (line,) = [line for line in axes.lines if line.get_gid() == FRONT]
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def bars(axes):
    return [tuple(map(tuple, ends)) for some in axes.collections for ends in some.get_segments()]


def dots(axes):
    """The points, in pixels."""
    lines = [line for line in axes.lines if line.get_marker() == "o"]
    return axes.transData.transform([point for line in lines for point in line.get_xydata()])


@pytest.mark.parametrize(
    ("cost", "label", "costs"),
    [
        (LATENCY, "latency of one image, ms", {name: 1000 / of[3] for name, of in MODELS.items()}),
        (PARAMETERS, "parameters, millions", {name: of[1] / 1e6 for name, of in MODELS.items()}),
        (FLOPS, "GFLOP per image", {name: of[2] / 1e9 for name, of in MODELS.items()}),
        (SPEED, "images/s in training", {name: of[3] for name, of in MODELS.items()}),
    ],
)
def test_each_cost_has_a_picture_with_its_front(runs, board, styled, cost, label, costs):
    draw_models(runs, MODELS)
    found = board()
    picture = styled(pareto, found, cost)
    (axes,) = picture.figure.axes
    assert axes.get_xlabel() == label and picture.kind == f"pareto-{cost.kind}"
    means = {place.method.settings["model"]: place.estimate.value for place in found.places}
    points = line_of_the_front(axes)
    assert points[:3] == [pytest.approx((costs[name], means[name])) for name in ("small", "middle", "large")]
    # from the best on the line goes to where costs are high: right, or left for speeds
    end, last = points[3]
    assert last == points[2][1] and (end < points[2][0] if cost is SPEED else end > points[2][0])
    assert "large" in picture.alt and "wasteful" not in picture.alt


def test_bars_are_the_intervals_of_the_means(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    drawn = bars(styled(pareto, found, PARAMETERS).figure.axes[0])
    assert len(drawn) == 4
    for place in found.places:
        assert any((low[1], high[1]) == pytest.approx(place.estimate.interval()) for low, high in drawn)


def test_bars_and_axis_of_a_share_end_where_shares_end(runs, board, styled):
    # seeds far apart near 1: the interval of the mean reaches beyond
    for model, misses in {"a": (0.001, 0.03), "bb": (0.002, 0.04)}.items():
        for seed, miss in enumerate(misses):
            draw_run(runs, model=model, seed=seed, miss=miss)
    found = board()
    assert all(place.estimate.interval()[1] > 1 for place in found.places)
    (axes,) = styled(pareto, found, PARAMETERS).figure.axes
    ends = sorted((low[1], high[1]) for low, high in bars(axes))
    assert ends == [pytest.approx(share_interval(place.estimate, "miou")) for place in reversed(found.places)]
    assert max(high for _, high in ends) == 1.0
    assert 1.0 < axes.get_ylim()[1] < 1.1 and axes.get_ylim()[0] > -0.1


SAYS = {
    "latency": "the methods differ by less than 10 % in it",
    "parameters": "the methods do not differ in it",
    "speed": r"the methods differ by less than 25 % in it \(100\.\d to 100\.\d\)",
}


def test_a_cost_in_which_methods_do_not_differ_has_no_picture(runs, board, styled):
    draw_models(runs, {name: (miss, 1e6, flops, 100.0 + miss) for name, (miss, _, flops, _) in MODELS.items()})
    found = board()
    for cost in (LATENCY, PARAMETERS, SPEED):
        with pytest.raises(NothingToDraw, match=SAYS[cost.kind]):
            styled(pareto, found, cost)
    assert styled(pareto, found, FLOPS).figure.axes


def test_a_latency_that_nobody_measured_is_told_with_how_to_get_it(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2})
    with pytest.raises(NothingToDraw, match=r"latency .*: no record holds it\. A search with latency"):
        styled(pareto, board(), LATENCY)


@pytest.mark.parametrize("damaged", [None, "12 ms", [3], True, float("nan"), float("inf"), -4.0, 0, 10**400])
def test_a_damaged_cost_is_as_one_that_is_missing(runs, board, styled, damaged):
    draw_models(runs, MODELS)
    for path in runs.glob("study/disks-wasteful-*"):
        changed(path, "model", latency_ms=damaged)
    found = board()
    picture = styled(pareto, found, LATENCY)
    assert len(dots(picture.figure.axes[0])) == 3
    assert "It is not known of 1 of 4 methods." in picture.caption


@pytest.mark.parametrize("cost", [LATENCY, SPEED])
def test_times_on_different_devices_are_not_compared(runs, board, styled, cost):
    draw_models(runs, MODELS)
    for path in runs.glob("study/disks-small-*"):
        changed(path, "environment", devices=["a fast one"])
    found = board()
    with pytest.raises(NothingToDraw, match=r"different devices \(a fast one, a processor\)"):
        styled(pareto, found, cost)
    assert styled(pareto, found, PARAMETERS).figure.axes


def test_times_of_several_machines_with_one_device_are_told(runs, board, styled):
    draw_models(runs, MODELS)
    assert "Measured on a processor." in styled(pareto, board(), LATENCY).caption
    for number, path in enumerate(sorted(runs.glob("study/*"))):
        changed(path, "environment", host=f"node{number % 3}")
    assert "Measured on a processor of 3 machines." in styled(pareto, board(), LATENCY).caption


def crowd(count, *, spread=0.5):
    rng = np.random.default_rng(count)
    sizes = np.exp(rng.normal(16, spread, count))
    return {f"model{i}": (0.1 + 0.1 * rng.random(), sizes[i], sizes[i] * 100, 100.0) for i in range(count)}


@pytest.mark.parametrize("count", [4, 12, 40])
def test_no_name_covers_another_or_a_point_or_leaves_its_panel(runs, board, styled, count):
    draw_models(runs, crowd(count))
    (axes,) = styled(pareto, board(), PARAMETERS).figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == count
    frame = axes.get_window_extent()
    for box in boxes:
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        assert not any(box.contains(*point) for point in dots(axes))
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("count", [4, 12, 40])
def test_a_name_without_a_line_to_it_is_nearest_to_its_own_point(runs, board, styled, count):
    draw_models(runs, crowd(count, spread=0.1))
    (axes,) = styled(pareto, board(), PARAMETERS).figure.axes
    led = axes.transData.transform(
        [line.get_xydata()[0] for line in axes.lines if line.get_gid() == "leader"] or [(0, 0)]
    )
    for text in axes.texts:
        own = axes.transData.transform(text.xy)
        if np.hypot(*(led - own).T).min() < 0.5:
            continue
        box = text.get_window_extent()
        off = np.hypot(
            np.maximum(0, np.maximum(box.x0 - dots(axes)[:, 0], dots(axes)[:, 0] - box.x1)),
            np.maximum(0, np.maximum(box.y0 - dots(axes)[:, 1], dots(axes)[:, 1] - box.y1)),
        )
        nearest = dots(axes)[off.argmin()]
        assert nearest == pytest.approx(own, abs=0.5)


def test_lines_to_names_pass_no_other_point(runs, board, styled):
    # scores close together at one cost: points upon points
    models = {f"model{i}": (0.1 + 0.0008 * i, 1e6, 1e9, 100.0) for i in range(5)}
    draw_models(runs, models | {"far": (0.3, 9e6, 1e9, 100.0)})
    (axes,) = styled(pareto, board(), PARAMETERS).figure.axes
    lines = [line for line in axes.lines if line.get_gid() == "leader" and len(line.get_xdata()) == 2]
    assert lines, "points that share their place have names with lines"
    for line in lines:
        start, end = axes.transData.transform(line.get_xydata())
        for dot in dots(axes):
            if np.hypot(*(dot - start)) < 0.5:
                continue
            along = np.clip(np.dot(dot - start, end - start) / np.dot(end - start, end - start), 0, 1)
            off = np.hypot(*(start + along * (end - start) - dot))
            assert off >= 0.7 * min(12.0, np.hypot(*(dot - start)))


def key_of(figure):
    """The list below a plot: number -> name."""
    texts = [text.get_text() for text in figure.texts]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def test_of_many_methods_points_bear_their_lines_in_the_leaderboard(runs, board, styled):
    draw_models(runs, crowd(30))
    found = board()
    picture = styled(pareto, found, PARAMETERS)
    key = key_of(picture.figure)
    assert key == {str(line): name for line, name in enumerate(names_of(found.places), start=1)}
    assert "Numbers are lines of the leaderboard." in picture.caption
    (axes,) = picture.figure.axes
    for text in axes.texts:
        place = found.places[int(text.get_text()) - 1]
        assert text.xy[1] == pytest.approx(place.estimate.value)
    # the list stands below the plot and within the figure
    bottom = axes.get_tightbbox().y0
    for text in picture.figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= picture.figure.bbox.x1 and box.y0 >= 0 and box.y1 <= bottom


def test_of_too_many_methods_the_front_and_the_best_are_named_and_the_rest_is_told(runs, board, styled):
    models = {f"model{i:02}": (0.1 + 0.002 * i, 1e6 * (1 + 0.01 * i), 1e9, 100.0) for i in range(45)}
    draw_models(runs, models)
    picture = styled(pareto, board(), PARAMETERS)
    key = key_of(picture.figure)
    assert key["1"] == "model00" and 1 < len(key) <= 20
    assert f"{45 - len(key)} of 45 points have none" in picture.caption


def test_costs_far_apart_stand_on_a_logarithmic_axis_with_plain_numbers(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    figure = styled(pareto, found, PARAMETERS).figure
    assert figure.axes[0].get_xscale() == "log"
    assert styled(pareto, found, SPEED).figure.axes[0].get_xscale() == "linear"
    figure.draw_without_rendering()
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "10" in shown and not any("$" in text for text in shown)


def test_scores_that_are_to_be_low_have_the_front_below(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    found.minimised = True
    heights = {y for _, y in line_of_the_front(styled(pareto, found, PARAMETERS).figure.axes[0])}
    assert len(heights) == 1, "the smallest model has the lowest score: nothing else is worth its cost"
