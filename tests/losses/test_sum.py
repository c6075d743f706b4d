"""The laws that every term and every sum keeps."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segladder.losses import CrossEntropy, Dice, Focal, LossSum, Tversky, blocks
from segladder.types import UserError

MAKERS = {"ce": CrossEntropy, "dice": Dice, "focal": Focal, "tversky": Tversky}


def loss_of(*names, binary=False, ignore_index=255, **weights):
    return LossSum(
        {name: MAKERS[name]() for name in names},
        {name: weights.get(name, 1.0) for name in names},
        binary=binary,
        ignore_index=ignore_index,
    )


def plain(scores, target, valid):
    """A user's term that keeps no rule of ours: it averages over everything."""
    return scores.probabilities.square().mean()


def drawn(binary=False, dtype=torch.float32, shape=(2, 4, 8, 9)):
    generator = torch.Generator().manual_seed(0)
    shape = (shape[0], *shape[2:]) if binary else shape
    logits = 2 * torch.randn(shape, generator=generator)
    target = torch.randint(0, 2 if binary else 4, (shape[0], *shape[-2:]), generator=generator)
    target[torch.rand(target.shape, generator=generator) < 0.2] = 255
    return logits.to(dtype).requires_grad_(), target


def value_and_gradient(loss, logits, target):
    logits = logits.detach().clone().requires_grad_()
    total, values = loss(logits, target)
    total.backward()
    return total.detach(), logits.grad, values


every_term = pytest.mark.parametrize("names", [("ce",), ("dice",), ("focal",), ("tversky",), tuple(MAKERS)])
both_modes = pytest.mark.parametrize("binary", [False, True], ids=["classes", "binary"])
blocked_or_whole = pytest.mark.parametrize("block", [120, 10**6], ids=["blocks", "one block"])


@every_term
@both_modes
@blocked_or_whole
@pytest.mark.parametrize("said", [1e4, float("nan"), float("inf"), -float("inf")])
def test_what_is_said_at_ignored_pixels_changes_nothing(monkeypatch, names, binary, block, said):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    loss = loss_of(*names, binary=binary)
    logits, target = drawn(binary)
    value, gradient, _ = value_and_gradient(loss, logits, target)
    ignored = (target == 255) if binary else (target == 255).unsqueeze(1).expand_as(logits)
    for changed in (ignored, ignored & (torch.rand(logits.shape) < 0.5)):
        other = logits.detach().masked_fill(changed, said)
        other_value, other_gradient, _ = value_and_gradient(loss, other, target)
        torch.testing.assert_close(other_value, value, rtol=1e-6, atol=0)
        torch.testing.assert_close(other_gradient, gradient, rtol=1e-5, atol=1e-9)
        assert not other_gradient[ignored].any()


def test_a_users_term_learns_nothing_at_ignored_pixels():
    logits, target = drawn()
    loss = LossSum({"mine": plain}, {"mine": 1})
    _, gradient, _ = value_and_gradient(
        loss, logits.detach().masked_fill((target == 255)[:, None], float("nan")), target
    )
    assert torch.isfinite(gradient).all()
    assert not gradient.movedim(1, -1)[target == 255].any()


@every_term
@both_modes
@blocked_or_whole
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_all_ignored_batch_gives_zero_and_no_gradient(monkeypatch, names, binary, block, dtype):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    logits, target = drawn(binary, dtype)
    value, gradient, values = value_and_gradient(loss_of(*names, binary=binary), logits, torch.full_like(target, 255))
    assert value == 0
    assert all(each == 0 for each in values.values())
    assert not gradient.any()


@pytest.mark.parametrize("ignore_index", [-100, -1, 3, 255])
def test_any_ignore_index_is_kept(ignore_index):
    logits, target = drawn()
    target = target.where(target != 3, 2)
    expected = F.cross_entropy(logits, target, ignore_index=255)
    shifted = target.where(target != 255, ignore_index)
    total, _ = loss_of("ce", ignore_index=ignore_index)(logits, shifted)
    torch.testing.assert_close(total, expected)


@every_term
@both_modes
@blocked_or_whole
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_with_huge_logits_is_exact(monkeypatch, names, binary, block, dtype):
    monkeypatch.setattr(blocks, "CPU_BLOCK", block)
    logits, target = drawn(binary)
    huge = (1e4 * logits.detach().sign()).to(dtype)
    loss = loss_of(*names, binary=binary)
    value, gradient, _ = value_and_gradient(loss, huge, target)
    exact, exact_gradient, _ = value_and_gradient(loss, huge.double(), target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), exact, rtol=1e-6, atol=1e-7)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient, exact_gradient.to(dtype), rtol=1e-2, atol=1e-6)


@every_term
def test_autocast_does_not_reach_into_the_loss(names):
    logits, target = drawn()
    loss = loss_of(*names)
    value, gradient, _ = value_and_gradient(loss, logits, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast, cast_gradient, _ = value_and_gradient(loss, logits, target)
    assert cast == value
    assert torch.equal(cast_gradient, gradient)


def test_total_is_the_weighted_sum_of_what_is_logged():
    logits, target = drawn()
    loss = LossSum(
        {"mine": plain, **{name: make() for name, make in MAKERS.items()}},
        {"mine": 3.0, "ce": 0.5, "dice": 2.0, "focal": 1.0, "tversky": 0.25},
    )
    total, values = loss(logits, target)
    assert list(values) == ["mine", "ce", "dice", "focal", "tversky"]
    assert not any(value.requires_grad for value in values.values())
    torch.testing.assert_close(total.detach(), sum(loss.weights[name] * value for name, value in values.items()))
    assert loss.expression == "0.5*ce+2*dice+focal+3*mine+0.25*tversky"


def test_a_users_term_and_ours_share_one_gradient():
    logits, target = drawn()
    joint = LossSum({"mine": plain, "dice": Dice()}, {"mine": 2.0, "dice": 1.0})
    alone = [LossSum({"mine": plain}, {"mine": 2.0}), LossSum({"dice": Dice()}, {"dice": 1.0})]
    _, gradient, _ = value_and_gradient(joint, logits, target)
    parts = [value_and_gradient(loss, logits, target)[1] for loss in alone]
    torch.testing.assert_close(gradient, parts[0] + parts[1])


def test_order_of_the_terms_changes_neither_value_nor_gradient():
    logits, target = drawn()
    value, gradient, _ = value_and_gradient(loss_of("ce", "dice", dice=0.5), logits, target)
    other, other_gradient, _ = value_and_gradient(loss_of("dice", "ce", dice=0.5), logits, target)
    torch.testing.assert_close(other, value, rtol=1e-6, atol=0)
    torch.testing.assert_close(other_gradient, gradient, rtol=1e-6, atol=1e-10)


def test_scores_of_a_term_are_float32_and_computed_once():
    seen = []

    def first(scores, target, valid):
        seen.append(scores.probabilities)
        return scores.logits.mean()

    def second(scores, target, valid):
        seen.append(scores.probabilities)
        return scores.log_probabilities.mean()

    logits, target = drawn(dtype=torch.bfloat16)
    LossSum({"a": first, "b": second}, {"a": 1, "b": 1})(logits, target)
    assert seen[0] is seen[1]
    assert seen[0].dtype == torch.float32


def test_terms_that_are_modules_move_with_the_sum():
    class Learned(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.ones(()))

        def forward(self, scores, target, valid):
            return self.factor * scores.logits.mean()

    loss = LossSum({"a.b": Learned()}, {"a.b": 1}).double()
    assert [parameter.dtype for parameter in loss.parameters()] == [torch.float64]


@pytest.mark.parametrize(
    ("bad", "sentence"), [(7, "Label 7 at 3 pixels is outside the 4 classes"), (-2, "Label -2 at 3 pixels")]
)
def test_label_outside_the_classes_names_value_and_pixels(bad, sentence):
    logits, target = drawn()
    target[0, 0, :3] = bad
    with pytest.raises(UserError, match=sentence):
        loss_of("dice", "ce")(logits, target)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (({"ce": CrossEntropy()}, {"ce": 1, "dice": 1}), "loss.weights has 'dice' but loss.terms does not"),
        (({"ce": CrossEntropy(), "dice": Dice()}, {"ce": 1}), "loss.terms has 'dice' but loss.weights does not"),
        (({"ce": CrossEntropy()}, {"ce": 0}), "loss.weights.ce is 0"),
        (({"ce": 3}, {"ce": 1}), "loss.terms.ce is 3, which cannot be called"),
        (({}, {}), "no terms"),
    ],
)
def test_a_sum_that_makes_no_sense_is_refused(arguments, sentence):
    with pytest.raises(UserError) as error:
        LossSum(*arguments)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("logits", "target", "sentence"),
    [
        (torch.zeros(2, 4, 8, 8), torch.zeros(2, 8, 9).long(), r"label map is \(2, 8, 9\)"),
        (torch.zeros(2, 4, 8), torch.zeros(2, 8).long(), r"Give \(B, C, H, W\)"),
        (torch.zeros(2, 3, 8, 8), torch.zeros(2, 8, 8).long(), "gives 3 classes and the data set has 4"),
        (torch.zeros(2, 4, 8, 8), torch.zeros(2, 8, 8), "Labels are integers"),
        (torch.zeros(2, 4, 8, 8).long(), torch.zeros(2, 8, 8).long(), "Logits are floating point"),
    ],
)
def test_shapes_and_types_that_do_not_fit_are_refused(logits, target, sentence):
    with pytest.raises(UserError, match=sentence):
        LossSum({"ce": CrossEntropy()}, {"ce": 1}, num_classes=4)(logits, target)


def test_a_term_that_gives_no_single_number_is_named():
    logits, target = drawn()
    with pytest.raises(UserError, match="Loss term 'mine' gave shape"):
        LossSum({"mine": lambda s, t, v: s.logits}, {"mine": 1})(logits, target)


def test_labels_of_any_integer_type_are_read():
    logits, target = drawn()
    loss = loss_of("dice", "ce")
    assert loss(logits, target)[0] == loss(logits, target.to(torch.uint8))[0]


def test_nothing_is_kept_for_a_backward_that_will_not_come():
    logits, target = drawn()
    total, _ = loss_of("dice", "ce")(logits.detach(), target)
    assert not total.requires_grad


def test_binary_masks_may_have_a_channel():
    logits, target = drawn(binary=True)
    loss = loss_of("dice", "ce", binary=True)
    assert loss(logits.unsqueeze(1), target.unsqueeze(1))[0] == loss(logits, target)[0]
