import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.data.errors import DataError
from segladder.data.splits.subsets import check_folds, few_shot, fold_of


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.integers(2, 9), st.integers(0, 5))
def test_folds_are_disjoint_even_and_together_the_split(count, folds, seed):
    if folds > count:
        with pytest.raises(DataError, match=f"data.folds is {folds}, but the training split has {count} samples"):
            fold_of(count, folds=folds, fold=0, held_out=True, seed=seed)
        return
    held = [fold_of(count, folds=folds, fold=fold, held_out=True, seed=seed) for fold in range(folds)]
    assert sorted(index for part in held for index in part) == list(range(count))
    assert {len(part) for part in held} <= {count // folds, -(-count // folds)}
    for fold, part in enumerate(held):
        rest = fold_of(count, folds=folds, fold=fold, held_out=False, seed=seed)
        assert sorted([*rest, *part]) == list(range(count))


def test_another_seed_gives_other_folds():
    first, second = (fold_of(100, folds=5, fold=0, held_out=True, seed=seed) for seed in (0, 1))
    assert first != second and first != list(range(20))


def test_every_class_is_shown_often_enough_and_no_sample_is_taken_in_vain():
    draw = np.random.default_rng(0)
    shows = draw.random((200, 6)) < np.array([1.0, 0.5, 0.2, 0.1, 0.05, 0.0])
    for shots in (1, 3, 5):
        chosen, shown = few_shot(list(range(200)), lambda i: shows[i], shots=shots, num_classes=6, seed=0)
        assert np.array_equal(shown, shows[chosen].sum(0))
        assert np.array_equal(shown >= shots, shows.sum(0) >= shots)
        # no class takes more than it needs by itself
        assert len(chosen) <= shots * 5
    again, _ = few_shot(list(range(200)), lambda i: shows[i], shots=5, num_classes=6, seed=0)
    other, _ = few_shot(list(range(200)), lambda i: shows[i], shots=5, num_classes=6, seed=1)
    assert again == chosen and other != chosen


def test_choices_are_of_the_candidates_alone():
    chosen, _ = few_shot([3, 5, 8], lambda i: np.array([True]), shots=2, num_classes=1, seed=0)
    assert len(chosen) == 2 and set(chosen) <= {3, 5, 8}


@pytest.mark.parametrize(
    ("folds", "fold", "told"),
    [
        (1, 0, "data.folds is 1. Give a whole number of parts, 2 or more"),
        (5, 5, "data.fold is 5. Give a whole number from 0 to 4"),
        (5, True, "data.fold is True"),
        (None, 2, "data.fold=2 has no effect without data.folds"),
    ],
)
def test_values_outside_their_range_are_told(folds, fold, told):
    with pytest.raises(DataError, match=told):
        check_folds(folds, fold)
