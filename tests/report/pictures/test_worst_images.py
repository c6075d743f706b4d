"""The worst images over all methods: which they are, and each method's score on them."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.metrics.per_image import write_arrays
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.pictures.worst_images import worst_images


def image_ious(path):
    """Image -> mean IoU over the classes in it, one pixel count at a time."""
    with np.load(path / "per_image.npz") as arrays:
        found = {}
        for name, tp, fp, fn in zip(*(arrays[key] for key in ("image_id", "tp", "fp", "fn")), strict=True):
            values = [t / (t + p + n) for t, p, n in zip(tp, fp, fn, strict=True) if t + p + n]
            found[str(name)] = np.mean(values) if values else np.nan
    return found


def cells(picture):
    axes = picture.figure.axes[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    return np.ma.filled(axes.images[0].get_array().astype(float), np.nan), rows, columns


def test_images_are_those_with_the_lowest_mean_over_methods(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    by_run = [image_ious(path) for path in paths]
    of_method = [
        {name: np.mean([run[name] for run in part]) for name in by_run[0]} for part in (by_run[3:], by_run[:3])
    ]
    mean = {name: np.mean([one[name] for one in of_method]) for name in by_run[0]}
    picture = styled(worst_images, board(), images=5)
    values, rows, columns = cells(picture)
    assert rows == sorted(mean, key=mean.__getitem__)[:5] and columns == ["dice", "ce"]
    np.testing.assert_allclose(values, [[one[name] for one in of_method] for name in rows])
    assert "The 5 of 30 images" in picture.caption and rows[0] in picture.alt


def test_the_order_of_images_in_a_file_does_not_matter(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    before = cells(styled(worst_images, board()))
    with np.load(paths[2] / "per_image.npz") as file:
        turned = {k: v[::-1] if k in ("image_id", "tp", "fp", "fn") else v for k, v in file.items()}
    write_arrays(paths[2] / "per_image.npz", turned)
    after = cells(styled(worst_images, board()))
    np.testing.assert_allclose(before[0], after[0])
    assert before[1:] == after[1:]


def test_a_run_without_its_images_is_left_out_and_told(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    (paths[0] / "per_image.npz").unlink()
    picture = styled(worst_images, board())
    assert "1 run is left out" in picture.caption and "There is no" in picture.caption
    values, rows, _ = cells(picture)
    np.testing.assert_allclose(values[0, 1], np.mean([image_ious(path)[rows[0]] for path in paths[1:3]]))


def test_a_method_of_which_nothing_is_known_has_no_column(runs, board, styled):
    for path in draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})[:3]:
        (path / "per_image.npz").unlink()
    assert cells(styled(worst_images, board()))[2] == ["dice"]


def test_without_any_images_the_reason_is_told(runs, board, styled):
    for path in draw_sweep(runs, methods={"ce": 0.2}):
        (path / "per_image.npz").unlink()
    with pytest.raises(NothingToDraw, match=r"There is no '.*per_image\.npz'"):
        styled(worst_images, board())


def test_images_without_any_class_are_not_among_the_worst(runs, board, styled):
    (path,) = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,), images=4)
    with np.load(path / "per_image.npz") as file:
        arrays = dict(file)
    for name in ("tp", "fp", "fn"):
        arrays[name][1] = 0
    write_arrays(path / "per_image.npz", arrays)
    values, rows, _ = cells(styled(worst_images, board(resamples=0)))
    assert len(rows) == 3 and "image0001" not in rows and np.isfinite(values).all()


def test_objects_are_ranked_by_their_f1(runs, board, styled):
    path = draw_run(
        runs,
        task="instance",
        images=3,
        monitor={"name": "mask_ap", "mode": "max"},
        scores={"test": {"mask_ap": 0.4, "miou": 0.5}},
    )
    matched = np.zeros((4, 10), dtype=bool)
    matched[[0, 1], 0] = True
    found = {
        "kind": np.array("mask"),
        "truths": np.array([[0, 1, 0], [0, 2, 0], [0, 1, 0]]),
        "det_image": np.array([0, 1, 1, 2]),
        "det_class": np.array([1, 1, 1, 1]),
        "det_score": np.array([0.9, 0.9, 0.8, 0.7]),
        "det_matched": matched,
        "det_ignored": np.zeros((4, 10), dtype=bool),
    }
    with np.load(path / "per_image.npz") as file:
        write_arrays(path / "per_image.npz", dict(file) | found)
    picture = styled(worst_images, board(resamples=0))
    values, rows, _ = cells(picture)
    # 1 of 1, 1 of 2 with one too many, 0 of 1 with one too many
    assert rows == ["image0002", "image0001", "image0000"] and values[:, 0].tolist() == [0, 2 / 4, 1]
    assert "F1 of objects" in picture.caption
