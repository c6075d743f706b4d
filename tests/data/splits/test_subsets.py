import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segladder.data.errors import DataError
from segladder.data.splits.subsets import Part, check_folds, fold_of
from segladder.types import DatasetInfo


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


INFO = DatasetInfo(name="set", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False, False))


class Labels:
    """Twelve images that show class a; the last four show b, too."""

    synthetic = False

    def __len__(self):
        return 12

    def semantic(self, index):
        return torch.tensor([[0, int(index >= 8)]])


def test_what_was_asked_for_of_a_split_is_kept_with_what_came_of_it():
    part = Part(folds=3, fold=1, shots=2, seed=7)
    train, val = (part.chosen(Labels(), split, INFO) for split in ("train", "val"))
    assert len(val) == 4 and not set(train) & set(val)
    asked = {"of": 12, "folds": 3, "fold": 1, "seed": 7}
    shown = {"a": len(train), "b": sum(index >= 8 for index in train)}
    assert part.told == {"train": asked | {"shots": 2, "shown": shown}, "val": asked}
    assert part.chosen(Labels(), "test", INFO) is None and "test" not in part.told


@pytest.mark.parametrize(
    ("settings", "told", "count"),
    [
        ({"limit": 20}, "^data.limit=20 is more than the 12 training samples: all are used.$", 12),
        ({"overfit": 20}, "^data.overfit=20 is more than the 12 training samples: all are used.$", 12),
        ({"fraction": 0.01}, "^data.fraction=0.01 of 12 training samples is less than one: one is used.$", 1),
        ({"shots": 9}, r"^data.shots=9: 1 of 2 classes occur in fewer .* are taken \(b 4\).$", None),
        ({"shots": 3, "limit": 2}, "^data.limit=2 leaves out . of the . images that data.shots=3 has chosen", 2),
    ],
)
def test_more_than_there_is_is_told(settings, told, count):
    with pytest.warns(UserWarning, match=told):
        chosen = Part(**settings).chosen(Labels(), "train", INFO)
    assert count is None or len(chosen or range(12)) == count


def test_learning_some_images_by_heart_leaves_other_choices_out_with_a_word():
    with pytest.warns(UserWarning, match="^data.shots has no effect beside data.overfit=4"):
        part = Part(overfit=4, shots=2)
    assert [part.chosen(Labels(), split, INFO) for split in ("train", "val", "test")] == [[0, 1, 2, 3]] * 3
    assert part.told["train"] == {"of": 12, "overfit": 4}
