"""Cross-entropy against torch's."""

import math

import pytest
import torch
import torch.nn.functional as F

from segladder.losses import CrossEntropy, LossSum, Scores, inverse_log_weights, median_frequency_weights
from segladder.types import UserError

WEIGHTS = [1.0, 0.5, 2.0, 0.0]


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_equals_torchs_cross_entropy(weights, smoothing):
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 8, 9, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 4, (2, 8, 9))
    target[0, 0] = 255
    listed = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    expected = F.cross_entropy(logits, target, weight=listed, ignore_index=255, label_smoothing=smoothing)
    term = CrossEntropy(class_weights=weights, label_smoothing=smoothing)
    total, _ = LossSum({"ce": term}, {"ce": 1})(logits, target)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_binary_masks_equal_torchs_binary_cross_entropy(smoothing):
    torch.manual_seed(0)
    logits = torch.randn(3, 8, 9, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 2, (3, 8, 9))
    soft = target.double() * (1 - smoothing) + smoothing / 2
    expected = F.binary_cross_entropy_with_logits(logits, soft)
    total, _ = LossSum({"ce": CrossEntropy(label_smoothing=smoothing)}, {"ce": 1}, binary=True)(logits, target)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, logits), torch.autograd.grad(expected, logits))


def test_weights_that_only_absent_classes_have_give_zero():
    loss = LossSum({"ce": CrossEntropy(class_weights=[0.0, 1.0])}, {"ce": 1})
    assert loss(torch.randn(1, 2, 4, 4), torch.zeros(1, 4, 4).long())[0] == 0


def test_auto_weights_wait_for_their_numbers():
    loss = LossSum({"ce": CrossEntropy(class_weights="auto")}, {"ce": 1}, num_classes=2)
    batch = torch.randn(1, 2, 4, 4), torch.ones(1, 4, 4).long()
    assert loss.needs_class_weights
    with pytest.raises(UserError, match="class_weights is 'auto'"):
        loss(*batch)
    loss.resolve_class_weights(torch.tensor([1.0, 2.0]))
    assert not loss.needs_class_weights
    torch.testing.assert_close(loss(*batch)[0], F.cross_entropy(*batch))


def test_median_frequency_weights_lift_rare_classes():
    weights = median_frequency_weights(torch.tensor([100, 10, 1, 0]))
    assert weights.tolist() == [0.1, 1.0, 10.0, 0.0]


def test_inverse_log_weights_are_enets():
    weights = inverse_log_weights(torch.tensor([90, 10, 0]))
    assert weights.tolist() == pytest.approx([1 / math.log(1.02 + 0.9), 1 / math.log(1.02 + 0.1), 0.0])
    with pytest.raises(UserError, match="labelled pixels"):
        inverse_log_weights(torch.zeros(2))


def test_a_rule_is_filled_in_from_counts():
    for rule, weights in (("auto", median_frequency_weights), ("inverse_log", inverse_log_weights)):
        total = LossSum({"ce": CrossEntropy(class_weights=rule)}, {"ce": 1.0})
        counts = torch.tensor([90, 10])
        total.resolve_class_weights(counts)
        assert torch.equal(total.terms["ce"].class_weights, weights(counts).float())
    with pytest.raises(UserError, match="a rule: auto, median_frequency, inverse_log"):
        CrossEntropy(class_weights="balanced")


def test_median_frequency_of_nothing_is_refused():
    with pytest.raises(UserError, match="need labelled pixels"):
        median_frequency_weights(torch.zeros(3))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing is 1"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1"),
        ({"class_weights": "balanced"}, "class_weights is 'balanced'"),
        ({"class_weights": [1.0, -1.0]}, r"class_weights is \[1.0, -1.0\]"),
        ({"class_weights": [0.0, 0.0]}, "not all 0"),
        ({"class_weights": [1.0, float("nan")]}, "finite"),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        CrossEntropy(**settings)


def test_wrong_number_of_weights_is_refused_before_the_first_batch():
    with pytest.raises(UserError, match="has 2 values for 3 classes"):
        LossSum({"ce": CrossEntropy(class_weights=[1, 2])}, {"ce": 1}, num_classes=3)


def test_weights_are_not_saved_with_the_model():
    assert not CrossEntropy(class_weights=[1, 2]).state_dict()


def test_term_stands_on_its_own():
    logits, target = torch.randn(1, 3, 4, 4), torch.randint(0, 3, (1, 4, 4))
    valid = torch.ones_like(target, dtype=torch.bool)
    torch.testing.assert_close(CrossEntropy()(Scores(logits, valid), target, valid), F.cross_entropy(logits, target))
