"""Score against cost: the front is the undominated methods, and no name covers another."""

from __future__ import annotations

import itertools
import json
import random

import numpy as np
import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.pictures.pareto import front, pareto
from segladder.report.pictures.picture import NothingToDraw


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
            path = draw_run(runs, model=model, seed=seed, miss=miss) / "result.json"
            record = json.loads(path.read_text())
            record["model"] |= {"parameters": parameters, "flops": flops}
            record["time"]["images_per_second"] = speed
            path.write_text(json.dumps(record))


MODELS = {
    "small": (0.3, 1e6, 1e9, 900.0),
    "middle": (0.2, 5e6, 9e9, 400.0),
    "wasteful": (0.25, 9e6, 9.5e9, 300.0),
    "large": (0.1, 40e6, 90e9, 100.0),
}


def test_each_cost_that_differs_has_a_panel_with_its_front(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    picture = styled(pareto, found)
    labels = ["parameters, millions", "GFLOP per image", "images/s in training"]
    assert [axes.get_xlabel() for axes in picture.figure.axes] == labels
    means = {place.method.settings["model"]: place.estimate.value for place in found.places}
    for axes, unit, column in zip(picture.figure.axes, (1e6, 1e9, 1), (1, 2, 3), strict=True):
        (line,) = [line for line in axes.lines if line.get_gid() == "front"]
        points = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        expected = [(MODELS[name][column] / unit, means[name]) for name in ("small", "middle", "large")]
        assert points[:3] == [pytest.approx(point) for point in expected]
        # from the best on the line goes to where costs are high: right, or left for speeds
        end, last = points[3]
        assert last == points[2][1] and (end > points[2][0] if column < 3 else end < points[2][0])
    assert "large" in picture.alt and "wasteful" not in picture.alt


def test_bars_are_the_intervals_of_the_means(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    axes = styled(pareto, found).figure.axes[0]
    bars = {
        tuple(line.get_ydata())
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    }
    for place in found.places:
        assert any(bar == pytest.approx(place.estimate.interval()) for bar in bars)


def test_costs_in_which_methods_do_not_differ_have_no_panel(runs, board, styled):
    draw_models(runs, {name: (miss, 1e6, flops, 100.0 + miss) for name, (miss, _, flops, _) in MODELS.items()})
    picture = styled(pareto, board())
    assert [axes.get_xlabel() for axes in picture.figure.axes] == ["GFLOP per image"]


def test_methods_of_equal_cost_have_no_such_picture(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2})
    with pytest.raises(NothingToDraw, match="do not differ in parameters, operations or speed"):
        styled(pareto, board())


def test_speeds_on_different_devices_are_not_compared(runs, board, styled):
    draw_models(runs, MODELS)
    for path in runs.glob("study/disks-small-*/result.json"):
        record = json.loads(path.read_text())
        record["environment"]["devices"] = ["a fast one"]
        path.write_text(json.dumps(record))
    picture = styled(pareto, board())
    assert len(picture.figure.axes) == 2 and "different devices" in picture.caption


@pytest.mark.parametrize("count", [4, 12, 40])
def test_no_name_covers_another_or_leaves_its_panel(runs, board, styled, count):
    rng = np.random.default_rng(count)
    sizes = np.exp(rng.normal(16, 0.5, count))
    models = {f"model{i}": (0.1 + 0.1 * rng.random(), sizes[i], sizes[i] * 100, 100.0) for i in range(count)}
    draw_models(runs, models)
    figure = styled(pareto, board()).figure
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) >= min(count, 4)
        frame = axes.get_window_extent()
        points = [
            axes.transData.transform((line.get_xdata()[0], line.get_ydata()[0]))
            for line in axes.lines
            if line.get_marker() == "o"
        ]
        for box in boxes:
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            assert not any(box.contains(*point) for point in points)
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_where_there_is_no_room_the_front_is_named_and_the_rest_is_told(runs, board, styled):
    models = {f"model{i:02}": (0.1 + 0.002 * i, 1e6 * (1 + 0.01 * i), 1e9, 100.0) for i in range(40)}
    draw_models(runs, models)
    picture = styled(pareto, board())
    assert "model00" in {text.get_text() for text in picture.figure.axes[0].texts}
    assert "Where there was no room a method has no name" in picture.caption


def test_costs_far_apart_stand_on_a_logarithmic_axis_with_plain_numbers(runs, board, styled):
    draw_models(runs, MODELS)
    figure = styled(pareto, board()).figure
    assert figure.axes[0].get_xscale() == "log" and figure.axes[2].get_xscale() == "linear"
    figure.draw_without_rendering()
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "10" in shown and not any("$" in text for text in shown)


def test_scores_that_are_to_be_low_have_the_front_below(runs, board, styled):
    draw_models(runs, MODELS)
    found = board()
    found.minimised = True
    (line,) = [line for line in styled(pareto, found).figure.axes[0].lines if line.get_gid() == "front"]
    assert len(set(line.get_ydata())) == 1, "the smallest model has the lowest score: nothing else is worth its cost"
