"""Tables as colours: nothing is wider than a page, and no words are cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import Normalize

from segladder.report.pictures.heat import cell_width, color_bar, draw_cells, figure_size, room_beside
from segladder.report.pictures.style import WIDTH, new_figure, own_style


def drawn(rows, columns, label="share of the true class's pixels in the whole test set"):
    wide = cell_width(len(columns), room=room_beside(rows))
    with own_style():
        figure = new_figure(*figure_size(rows, columns, wide=wide))
        axes = figure.add_subplot()
        values = np.linspace(0, 1, len(rows) * len(columns)).reshape(len(rows), len(columns))
        shown = draw_cells(axes, values, rows=rows, columns=columns, norm=Normalize(0, 1), wide=wide)
        color_bar(figure, shown, label)
        figure.canvas.draw()
    return figure


@pytest.mark.parametrize("rows", [["a"], ["method " * 5] * 12])
@pytest.mark.parametrize("columns", [["a"], ["background", "disk"], [f"a long class {index}" for index in range(24)]])
def test_all_words_are_within_the_picture_and_it_within_the_page(rows, columns):
    figure = drawn(rows, columns)
    assert figure.get_figwidth() <= WIDTH + 0.01
    frame = figure.bbox
    for text in figure.findobj(lambda artist: hasattr(artist, "get_parse_math")):
        box = text.get_window_extent()
        if text.get_text() and text.get_visible() and box.width > 0:
            assert frame.x0 <= box.x0 + 1 and box.x1 <= frame.x1 + 1, text.get_text()
            assert frame.y0 <= box.y0 + 1 and box.y1 <= frame.y1 + 1, text.get_text()


def test_names_of_columns_lie_in_lines_where_they_have_room():
    labels = drawn(["a", "b"], ["unet resnet18", "deeplabv3plus resnet18"]).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["unet resnet18", "deeplabv3plus\nresnet18"]
    assert {label.get_rotation() for label in labels} == {0.0}


def test_names_of_columns_stand_upright_where_they_have_no_room():
    columns = [f"deeplabv3plus_number_{index}" for index in range(20)]
    labels = drawn(["a", "b"], columns).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == columns and {label.get_rotation() for label in labels} == {90.0}
    boxes = [label.get_window_extent() for label in labels]
    assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))
