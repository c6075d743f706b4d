"""Labels outside the classes: refused at once on the CPU, a little later where looking would stop the host."""

import pytest
import torch

from segladder.losses.labels import LabelCheck
from segladder.types import UserError

GOOD = torch.tensor([[[0, 1, 255]]])
BAD = torch.tensor([[[9, 9, 7, 1, 255]]])


def test_ignored_pixels_are_set_apart():
    labels, valid = LabelCheck()(GOOD, 2, 255)
    assert labels.tolist() == [[[0, 1, 0]]]
    assert valid.tolist() == [[[True, True, False]]]


def test_bad_label_is_refused_at_once_with_its_pixels():
    with pytest.raises(UserError) as error:
        LabelCheck()(BAD, 2, 255)
    assert str(error.value) == (
        "Label 9 at 2 pixels is outside the 2 classes (0 to 1) (3 pixels hold such labels)."
        " Map it to a class, or to 255 if these pixels are to be ignored."
    )


def test_without_looking_a_bad_label_counts_for_nothing_and_the_next_call_raises():
    check = LabelCheck(lazy=True)
    labels, valid = check(BAD, 2, 255)
    assert labels.tolist() == [[[0, 0, 0, 1, 0]]]
    assert valid.tolist() == [[[False, False, False, True, False]]]
    with pytest.raises(UserError, match="Label 9 at 2 pixels"):
        check(GOOD, 2, 255)
    check(GOOD, 2, 255)
    check.finish()


def test_without_looking_the_end_of_an_epoch_raises():
    check = LabelCheck(lazy=True)
    check(GOOD, 2, 255)
    check(BAD, 2, 255)
    with pytest.raises(UserError, match="Label 9 at 2 pixels"):
        check.finish()
    check.finish()


def test_good_labels_pass_without_looking():
    check = LabelCheck(lazy=True)
    for _ in range(3):
        labels, valid = check(GOOD, 2, 255)
    check.finish()
    assert torch.equal(labels, LabelCheck()(GOOD, 2, 255)[0])
    assert torch.equal(valid, LabelCheck()(GOOD, 2, 255)[1])


def test_empty_batch_passes():
    labels, valid = LabelCheck()(torch.zeros(0, 4, 4).long(), 2, 255)
    assert labels.shape == valid.shape == (0, 4, 4)
