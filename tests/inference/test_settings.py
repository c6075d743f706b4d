"""What a user may write below `inference`, and what he is told of the rest."""

from __future__ import annotations

import pytest

from segladder.inference import Inference
from segladder.types import UserError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, r"inference\.size is 0\. Give the shorter side"),
        ({"size": [5]}, r"inference\.size is \[5\]\. Give \[height, width\]"),
        ({"size": "512"}, r"inference\.size is '512'"),
        ({"window": True}, r"inference\.window is True"),
        ({"window": [512, 0]}, r"inference\.window is \[512, 0\]"),
        ({"window": 512.5}, r"inference\.window is 512\.5"),
        ({"window": 8, "overlap": 1}, r"inference\.overlap is 1\. Give a share of the window from 0 to below 1"),
        ({"window": 8, "overlap": -0.1}, r"inference\.overlap is -0\.1"),
        ({"window": 8, "overlap": "half"}, r"inference\.overlap is 'half'"),
        ({"window": 8, "stride": 0}, r"inference\.stride is 0"),
        (
            {"window": [8, 20], "stride": 10},
            r"inference\.stride is \[10, 10\] and inference\.window \[8, 20\]: the pix",
        ),
        (
            {"window": 8, "stride": 4, "overlap": 0.5},
            r"inference\.overlap is 0\.5 and inference\.stride is \[4, 4\]: bo",
        ),
        ({"window": 8, "weighting": "linear"}, r"inference\.weighting is 'linear'\. Choose one of: gaussian, uniform"),
        ({"window": 8, "batch": 0}, r"inference\.batch is 0\. Give a whole number"),
        ({"flip": "diagonal"}, r"inference\.flip is 'diagonal'\. Choose one of: false, true, horizontal"),
        ({"flip": 1}, r"inference\.flip is 1"),
        ({"flip": ["both"]}, r"inference\.flip is \['both'\]"),
        ({"scales": []}, r"inference\.scales is empty"),
        ({"scales": None}, r"inference\.scales is None"),
        ({"scales": [1.0, 0]}, r"inference\.scales is \[1\.0, 0\]\. Give enlargements above 0"),
        ({"scales": [float("inf")]}, r"inference\.scales is \[inf\]"),
        ({"scales": [1, 1.0]}, r"inference\.scales is \[1, 1\.0\], which names a scale twice"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings, message):
    with pytest.raises(UserError, match=message):
        Inference(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"overlap": 0.5}, r"inference\.overlap has no effect without inference\.window"),
        ({"stride": 4}, r"inference\.stride has no effect"),
        ({"weighting": "uniform", "batch": 4}, r"inference\.weighting and inference\.batch have no effect"),
    ],
)
def test_settings_of_windows_without_a_window_warn(settings, message):
    with pytest.warns(UserWarning, match=message):
        inference = Inference(**settings)
    assert inference.plain


def test_overlap_is_a_share_of_each_side_of_the_window():
    assert Inference(window=[512, 768]).stride == (341, 512)
    assert Inference(window=512, overlap=0.5).stride == (256, 256)
    assert Inference(window=512, overlap=0).stride == (512, 512)
    assert Inference(window=3, overlap=0.99).stride == (1, 1)


def test_one_scale_may_be_a_number():
    assert Inference(scales=0.5).views.scales == (0.5,) and not Inference(scales=0.5).plain
