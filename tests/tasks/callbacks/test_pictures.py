"""Which images are shown."""

from __future__ import annotations

import numpy as np
import pytest

from segladder.tasks.callbacks import Pictures
from segladder.tasks.callbacks.pictures import chosen_images
from segladder.types import UserError


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
