"""Methods' names in pictures say what tells them apart."""

from __future__ import annotations

from drawn_runs import draw_run, draw_sweep
from segladder.report.pictures.names import in_common, names_of


def test_what_all_share_is_not_in_the_names(runs, board):
    draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1, 2))
    places = board().places
    assert names_of(places) == ["dice", "ce"]
    assert in_common(places) == " All with model=unet."


def test_a_method_alone_has_its_full_name(runs, board):
    draw_run(runs)
    places = board().places
    assert names_of(places) == ["unet ce"] and in_common(places) == ""


def test_a_setting_that_one_lacks_is_named_by_its_absence(runs, board):
    draw_run(runs, backbone="resnet18", miss=0.1)
    draw_run(runs, backbone=None, miss=0.2)
    assert names_of(board().places) == ["resnet18", "no backbone"]


def test_typed_values_stand_with_their_key(runs, board):
    draw_run(runs, overrides=["optimizer.lr=0.1"], miss=0.1)
    draw_run(runs, miss=0.2)
    assert names_of(board().places) == ["optimizer.lr=0.1", "optimizer.lr by default"]
