import numpy as np
import pytest
import torch

from segladder.data.errors import DataError
from segladder.data.splits.few_shot import choice, few_shot
from segladder.types import DatasetInfo

INFO = DatasetInfo(name="set", classes=("a", "b"), palette=((0, 0, 0), (9, 9, 9)), things=(False, False))


def test_every_class_is_shown_often_enough_and_no_sample_is_taken_in_vain():
    draw = np.random.default_rng(0)
    shows = draw.random((200, 6)) < np.array([1.0, 0.5, 0.2, 0.1, 0.05, 0.0])
    for shots in (1, 3, 5):
        chosen, shown = choice(list(range(200)), lambda i: shows[i], shots=shots, num_classes=6, seed=0)
        assert np.array_equal(shown, shows[chosen].sum(0))
        assert np.array_equal(shown >= shots, shows.sum(0) >= shots)
        # no class takes more than it needs by itself
        assert len(chosen) <= shots * 5
    again, _ = choice(list(range(200)), lambda i: shows[i], shots=5, num_classes=6, seed=0)
    other, _ = choice(list(range(200)), lambda i: shows[i], shots=5, num_classes=6, seed=1)
    assert again == chosen and other != chosen


def test_choices_are_of_the_candidates_alone():
    chosen, _ = choice([3, 5, 8], lambda i: np.array([True]), shots=2, num_classes=1, seed=0)
    assert len(chosen) == 2 and set(chosen) <= {3, 5, 8}


class Labels:
    """Labels of one class each; those of `broken` cannot be read."""

    def __init__(self, classes, broken=()):
        self.classes, self.broken = classes, broken

    def semantic(self, index):
        if index in self.broken:
            raise DataError(f"Label {index} is damaged.")
        return torch.full((2, 2), self.classes[index])


def test_classes_that_are_rarer_are_named_with_how_often_they_occur():
    source = Labels([0] * 8 + [1] * 2)
    with pytest.warns(UserWarning) as told:
        chosen, shows = few_shot(source, list(range(10)), INFO, shots=3, seed=0)
    assert [str(one.message) for one in told] == [
        "data.shots=3: 1 of 2 classes occur in fewer training images, all of which are taken (b 2)."
    ]
    assert len(chosen) == 5 and {8, 9} <= set(chosen) and shows[8].tolist() == [False, True]


def test_labels_that_cannot_be_read_are_an_error_or_left_out():
    source = Labels([0, 0, 1, 1], broken=(0, 2))
    with pytest.raises(DataError, match=r"^Label . is damaged\.$"):
        few_shot(source, [0, 1, 2, 3], INFO, shots=2, seed=0)
    with pytest.warns(UserWarning, match="chooses without 2 training labels that cannot be read"):
        chosen, _ = few_shot(source, [0, 1, 2, 3], INFO, shots=2, seed=0, skips=True)
    assert chosen == [1, 3]


def test_labels_that_show_no_class_are_told():
    with pytest.raises(
        DataError, match=r"^data\.shots=1 chooses no image: none of the 2 training labels shows a class\."
    ):
        few_shot(Labels([255, 255]), [0, 1], INFO, shots=1, seed=0)
