"""The words of a loss."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segladder.losses.expression import canonical, parse
from segladder.types import UserError

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
SIX_DIGITS = st.integers(1, 999_999).flatmap(lambda n: st.integers(-12, 12).map(lambda e: float(f"{n}e{e}")))
WEIGHTS = st.dictionaries(NAMES, SIX_DIGITS, min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("expr", "weights"),
    [
        ("ce", {"ce": 1.0}),
        ("dice+ce", {"dice": 1.0, "ce": 1.0}),
        ("0.5*dice+ce", {"dice": 0.5, "ce": 1.0}),
        ("0.5dice+ce", {"dice": 0.5, "ce": 1.0}),
        (".5*dice+1e-1*ce", {"dice": 0.5, "ce": 0.1}),
        ("1e+2*dice + 2 focal", {"dice": 100.0, "focal": 2.0}),
        ("  2 * dice  +  ce ", {"dice": 2.0, "ce": 1.0}),
        ("mine_2+ce", {"mine_2": 1.0, "ce": 1.0}),
        ("2e+ce", {"e": 2.0, "ce": 1.0}),
    ],
)
def test_expression_is_read_in_the_order_written(expr, weights):
    assert list(parse(expr).items()) == list(weights.items())


@pytest.mark.parametrize(
    ("expr", "sentence"),
    [
        ("", "The loss is empty."),
        ("  ", "The loss is empty."),
        ("dice+", "a term is missing beside a '+'"),
        ("dice++ce", "a term is missing beside a '+'"),
        ("dice*0.5", "'dice*0.5' is not a term"),
        ("term/dice", "'term/dice' is not a term"),
        ("-1*dice", "'-1*dice' is not a term"),
        ("dice+ce+dice", "names 'dice' twice"),
        ("0*dice", "loss.weights.dice is 0;"),
        ("1e999*dice", "loss.weights.dice is inf;"),
    ],
)
def test_unreadable_expression_says_what_is_wrong(expr, sentence):
    with pytest.raises(UserError) as error:
        parse(expr)
    assert sentence in str(error.value)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf"), "1", True, None])
def test_weight_that_is_no_positive_number_is_refused(weight):
    with pytest.raises(UserError, match=r"loss\.weights\.ce"):
        canonical({"ce": weight})


def test_no_terms_are_refused():
    with pytest.raises(UserError, match="no terms"):
        canonical({})


def test_canonical_form_sorts_names_and_omits_one():
    assert canonical({"dice": 0.5, "ce": 1}) == "ce+0.5*dice"
    assert canonical(parse("1*dice+ce")) == canonical(parse("ce + dice")) == "ce+dice"


@given(WEIGHTS)
def test_canonical_form_reads_back_as_the_same_weights(weights):
    assert parse(canonical(weights)) == weights


@given(WEIGHTS, st.randoms())
def test_order_of_the_terms_does_not_matter(weights, random):
    items = list(weights.items())
    random.shuffle(items)
    assert canonical(dict(items)) == canonical(weights)


@given(st.text(alphabet="dice0.5+*e- ", max_size=12))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        weights = parse(text)
    except UserError as error:
        assert str(error).endswith((".", "ce"))
    else:
        assert parse(canonical(weights)).keys() == weights.keys()


def test_reading_an_expression_does_not_import_torch():
    code = "import sys, segladder.losses.expression; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
