"""Confusion matrices: rows are shares of the true class's pixels, of all seeds together."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_runs import draw_sweep
from segladder.report.pictures.confusion import confusion, row_shares, summed
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.pictures.style import WIDTH


def matrices(picture):
    """The panels: title, matrix, names of the columns."""
    return [
        (
            axes.get_title(loc="left"),
            np.ma.filled(axes.images[0].get_array().astype(float), np.nan),
            [label.get_text() for label in axes.get_xticklabels()],
        )
        for axes in picture.figure.axes
        if axes.images
    ]


def test_panels_are_the_best_and_the_second_method_over_all_seeds(runs, board, styled, add_confusion):
    paths = draw_sweep(runs, methods={"focal": 0.4, "ce": 0.2, "dice": 0.1})
    whole = np.array([add_confusion(path) for path in paths]).reshape(3, 3, 3, 3).sum(1)
    picture = styled(confusion, board())
    (one, two) = matrices(picture)
    assert (one[0], two[0]) == ("dice", "ce") and one[2] == ["background", "disk", "ring"]
    np.testing.assert_allclose(one[1], whole[2] / whole[2].sum(1, keepdims=True))
    np.testing.assert_allclose(two[1], whole[1] / whole[1].sum(1, keepdims=True))
    np.testing.assert_allclose(one[1].sum(1), 1)


def test_runs_of_older_versions_have_no_picture_and_the_reason_is_told(runs, board, styled, add_confusion):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1})
    with pytest.raises(NothingToDraw, match="scored by an older version"):
        styled(confusion, board())
    # one seed of three is no method's matrix
    add_confusion(paths[0])
    with pytest.raises(NothingToDraw, match="scored by an older version"):
        styled(confusion, board())
    for path in paths[1:3]:
        add_confusion(path)
    picture = styled(confusion, board())
    assert [title for title, *_ in matrices(picture)] == ["ce"]
    assert "There is no matrix of dice." in picture.caption


def test_missing_files_are_the_reason(runs, board, styled):
    for path in draw_sweep(runs, methods={"ce": 0.2}):
        (path / "per_image.npz").unlink()
    with pytest.raises(NothingToDraw, match=r"There is no '.*per_image\.npz'"):
        styled(confusion, board())


def test_pixels_of_no_class_have_a_column_where_there_are_any(runs, board, styled, add_confusion):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,))
    plain, with_none = add_confusion(paths[0]), add_confusion(paths[1], none=500)
    first, second = matrices(styled(confusion, board()))
    assert first[2] == second[2] == ["background", "disk", "ring", "no class"]
    np.testing.assert_allclose(first[1], with_none / with_none.sum(1, keepdims=True))
    np.testing.assert_allclose(second[1][:, :3], plain / plain.sum(1, keepdims=True))
    assert (second[1][:, 3] == 0).all()


def test_of_many_classes_those_stay_that_are_missed_most(runs, board, styled, add_confusion):
    names = [f"class{index:03}" for index in range(150)]
    (path,) = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,), classes=names, images=5)
    whole = add_confusion(path)
    picture = styled(confusion, board())
    ((_, shown, columns),) = matrices(picture)
    recall = np.diag(whole) / whole.sum(1)
    assert set(columns) == {names[index] for index in np.argsort(recall)[:32]} and columns == sorted(columns)
    np.testing.assert_allclose(np.sort(np.diag(shown)), np.sort(recall)[:32])
    assert "Of 150 classes the 32 that are missed most" in picture.caption


def test_a_class_that_is_not_true_anywhere_has_no_row(runs, board, styled, add_confusion):
    (path,) = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,))
    whole = add_confusion(path)
    whole[2] = 0
    with np.load(path / "per_image.npz") as file:
        arrays = dict(file) | {"confusion": whole}
    np.savez(path / "per_image.npz", **arrays)
    ((_, shown, columns),) = matrices(styled(confusion, board()))
    assert columns == ["background", "disk"] and shown.shape == (2, 2)


def test_sums_and_shares():
    one, two = np.array([[1, 1], [0, 0]]), np.array([[0, 2, 4], [0, 0, 0]])
    whole = summed([{"confusion": one}, {"confusion": two}])
    assert whole.tolist() == [[1, 3, 4], [0, 0, 0]]
    shares = row_shares(whole)
    assert shares[0].tolist() == [1 / 8, 3 / 8, 4 / 8] and np.isnan(shares[1]).all()
    assert summed([{"confusion": one}, {}]) is None and summed([]) is None


LONG = "efficientnet_b{}.ra_in1k_with_weights_of_ten_thousand_hours_and_more"


@pytest.mark.parametrize("classes", [3, 12, 30])
def test_titles_of_long_names_stand_apart_and_within_the_picture(runs, board, styled, add_confusion, classes):
    names = [f"a long class {index}" for index in range(classes)]
    for index in (1, 2):
        for path in draw_sweep(
            runs, methods={LONG.format(index): 0.1 * index}, by="backbone", seeds=(1,), classes=names, images=4
        ):
            add_confusion(path)
    picture = styled(confusion, board())
    figure = picture.figure
    figure.canvas.draw()
    titles = [axes._left_title for axes in figure.axes if axes.images]
    boxes = [title.get_window_extent() for title in titles]
    assert len(boxes) == 2 and not boxes[0].overlaps(boxes[1])
    assert "b1" in titles[0].get_text().replace("\n", "") and "b2" in titles[1].get_text().replace("\n", "")
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)
    assert figure.get_figwidth() <= WIDTH + 0.01
    assert LONG.format(1) in picture.caption and LONG.format(2) in picture.caption


@pytest.mark.parametrize(("classes", "below"), [(3, False), (12, True), (22, False), (32, True)])
def test_the_second_matrix_stands_below_the_first_for_room_for_numbers_or_names(
    runs, board, styled, add_confusion, classes, below
):
    names = [f"class{index}" for index in range(classes)]
    for path in draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,), classes=names, images=4):
        add_confusion(path)
    first, second = (axes for axes in styled(confusion, board()).figure.axes if axes.images)
    first, second = first.get_position(), second.get_position()
    assert (second.y1 < first.y0) == below and (first.x1 < second.x0) == (not below)
