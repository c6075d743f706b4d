"""The choices of the group `inference` as the command line composes them."""

from __future__ import annotations

import warnings
from inspect import signature
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir

from segladder.config.build import build
from segladder.inference import Inference

CONF = Path(__file__).parents[2] / "conf"


def built(*overrides: str) -> Inference:
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose(overrides=list(overrides))
    # a choice as it is shipped must not warn about itself
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return build(config.inference)


def test_whole_is_plain_and_shows_every_setting():
    assert built("+inference=whole").plain
    shown = yaml.safe_load((CONF / "inference" / "whole.yaml").read_text())
    assert list(shown) == ["_target_", *signature(Inference).parameters]


def test_resize_keeps_the_ratio():
    inference = built("+inference=resize")
    assert inference.size == 512 and inference.window is None and not inference.plain


def test_slide_takes_windows_a_third_of_which_overlap():
    inference = built("+inference=slide")
    assert (inference.window, inference.stride, inference.weighting) == ((512, 512), (341, 341), "gaussian")


@pytest.mark.parametrize(
    ("word", "stride"), [("inference.overlap=0.5", (256, 256)), ("inference.stride=[100,200]", (100, 200))]
)
def test_slide_takes_either_overlap_or_stride(word, stride):
    assert built("+inference=slide", word).stride == stride


def test_words_of_the_command_line_arrive():
    inference = built("+inference=whole", "inference.flip=both", "inference.scales=[0.5,1.0]", "inference.size=[64,96]")
    assert len(inference.views) == 8 and inference.size == (64, 96)
