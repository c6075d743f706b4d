"""Which images are shown, and which are kept small."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.tasks.callbacks import Pictures
from segladder.tasks.callbacks.pictures import chosen_images, kept_images, made_rows
from segladder.types import DatasetInfo, UserError
from segladder.viz import GridRow
from segladder.viz.example_file import read_examples

INFO = DatasetInfo(name="x", classes=("a", "b"), palette=((0, 0, 0), (255, 0, 0)), things=(False, True))


def test_best_and_worst_are_ranked_and_unscored_images_are_neither():
    chosen = chosen_images(np.array([0.5, np.nan, 0.9, 0.1, 0.7]), 2)
    assert [index for section, index, _ in chosen if section == "best"] == [2, 4]
    assert [index for section, index, _ in chosen if section == "worst"] == [3, 0]


def test_random_images_are_the_same_for_every_run_on_a_split():
    first = [i for s, i, _ in chosen_images(np.linspace(0, 1, 50), 4) if s == "random"]
    again = [i for s, i, _ in chosen_images(np.linspace(1, 0, 50), 4) if s == "random"]
    assert first == again and len(set(first)) == 4


def test_fewer_images_than_asked_for_are_all_shown():
    assert len(chosen_images(np.array([0.3, 0.4]), 4)) == 6


def test_no_pictures_at_all_are_asked_for_otherwise():
    with pytest.raises(UserError, match="enabled=false"):
        Pictures(count=0)


def test_random_images_are_the_same_in_whatever_order_they_were_tested():
    ids = [f"image{index}" for index in range(30)]
    ranking = np.linspace(0, 1, 30)
    turned = chosen_images(ranking, 4, ids[::-1])
    assert {ids[i] for s, i, _ in chosen_images(ranking, 4, ids) if s == "random"} == {
        ids[::-1][i] for s, i, _ in turned if s == "random"
    }
    kept, again = kept_images(ranking, 1, ids), kept_images(ranking, 1, ids[::-1])
    by_chance = {ids[i] for i, worst in kept.items() if not worst}
    assert len(by_chance) == 4 and by_chance == {ids[::-1][i] for i, worst in again.items() if not worst}


def test_the_worst_and_some_random_images_are_kept():
    ranking = np.array([0.5, np.nan, 0.9, 0.1, 0.7, *np.linspace(0.91, 1, 95)])
    kept = kept_images(ranking, 3)
    assert {index for index, worst in kept.items() if worst} == {3, 0, 4}
    assert 4 <= len(kept) <= 7
    assert kept_images(ranking, 0) == {}
    assert all(kept_images(np.array([0.1, 0.2]), 16).values())


@pytest.mark.parametrize("kept", [-1, 101, 2.5, True, "many", None])
def test_how_many_are_kept_is_a_small_whole_number(kept):
    with pytest.raises(UserError, match=r"callbacks\.pictures\.kept is .* from 0 to 100"):
        Pictures(kept=kept)
    assert Pictures(kept=0).kept == 0 and Pictures(kept=100).kept == 100


def test_each_image_is_predicted_once_and_kept_or_shown(tmp_path):
    ranking = np.linspace(0, 1, 40)
    ids = [f"i{index:02d}" for index in range(40)]
    asked = []

    def row_of(index, section, score):
        asked.append(index)
        image, labels = np.full((4, 4, 3), index, dtype=np.uint8), np.full((4, 4), index % 2)
        return GridRow(image=image, pred=labels, truth=labels, image_id=ids[index], iou=score, section=section)

    rows = made_rows(row_of, ranking, ids, INFO, folder=tmp_path, count=2, kept=5)
    assert len(asked) == len(set(asked))
    assert [row.section for row in rows] == ["best"] * 2 + ["worst"] * 2 + ["random"] * 2
    assert [row.image_id for row in rows[:4]] == ["i39", "i38", "i00", "i01"]
    examples = read_examples(tmp_path / "examples.npz")
    assert {item.image_id for item in examples.items if item.worst} == set(ids[:5])
    assert all((item.image == int(item.image_id[1:])).all() for item in examples.items)
    assert len(asked) <= 2 + 5 + 2 + 4


def test_without_any_to_keep_there_is_no_file(tmp_path):
    row = GridRow(image=np.zeros((4, 4, 3), np.uint8), pred=np.zeros((4, 4), int), truth=np.zeros((4, 4), int))
    assert len(made_rows(lambda *_: row, np.array([0.5]), ["a"], INFO, folder=tmp_path, kept=0)) == 3
    assert list(tmp_path.iterdir()) == []
