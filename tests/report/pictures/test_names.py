"""Methods' names in pictures say what tells them apart."""

from __future__ import annotations

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.pictures.lettering import width
from segladder.report.pictures.names import fitted, in_common, in_full, names_of


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


def test_a_name_has_no_more_words_than_it_takes(runs, board):
    draw_run(runs, model="unet", overrides=["optimizer.lr=0.1"], miss=0.1)
    draw_run(runs, model="fcn", overrides=["optimizer.lr=0.2"], miss=0.2)
    assert names_of(board().places) == ["unet", "fcn"]


LONG = [
    (f"smp_deeplabv3plus_with_a_long_name_variant{i % 3}", f"efficientnet_b{i // 3}.ra_in1k", f"{w}*dice+ce+lovasz")
    for i in range(6)
    for w in ("0.5", "2.5")
]


@pytest.mark.parametrize("longest", [70, 36, 26])
def test_long_names_are_cut_inside_their_words_and_stay_different(runs, board, longest):
    for number, (model, backbone, loss) in enumerate(LONG):
        draw_run(runs, model=model, backbone=backbone, loss=loss, miss=0.1 + 0.02 * number, seed=1)
    places = board().places
    names = names_of(places, longest=longest)
    assert len(set(names)) == len(LONG) and max(map(width, names)) <= longest
    assert not any("(" in name for name in names), "what tells them apart is left, so that none needs a number"
    for name, (model, _, loss) in zip(names, LONG, strict=True):
        words = name.split(" ")
        assert len(words) == 3 and words[0].endswith(model[-1]) and words[2].startswith(loss[0])


def test_names_that_were_cut_are_told_in_full_or_where_they_stand(runs, board):
    for number, (model, backbone, loss) in enumerate(LONG):
        draw_run(runs, model=model, backbone=backbone, loss=loss, miss=0.1 + 0.02 * number, seed=1)
    places = board().places
    assert in_full(places, names_of(places, longest=200)) == ""
    assert in_full(places, names_of(places)).strip() == (
        "Names are cut; the leaderboard has them in full, in the same order."
    )
    few = places[:2]
    told = in_full(few, names_of(few, longest=10))
    assert told.startswith(" In full: ") and all(LONG[index][2] in told for index in (0, 1))


def test_a_name_is_the_one_of_the_tables_whichever_methods_are_shown(runs, board):
    for model in ("unet", "fcn"):
        for epochs in (2, 3):
            draw_run(runs, model=model, overrides=[f"trainer.max_epochs={epochs}"], miss=0.1 * epochs)
    places = board().places
    assert names_of(places, longest=99) == [place.method.label for place in places]
    assert names_of(places[:2], longest=99) == [place.method.label for place in places[:2]]
    assert in_common(places[:1] * 2) == " All with loss=ce.", "not what the names say already"


def test_a_short_name_is_whole_beside_a_long_one():
    rows = [{"model": "stranger"}, {"model": "fcn_with_a_long_name", "loss": "lovasz+dice+focal"}]
    assert fitted(rows, longest=26)[0] == "stranger"


def test_a_word_is_whole_where_it_has_room_and_cut_where_it_has_not():
    epochs = "trainer.max_epochs=2"
    rows = [{"model": "unet", "e": epochs}, {"model": "unet", "e": epochs, "f": "inference.flip=true"}]
    short, long = fitted(rows, longest=36)
    assert short == f"unet {epochs}"
    assert width(long) <= 36 and "…" in long
