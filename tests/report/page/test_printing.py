"""The page on paper: all that is chosen, nothing cut off, no controls."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from drawn_runs import draw_run
from segladder.report.report import Report, make_report

SHEET = {"width": 964, "height": 700, "deviceScaleFactor": 1, "mobile": False}
"""Of Letter across, without its margins: the narrower of the two papers."""

BEYOND = """
const wide = document.documentElement.clientWidth + 1;
const cut = (cell) => cell.scrollWidth > cell.clientWidth + 1 || cell.getBoundingClientRect().right > wide;
const all = document.querySelectorAll('.part :is(th, td), h1, h2, h3, li, p:not(.unseen)');
return [...all].filter(cut).map((cell) => cell.textContent);
"""


@pytest.fixture
def on_paper(opened, browser):
    """`on_paper(report)`: the page as it is laid out on the sheet."""

    def lay_out(report, **settings):
        page = opened(report, **settings)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SHEET)
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        page.run("dispatchEvent(new Event('beforeprint'))")
        return page

    yield lay_out
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def printed(page, name="runs"):
    """Headings and rows of each part of a table."""
    return page.run(
        "const texts = (row) => [...row.children].map((cell) => cell.textContent);"
        "return [...document.querySelectorAll(arguments[0])].map((table) =>"
        " [texts(table.tHead.rows[1]), [...table.tBodies[0].rows].map(texts)])",
        f"[id='{name}'] .part table",
    )


def wide(report, keys):
    """A report of runs that differ in so many settings."""
    settings = [{f"model.some_setting_{key}": f"value-{run}-{key}" for key in range(keys)} for run in range(6)]
    runs = [
        replace(report.runs[0], path=f"{report.runs[0].path}-{i}", id=f"{i:064x}"[::-1], name=f"run-{i}", settings=each)
        for i, each in enumerate(settings)
    ]
    return Report(root=report.root, parts=[], runs=runs)


def test_all_columns_that_are_shown_are_printed_and_nothing_is_cut_off(on_paper, report):
    page = on_paper(report)
    assert page.run(BEYOND) == []
    names = ["runs", *(sheet.name for sheet in report.parts[0].sheets)]
    for name in names:
        parts = printed(page, name)
        heads = [head for part, _ in parts for head in part]
        assert set(page.heads(name)) == set(heads)
        assert {len(rows) for _, rows in parts} == {len(page.column(page.heads(name)[0], name))}
    [[heads, rows]] = printed(page, names[1])
    assert [row[heads.index("test miou")] for row in rows] == page.column("test miou", names[1])
    assert not page.one("#runs > .wide").is_displayed()


def test_of_two_hundred_columns_each_is_printed_once_beside_the_name_of_the_run(on_paper, report):
    page = on_paper(wide(report, 200))
    assert page.run(BEYOND) == []
    parts = printed(page)
    assert len(parts) > 5 and all(heads[0] == "run" for heads, _ in parts)
    heads = [head for part, _ in parts for head in part[1:]]
    assert sorted(heads) == sorted(page.heads()[1:]) and len(heads) >= 200
    cells = {
        (row[0], head): cell for heads, rows in parts for row in rows for head, cell in zip(heads, row, strict=True)
    }
    assert cells["run-3", "model.some_setting_77"] == "value-3-77"
    titles = page.run("return [...document.querySelectorAll('.part .title')].map((row) => row.textContent)")
    assert titles == [f"Runs, part {number} of {len(parts)}: 6 runs" for number in range(1, len(parts) + 1)]


def test_what_is_filtered_sorted_and_chosen_is_printed_so(on_paper, report):
    page = on_paper(report, view="runs.is.set.loss=%3Dce&runs.sort=-seed&runs.show.hours=no")
    [[heads, rows], *more] = printed(page)
    assert {"hours"}.isdisjoint(heads + [head for part, _ in more for head in part])
    assert [row[heads.index("seed")] for row in rows] == ["3", "3", "2", "2", "1", "1"]


def test_long_and_foreign_names_stay_on_the_paper(on_paper, tmp_path):
    names = ["x" * 300, "شبكة عصبية " * 12, "分割网络的实验" * 12, "<script>alert(1)</script>" * 5]
    for seed, name in enumerate(names):
        draw_run(tmp_path / "outputs", seed=seed, name=name, loss=name, folder=f"run{seed}")
    page = on_paper(make_report(tmp_path / "outputs", base=tmp_path / "report", resamples=0))
    assert page.run(BEYOND) == []
    assert {row[0] for row in printed(page)[0][1]} == set(names)


def test_the_paper_is_cleared_away_afterwards(opened, report):
    page = opened(report)
    page.browser.print_page()
    assert page.all(".part") == []
    assert page.one("#runs > .wide").is_displayed()


def test_headings_are_on_every_sheet_of_a_long_table(opened, many):
    page = opened(many)
    pdf = base64.b64decode(page.browser.print_page())
    sheets = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert sheets > 8
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.run("dispatchEvent(new Event('beforeprint'))")
    style = "return getComputedStyle(document.querySelector('.part thead')).display"
    assert page.run(style) == "table-header-group"


def test_all_rows_are_printed_and_no_controls(opened, many):
    page = opened(many)
    page.run(
        "const rows = () => document.querySelectorAll('#runs .part:first-of-type tbody tr');"
        "addEventListener('beforeprint', () => window.printed = rows().length)"
    )
    page.browser.print_page()
    assert page.run("return window.printed") == 450
    assert len(page.column("run")) == 200
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    hidden = page.all(".bar button") + page.all(".bar input") + page.all("#dark") + page.all(".pager button")
    assert hidden and not any(control.is_displayed() for control in hidden)
    assert page.one("#runs thead th").is_displayed()


def test_of_an_open_run_its_page_is_printed_and_open_afterwards(opened, report):
    page = opened(report, view=f"run={report.runs[0].id[:8]}")
    page.run("addEventListener('beforeprint', () => window.modal = document.querySelector('dialog').matches(':modal'))")
    page.browser.print_page()
    assert page.run("return window.modal") is False  # a modal one is printed as far as it is seen
    assert page.run("return document.querySelector('dialog').matches(':modal')") is True
    assert "run=" in page.browser.current_url
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert page.one("dialog pre").is_displayed() and not page.one("main").is_displayed()
