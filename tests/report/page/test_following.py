"""The page of a sweep that still runs: it is loaded again as it changes, and its reader stays where he is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segladder.report.page.page import end_refresh, write_page
from segladder.report.report import Report


@pytest.fixture
def following(opened, many, tmp_path):
    """A page that is loaded again every second, and `more()`, which writes it anew with another run."""
    path = tmp_path / "report" / "report.html"
    page = opened(many, path=path, refresh=1)

    def more():
        runs = [*many.runs, replace(many.runs[0], path="another", id="f" * 64, name="another", seed=999)]
        write_page(Report(root=many.root, parts=[], runs=runs), path, refresh=1)

    page.more = more
    yield page
    page.run("sessionStorage.clear()")


def test_it_is_loaded_again_and_keeps_sort_filters_focus_and_place(following):
    page = following
    page.sort("seed")
    page.button("Filters", "#runs").click()
    box = page.one("#runs [aria-label='Filter seed']")
    box.send_keys(">= 100")
    page.run("document.querySelector('#runs > .wide').scrollTop = 400; scrollTo(0, 120)")
    before = page.run("return [scrollY, document.querySelector('#runs > .wide').scrollTop]")
    assert before[1] == 400
    page.run("window.old = true")
    page.more()
    page.wait(lambda: not page.run("return window.old") and "451 runs shown" in page.status())
    assert page.status() == "351 of 451 runs shown, sorted by seed, ascending; here 1 to 200 of 351"
    assert page.run("return [scrollY, document.querySelector('#runs > .wide').scrollTop]") == before
    assert page.focused("ariaLabel") == "Filter seed"
    assert page.one("#runs [aria-label='Filter seed']").get_attribute("value") == ">= 100"


def test_an_open_page_of_a_run_stays_open(following):
    page = following
    page.all("#runs tbody th a")[3].click()
    page.wait(lambda: page.all("dialog[open]"))
    page.run("window.old = true")
    page.more()
    page.wait(lambda: not page.run("return window.old") and page.all("dialog[open]"))
    assert page.one("dialog h2").text == "run-3"


def test_it_is_held_at_a_press_and_goes_on_at_another(following):
    page = following
    assert "is loaded again as it changes" in page.one(".following").text
    page.button("Hold").click()
    page.run("window.old = true")
    page.more()
    page.browser.execute_async_script("setTimeout(arguments[0], 2500)")
    assert page.run("return window.old") and "is held as it is" in page.one(".following").text
    page.button("Go on").click()
    page.wait(lambda: not page.run("return window.old"))
    assert page.status().startswith("451 runs")


def test_the_last_page_of_a_sweep_is_loaded_no_more(following, tmp_path):
    page = following
    end_refresh(page.path)
    page.run("window.old = true")
    page.wait(lambda: not page.run("return window.old"))
    assert page.all(".following") == [] and page.all("meta[name=segladder-refresh]") == []
    assert len(page.column("run")) == 200
    end_refresh(tmp_path / "nowhere.html")  # before the first report there is nothing to end


def test_without_its_script_the_browser_loads_it_again(report, tmp_path):
    page = write_page(report, tmp_path / "page.html", refresh=10).read_text()
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page.split("<style>")[0]
    assert 'http-equiv="refresh"' not in write_page(report, tmp_path / "page.html").read_text()
