"""What is typed into the filter of a column: what it lets through, and what is said of what is not understood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segladder.report.report import Report

SCORE = "test miou"
SCORES = (0.9, 0.95, 0.9123, 1.0, None, 0.5)
PARAMETERS = (999, 1000, 1001, 1_942_306, 24, 1)
LOSSES = ("ce", "ce+dice", "CE", "=odd", "dice", "> 5")


@pytest.fixture
def six(report):
    first = report.runs[0]
    rows = enumerate(zip(SCORES, PARAMETERS, LOSSES, strict=True))
    runs = [
        replace(
            first,
            path=f"{first.path}-{i}",
            id=f"{i:064x}"[::-1],
            name=f"run-{i}",
            parameters=float(parameters),
            scores={} if score is None else {"test": {"miou": score}},
            settings={**first.settings, "loss": loss},
            seed=i,
        )
        for i, (score, parameters, loss) in rows
    ]
    return Report(root=report.root, parts=[], runs=runs)


@pytest.fixture
def typed(opened, six):
    """`typed(title, words)`: the numbers of the runs that the filter lets through."""
    page = opened(six)
    page.button("Filters", "#runs").click()

    def type_words(title, words):
        box = page.one(f"#runs [aria-label='Filter {title}']")
        if box.tag_name == "select":
            box.find_element("css selector", "option[value=other]").click()
            box = page.one(f"#runs [aria-label='Filter {title} by a condition']")
        box.clear()
        box.send_keys(words)
        return {int(name.removeprefix("run-")) for name in page.column("run") if name.startswith("run-")}

    type_words.page = page
    return type_words


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("> 0.95", {3}),
        (">= 0.95", {1, 3}),
        (">=.95", {1, 3}),
        ("≥ 0.95", {1, 3}),
        ("< 0.9", {5}),
        ("<= 9e-1", {0, 5}),
        ("= 1", {3}),
        ("== 1.0", {3}),
        ("=1", {3}),
        ("= 0.9123", {2}),
        ("!= 1", {0, 1, 2, 4, 5}),
        ("<> 1", {0, 1, 2, 4, 5}),
        ("=", {4}),
        ("!=", {0, 1, 2, 3, 5}),
        ("0.9..0.95", {0, 1, 2}),
        ("0.95 .. 0.9", {0, 1, 2}),
        ("0.95..", {1, 3}),
        ("..0.9", {0, 5}),
        ("0.9", {0, 1, 2}),
    ],
)
def test_scores_are_filtered_by_conditions(typed, words, rows):
    assert typed(SCORE, words) == rows
    assert typed.page.one("#runs-problem").text == ""


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("> 1,000", {2, 3}),
        (">= 1,000", {1, 2, 3}),
        ("= 1,942,306", {3}),
        ("= 1942306", {3}),
        ("= 1", {5}),
        ("1,000..2,000,000", {1, 2, 3}),
        ("1,942", {3}),
        ("1942", {3}),
        ("> -1", {0, 1, 2, 3, 4, 5}),
    ],
)
def test_thousands_are_read_as_they_are_shown(typed, words, rows):
    assert typed("parameters", words) == rows
    assert typed.page.one("#runs-problem").text == ""


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("dice", {1, 4}),
        ("= dice", {4}),
        ("== DICE", {4}),
        ("= ce", {0}),
        ("!= ce", {1, 2, 3, 4, 5}),
        ("=odd", {3}),
        ("> 5", {5}),
    ],
)
def test_words_are_held_equal_or_not_equal(typed, words, rows):
    assert typed("loss", words) == rows
    assert typed.page.one("#runs-problem").text == ""


@pytest.mark.parametrize(
    ("title", "words", "why"),
    [
        (SCORE, "> 0,95", "‘> 0,95’: after > comes a number, such as 0.95 or 1,000"),
        (SCORE, ">", "‘>’: after > comes a number"),
        (SCORE, "= high", "‘= high’: ‘high’ is no number of test miou; write it as 0.95 or 1,000"),
        (SCORE, "low..0.9", "‘low..0.9’: between .. stand two numbers, as in 0.9..0.95"),
        ("loss", "> 3", "‘> 3’: loss holds words, of which none is more or less; write = or !="),
    ],
)
def test_what_is_not_understood_is_told_and_hides_nothing(typed, title, words, why):
    assert len(typed(title, words)) == 6
    told = typed.page.one("#runs-problem")
    assert told.text.startswith(f"Not understood, so that all rows pass: {why}")
    assert told.get_attribute("role") == "status"
    box = typed.page.one(f"#runs input[aria-label^='Filter {title}']")
    assert box.get_attribute("aria-invalid") == "true"
    assert "runs-problem" in box.get_attribute("aria-describedby").split()
    typed.page.button("Reset", "#runs").click()
    assert told.text == ""


def test_a_hint_says_what_filters_understand_while_they_are_open(opened, six):
    page = opened(six)
    hint = page.one("#runs-hint")
    assert not hint.is_displayed()
    page.button("Filters", "#runs").click()
    assert hint.is_displayed()
    assert all(form in hint.text for form in ("= word", "!= word", "> 0.9", "<= 1,000", "0.9..0.95"))
    box = page.one(f"#runs [aria-label='Filter {SCORE}']")
    assert "runs-hint" in box.get_attribute("aria-describedby").split()
    assert box.get_attribute("placeholder") == "> 0.9 or 1..5"
    page.button("Filters", "#runs").click()
    assert not hint.is_displayed()


def test_the_address_brings_a_typed_condition_back(opened, six):
    page = opened(six, view="runs.is.set.loss=!%3D ce&runs.is.parameters=> 1,000")
    assert page.column("run") == ["run-2", "run-3"]
    assert page.one("#runs [aria-label='Filter loss']").get_attribute("value") == "other"
    assert page.one("#runs [aria-label='Filter loss by a condition']").get_attribute("value") == "!= ce"


def test_each_column_has_a_filter_of_its_own(opened, report):
    from selenium.webdriver.support.select import Select

    page = opened(report)
    page.button("Filters", "#runs").click()
    status = Select(page.one("#runs [aria-label='Filter status']"))
    assert [option.text for option in status.options] == ["all", "failed", "finished", "other …"]
    status.select_by_visible_text("finished")
    assert page.status() == "12 of 13 runs shown"
    middle = sorted(run.scores["test"]["miou"] for run in report.runs if run.scores)[5]
    page.one(f"#runs [aria-label='Filter {SCORE}']").send_keys(f"> {middle:.7f}")
    scores = [float(text) for text in page.column(SCORE)]
    assert len(scores) in (6, 7) and all(score >= round(middle, 4) for score in scores)


def test_a_condition_is_written_with_the_keyboard_alone(opened, six):
    tab, enter = "\ue004", "\ue007"
    page = opened(six)
    page.run("arguments[0].focus()", page.button("Filters", "#runs"))
    page.keys(enter)
    assert page.focused("ariaLabel") == "Filter run"
    page.keys(tab)
    assert page.focused("ariaLabel") == "Filter loss" and page.focused("tagName") == "SELECT"
    page.keys("other")  # the choice whose name begins so
    assert page.focused("tagName") == "SELECT", "the focus stays in the list"
    page.keys(tab)
    assert page.focused("ariaLabel") == "Filter loss by a condition"
    page.keys("!= ce")
    assert sorted(page.column("run")) == ["run-1", "run-2", "run-3", "run-4", "run-5"]
    page.keys(tab, ">= 3")
    assert page.column("run") == ["run-3", "run-4", "run-5"]
    assert page.status() == "3 of 6 runs shown"
