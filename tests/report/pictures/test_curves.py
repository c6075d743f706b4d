"""Learning curves: from the files of runs to a line and a band over seeds."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.pictures.curves import band, learning_curves, read_curves
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.pictures.style import WIDTH


def curve(steps, values):
    return np.array(steps, dtype=float), np.array(values, dtype=float)


def test_a_band_reaches_from_the_lowest_to_the_highest_run():
    values = np.random.default_rng(0).random((3, 5))
    found = band([curve([1, 2, 3, 4, 5], row) for row in values])
    np.testing.assert_allclose(found.mean, values.mean(0))
    np.testing.assert_array_equal(found.low, values.min(0))
    np.testing.assert_array_equal(found.high, values.max(0))
    assert found.runs == 3


def test_runs_measured_at_different_steps_meet_on_the_range_that_all_have():
    found = band([curve([0, 10, 20], [0, 1, 2]), curve([5, 15], [1, 1])])
    assert found.steps.tolist() == [5, 10, 15]
    np.testing.assert_allclose(found.mean, [(0.5 + 1) / 2, 1, (1.5 + 1) / 2])
    assert band([curve([0, 1], [0, 1]), curve([5, 6], [0, 1])]) is None
    assert band([]) is None


def test_a_file_is_read_by_steps_done_and_what_is_no_number_is_left_out(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(
        "step,epoch,val/miou,train/loss\n9,0,,1.5\n9,0,0.25,\n19,0,nan,x\n29,1,0.5,1e-1\n29,1,0.75,\n,,1,1\n"
    )
    found = read_curves(path, ("val/miou", "train/loss", "val/other"))
    assert set(found) == {"val/miou", "train/loss"}
    assert found["val/miou"][0].tolist() == [10, 30] and found["val/miou"][1].tolist() == [0.25, 0.75]
    assert found["train/loss"][0].tolist() == [10, 30] and found["train/loss"][1].tolist() == [1.5, 0.1]
    path.write_bytes(b"step\x00\xff,val/miou\n1,\x00\n")
    assert read_curves(path, ("val/miou",)) == {}
    assert read_curves(tmp_path / "none.csv", ("val/miou",)) == {}


def test_lines_and_bands_of_a_board_are_those_of_its_files(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    picture = styled(learning_curves, board())
    score, loss = picture.figure.axes
    assert score.get_ylabel() == "val miou" and loss.get_ylabel() == "train loss"
    assert [line.get_label() for line in score.lines] == ["dice", "ce"]
    for axes, column in ((score, "val/miou"), (loss, "train/loss")):
        for line, filled, of in zip(axes.lines, axes.collections, (paths[3:], paths[:3]), strict=True):
            tables = [np.genfromtxt(path / "metrics.csv", delimiter=",", names=True, deletechars="") for path in of]
            rows = np.stack([table[column][np.isfinite(table[column])] for table in tables])
            steps = tables[0]["step"][np.isfinite(tables[0][column])] + 1
            np.testing.assert_allclose(line.get_xdata(), steps)
            np.testing.assert_allclose(line.get_ydata(), rows.mean(0))
            corners = filled.get_paths()[0].vertices
            for step, low, high in zip(steps, rows.min(0), rows.max(0), strict=True):
                at = corners[corners[:, 0] == step, 1]
                assert at.min() == pytest.approx(low) and at.max() == pytest.approx(high)
    assert "from the lowest to the highest seed" in picture.caption
    assert "Losses of different kinds" in picture.caption


def test_of_one_seed_there_is_no_band(runs, board, styled):
    draw_run(runs)
    picture = styled(learning_curves, board())
    assert not picture.figure.axes[0].collections and "of one seed each." in picture.caption


def test_the_first_ten_methods_are_drawn_and_the_cut_is_told(runs, board, styled):
    draw_sweep(runs, methods={f"loss{i:02}": 0.05 + 0.02 * i for i in range(12)}, seeds=(1,))
    found = board()
    picture = styled(learning_curves, found)
    names = [place.method.settings["loss"] for place in found.places[:10]]
    assert [line.get_label() for line in picture.figure.axes[0].lines] == names
    assert "The first 10 of 12 methods by rank." in picture.caption
    looks = {(line.get_color(), line.get_linestyle()) for line in picture.figure.axes[0].lines}
    assert len(looks) == 10


def test_runs_validated_once_have_the_curve_of_their_loss_alone(runs, board, styled):
    path = draw_run(runs) / "metrics.csv"
    path.write_text("step,epoch,val/miou,train/loss\n9,0,,1.0\n19,0,,0.5\n19,0,0.9,\n")
    picture = styled(learning_curves, board())
    (axes,) = picture.figure.axes
    assert axes.get_ylabel() == "train loss" and axes.lines[0].get_xdata().tolist() == [10, 20]
    assert "validated once" in picture.caption


def test_runs_without_curves_have_no_picture(runs, board, styled):
    path = draw_run(runs) / "metrics.csv"
    path.write_text("step,epoch,val/miou,train/loss\n9,0,0.5,1.0\n")
    with pytest.raises(NothingToDraw, match=r"no metrics\.csv has more than one value"):
        styled(learning_curves, board())
    path.unlink()
    with pytest.raises(NothingToDraw):
        styled(learning_curves, board())


def test_a_method_whose_runs_share_no_steps_is_told(runs, board, styled):
    one, two = (draw_run(runs, loss="dice", seed=seed) for seed in (1, 2))
    (one / "metrics.csv").write_text("step,val/miou\n1,0.1\n2,0.2\n")
    (two / "metrics.csv").write_text("step,val/miou\n11,0.1\n12,0.2\n")
    draw_run(runs, loss="ce")
    assert "share no range of steps: dice." in styled(learning_curves, board()).caption


def test_long_curves_are_thinned_to_means_of_neighbours(runs, board, styled):
    values = np.random.default_rng(0).random(4000)
    path = draw_run(runs) / "metrics.csv"
    path.write_text("step,train/loss\n" + "".join(f"{i},{value!r}\n" for i, value in enumerate(values.tolist())))
    (line,) = styled(learning_curves, board()).figure.axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), values.reshape(-1, 10).mean(1))
    np.testing.assert_allclose(line.get_xdata(), np.arange(1, 4001).reshape(-1, 10).mean(1))


def test_a_key_of_long_names_is_within_the_picture(runs, board, styled):
    names = [f"smp_deeplabv3plus_with_a_very_long_name_variant{index}_of_many_more" for index in range(10)]
    draw_sweep(runs, methods={name: 0.1 + 0.01 * index for index, name in enumerate(names)}, by="model", seeds=(1,))
    picture = styled(learning_curves, board())
    figure = picture.figure
    figure.canvas.draw()
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert len(set(shown)) == 10 and all("…" in text for text in shown)
    assert figure.get_figwidth() <= WIDTH
    assert figure.bbox.x0 <= legend.get_window_extent().x0 and legend.get_window_extent().x1 <= figure.bbox.x1
    assert picture.caption.endswith("Names are cut; the leaderboard has them in full, in the same order.")


def test_a_legend_of_long_names_stays_inside_the_picture_and_steps_are_whole(runs, board, styled):
    for number, backbone in enumerate(("resnet18", "efficientnet_b0.ra_in1k", "mobilenet_v3")):
        for epochs in (2, 3):
            path = draw_run(
                runs, model="deeplabv3plus", backbone=backbone, miss=0.1 + 0.05 * number,
                overrides=[f"trainer.max_epochs={epochs}", "trainer.accumulate_grad_batches=2"],
            )  # fmt: skip
            (path / "metrics.csv").write_text("step,epoch,val/miou,train/loss\n1,0,0.5,1\n2,0,0.6,0.5\n3,1,0.7,0.4\n")
    figure = styled(learning_curves, board()).figure
    figure.canvas.draw()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0
    assert len({text.get_text() for text in legend.get_texts()}) == 6
    ticks = [tick for axes in figure.axes for tick in axes.get_xticks()]
    assert ticks and all(float(tick).is_integer() for tick in ticks)
