"""Methods by classes: each cell the mean over seeds, undefined ones empty, too many classes cut with a word."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.pictures.class_scores import class_scores
from segladder.report.pictures.picture import NothingToDraw


def cells(picture):
    """The matrix shown, and the names of its columns and rows."""
    axes = picture.figure.axes[0]
    (image,) = axes.images
    columns = [label.get_text() for label in axes.get_xticklabels()]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    return np.ma.filled(image.get_array().astype(float), np.nan), columns, rows


def edit(path, change):
    record = json.loads((path / "result.json").read_text())
    change(record)
    (path / "result.json").write_text(json.dumps(record))


def test_a_cell_is_the_mean_over_seeds(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    values, columns, rows = cells(styled(class_scores, board()))
    assert columns == ["background", "disk", "ring"] and rows == ["dice", "ce"]
    of_runs = [json.loads((path / "result.json").read_text())["per_class"]["test"]["iou"] for path in paths]
    expected = np.array([[run[name] for name in columns] for run in of_runs])
    np.testing.assert_allclose(values, [expected[3:].mean(0), expected[:3].mean(0)])


def test_what_is_undefined_is_left_out_of_the_mean_and_empty_where_it_always_is(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1, 2))
    edit(paths[0], lambda record: record["per_class"]["test"]["iou"].update(disk=None, ring=None))
    edit(paths[1], lambda record: record["per_class"]["test"]["iou"].update(disk=0.5, ring=None))
    for path in paths:
        edit(path, lambda record: record["per_class"]["test"]["iou"].update(absent=None))
    picture = styled(class_scores, board())
    values, columns, _ = cells(picture)
    assert columns == ["background", "disk", "ring"] and "1 class does not occur." in picture.caption
    assert values[1, 1] == 0.5 and np.isnan(values[1, 2]) and np.isfinite(values[0]).all()
    texts = [text.get_text() for text in picture.figure.axes[0].texts]
    assert len(texts) == 5 and "50.0" in texts


def test_of_many_classes_those_stay_on_which_methods_differ_most(runs, board, styled):
    names = [f"class{index:03}" for index in range(150)]
    draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,), classes=names, images=6)
    found = board()
    picture = styled(class_scores, found)
    values, columns, _ = cells(picture)
    scores = [place.method.runs[0].per_class["test"]["iou"] for place in found.places]
    spread = {name: abs(scores[0][name] - scores[1][name]) for name in names}
    assert set(columns) == set(sorted(names, key=lambda name: -spread[name])[:40]) and columns == sorted(columns)
    assert values.shape == (2, 40) and "Of 150 classes the 40 on which the methods differ most." in picture.caption


def test_one_class_and_one_method_are_a_picture_too(runs, board, styled):
    draw_run(runs, classes=("thing",), seed=1)
    values, columns, rows = cells(styled(class_scores, board()))
    assert values.shape == (1, 1) and columns == ["thing"] and rows == ["unet ce"]


def test_objects_are_shown_by_their_average_precision(runs, board, styled):
    for loss, ap in (("ce", 0.3), ("dice", 0.4)):
        path = draw_run(runs, loss=loss, task="instance", monitor={"name": "mask_ap", "mode": "max"})
        edit(path, lambda record, ap=ap: record["scores"]["test"].update(mask_ap=ap))
        edit(path, lambda record, ap=ap: record["per_class"]["test"].update(mask_ap={"disk": ap, "ring": None}))
    found = board()
    assert found.task == "objects"
    picture = styled(class_scores, found)
    values, columns, _ = cells(picture)
    assert (
        columns == ["disk"]
        and values[:, 0].tolist() == [0.4, 0.3]
        and picture.caption.startswith("Mask AP of each class")
    )


def test_records_without_scores_of_classes_have_no_picture(runs, board, styled):
    path = draw_run(runs)
    edit(path, lambda record: record.update(per_class={}))
    with pytest.raises(NothingToDraw, match="no record holds scores of single classes"):
        styled(class_scores, board())
    edit(path, lambda record: record.update(per_class={"test": {"iou": {"disk": None}}}))
    with pytest.raises(NothingToDraw, match="undefined in every run"):
        styled(class_scores, board())
