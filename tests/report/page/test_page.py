"""The page in a browser: what a reader clicks, types and prints does what it says, and nothing leaves the machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.page.page import write_page
from segladder.report.records.reading import read_runs
from segladder.report.report import Report, make_report
from segladder.types import UserError

SCORE = "test miou"


def leaderboard(report: Report) -> str:
    return report.parts[0].sheets[0].name


def test_every_sheet_stands_on_the_page_with_its_cells_and_notes(opened, report):
    page = opened(report)
    for part in report.parts:
        text = page.one("main").text
        assert all(sentence in text for sentence in part.findings)
        for sheet in part.sheets:
            section = f"[id='{sheet.name}']"
            assert page.one(f"{section} h3").text == sheet.title
            assert page.heads(sheet.name) == [column.title for column in sheet.columns]
            for index, column in enumerate(sheet.columns):
                if column.key != "runs":
                    assert page.column(column.title, sheet.name) == [row[index].text for row in sheet.rows]
            assert [note.text for note in page.all(f"{section} .notes li")] == sheet.notes
            best = [cell.text for row in sheet.rows for cell in row if cell.best]
            assert [cell.text for cell in page.all(f"{section} tbody strong")] == best


def test_without_its_script_the_page_has_the_sheets_all_the_same(browser, opened, report):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened(report)
        sheet = report.parts[0].sheets[0]
        rows = page.all(f"{page.table(sheet.name)} tbody tr")
        assert [[cell.text for cell in row.find_elements("css selector", "th,td")] for row in rows] == [
            [cell.text for cell in row] for row in sheet.rows
        ]
        assert "shown with JavaScript" in page.one("#runs").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_table_of_runs_has_all_of_them_finished_or_not(opened, report):
    page = opened(report)
    assert sorted(page.column("run")) == sorted(run.name for run in report.runs)
    assert len(report.runs) == 13
    assert page.column("status").count("failed") == 1
    scores = {run.name: run.scores.get("test", {}).get("miou") for run in report.runs}
    shown = dict(zip(page.column("run"), page.column(SCORE), strict=True))
    assert shown == {name: "" if score is None else f"{score:.4f}" for name, score in scores.items()}
    assert "12 finished" not in page.status() and page.status() == "13 runs"


def test_a_click_on_a_heading_sorts_by_value_up_down_and_back(opened, report):
    page = opened(report)
    before = page.column("run")
    page.sort("parameters")
    assert page.column("parameters") == ["4,000"] * 7 + ["12,000"] * 6  # as text 12,000 would come first
    assert page.head("parameters").get_attribute("aria-sort") == "ascending"
    assert page.status() == "13 runs, sorted by parameters, ascending"
    page.sort("parameters")
    assert page.column("parameters") == ["12,000"] * 6 + ["4,000"] * 7
    assert page.head("parameters").get_attribute("aria-sort") == "descending"
    page.sort("parameters")
    assert page.column("run") == before
    assert page.head("parameters").get_attribute("aria-sort") is None


def test_scores_are_sorted_from_the_best_and_what_has_none_is_last_either_way(opened, report):
    page = opened(report)
    names = {run.name: run.scores.get("test", {}).get("miou") for run in report.runs}
    known = sorted((name for name in names if names[name] is not None), key=lambda name: -names[name])
    page.sort(SCORE)
    assert page.column("run")[:-1] == known and page.column(SCORE)[-1] == ""
    page.sort(SCORE)
    assert page.column("run")[:-1] == known[::-1] and page.column(SCORE)[-1] == ""


def test_the_leaderboard_is_sorted_too(opened, report):
    page = opened(report)
    name = leaderboard(report)
    page.sort("model", name)
    assert page.column("model", name) == sorted(page.column("model", name))


def test_a_mark_says_what_it_means(opened, tmp_path):
    draw_sweep(tmp_path / "outputs", methods={"ce": 0.1, "dice": 0.2})
    draw_sweep(tmp_path / "outputs", methods={"focal": 0.15}, code={"commit": "d" * 40, "dirty": True})
    report = make_report(tmp_path / "outputs", base=tmp_path, resamples=0)
    page = opened(report, path=tmp_path / "page.html")
    [mark] = page.all(f"{page.table(leaderboard(report))} abbr")
    assert mark.text == "a" and "not committed" in mark.get_attribute("title")
    assert page.column("marks", leaderboard(report)) == ["", "a ", ""]


def test_a_page_without_runs_stands(opened, report):
    page = opened(Report(root=report.root, parts=[]))
    assert page.one("#runs tbody").text == "No runs fit the filters."


def test_typed_words_leave_the_rows_that_hold_all_of_them(opened, report):
    page = opened(report)
    page.one("#runs-search").send_keys("DEEPLAB ce+dice")
    assert page.column("run") == [f"disks-deeplab_plus-ce+dice-s{seed}" for seed in (1, 2, 3)]
    assert page.status() == "3 of 13 runs shown"
    page.one("#runs-search").send_keys(" nowhere")
    assert page.one("#runs tbody").text == "No runs fit the filters."
    page.button("Reset", "#runs").click()
    assert page.status() == "13 runs"


def test_columns_are_chosen_and_a_chosen_one_sorts_and_filters(opened, report):
    page = opened(report)
    assert "GFLOP" not in page.heads() and SCORE in page.heads()
    page.button("Columns", "#runs").click()
    boxes = {label.text: label for label in page.all("#runs .panel label")}
    boxes["GFLOP"].click()
    boxes = {label.text: label for label in page.all("#runs .panel label")}
    boxes[SCORE].click()
    assert "GFLOP" in page.heads() and SCORE not in page.heads()
    assert set(page.column("GFLOP")) == {"0.004", "0.012"}


def test_what_all_runs_agree_in_is_told_once_and_not_in_every_row(opened, report):
    page = opened(report)
    assert "optimizer adam" in page.one("#runs .about").text
    assert "optimizer" not in page.heads()


def test_the_address_brings_the_view_back(opened, report):
    page = opened(report)
    page.sort(SCORE)
    page.one("#runs-search").send_keys("unet")
    page.button("Filters", "#runs").click()
    page.one("#runs [aria-label='Filter loss'] option[value='=ce+dice']").click()
    page.button("Columns", "#runs").click()
    next(label for label in page.all("#runs .panel label") if label.text == "memory, GB").click()
    name = leaderboard(report)
    page.sort("seeds", name)
    seen = page.heads(), page.column("run"), page.status(), page.column("model", name)
    assert len(seen[1]) == 3
    address = page.browser.current_url
    page.browser.get("about:blank")
    page.browser.get(address)
    assert (page.heads(), page.column("run"), page.status(), page.column("model", name)) == seen
    assert page.head(SCORE).get_attribute("aria-sort") == "descending"
    assert page.one("#runs-search").get_attribute("value") == "unet"


def test_a_run_has_a_page_with_an_address_that_back_leaves(opened, report):
    page = opened(report)
    run = next(run for run in report.runs if run.name == "disks-unet-ce-s2")
    page.sort("run")
    next(link for link in page.all("#runs tbody th a") if link.text == run.name).click()
    page.wait(lambda: page.all("dialog[open]"))
    text = page.one("dialog").text
    assert page.one("dialog h2").text == run.name
    assert f"run={run.id[:8]}" in page.browser.current_url
    assert run.path.rpartition("/")[2] in text and "unet" in text
    assert page.one("dialog pre").text.rstrip() == (Path(run.path) / "config.yaml").read_text().rstrip()
    for value in (run.scores["test"]["dice"], run.scores["val"]["miou"], *run.per_class["test"]["iou"].values()):
        assert f"{value:.4f}" in text
    page.browser.back()
    page.wait(lambda: not page.all("dialog[open]"))
    assert page.head("run").get_attribute("aria-sort") == "ascending"


def test_the_address_of_a_run_opens_it_and_escape_closes_it(opened, report):
    run = report.runs[3]
    page = opened(report, view=f"run={run.id}")
    assert page.one("dialog[open] h2").text == run.name
    page.keys("\ue00c")
    # the browser tells of the closing a moment after it
    page.wait(lambda: not page.all("dialog[open]") and "run=" not in page.browser.current_url)
    assert "no run" in page.open("run=ffffffff").one("dialog[open]").text


def test_learning_curves_are_drawn_from_the_metrics_of_the_run(opened, report):
    run = next(run for run in report.runs if run.scores)
    page = opened(report, view=f"run={run.id[:8]}")
    assert [caption.text for caption in page.all("dialog figcaption")] == ["miou", "loss"]
    lines = [line.split(",") for line in (Path(run.path) / "metrics.csv").read_text().splitlines()[1:]]
    measured = [(float(step), float(value)) for step, _, value, _ in lines if value]
    points = page.one("dialog svg polyline").get_attribute("points").split()
    drawn = [tuple(map(float, point.split(","))) for point in points]
    assert len(drawn) == len(measured) == 4
    # a line through pixels and values: every point must lie on the same one
    scale = (drawn[3][1] - drawn[0][1]) / (measured[3][1] - measured[0][1])
    for (_, value), (_, y) in zip(measured, drawn, strict=True):
        assert y == pytest.approx(drawn[0][1] + (value - measured[0][1]) * scale, abs=0.2)
    assert scale < 0  # up is more
    assert f"highest {float(f'{measured[3][1]:.4g}'):g}" in page.one("dialog svg").get_attribute("aria-label")


def test_the_next_run_is_the_next_of_the_table_as_it_is_sorted(opened, report):
    page = opened(report, view="runs.sort=-test.miou")
    order = page.column("run")
    page.all("#runs tbody th a")[0].click()
    page.wait(lambda: page.all("dialog[open]"))
    assert not page.button("Previous run", "dialog").is_enabled()
    page.button("Next run", "dialog").click()
    assert page.one("dialog h2").text == order[1]


def test_a_method_of_the_leaderboard_leads_to_the_pages_of_its_seeds(opened, report):
    page = opened(report)
    links = page.all(f"{page.table(leaderboard(report))} tbody tr:first-child td:last-child a")
    assert [link.text for link in links] == ["1", "2", "3"]
    links[1].click()
    page.wait(lambda: page.all("dialog[open]"))
    assert page.one("dialog h2").text == report.parts[0].board.places[0].method.runs[1].name


def test_folders_are_linked_relative_to_the_page(opened, report, outputs, tmp_path):
    page = opened(report, path=outputs / "report" / "index.html")
    for link in page.all("#runs tbody td:last-child a"):
        folder = Path(unquote(link.get_attribute("href").removeprefix("file://")))
        assert (folder / "result.json").is_file()


def test_rows_come_200_a_page_and_say_where_they_stand(opened, many):
    page = opened(many)
    assert len(page.column("run")) == 200
    page.button("Next", "#runs").click()
    assert page.column("run") == [f"run-{i}" for i in range(200, 400)]
    assert page.status() == "450 runs; here 201 to 400 of 450"
    assert page.one("#runs table").get_attribute("aria-rowcount") == "451"
    assert page.one("#runs tbody tr").get_attribute("aria-rowindex") == "202"
    page.open(page.browser.current_url.partition("#")[2])
    assert page.column("run")[0] == "run-200"
    page.sort("parameters")
    assert page.column("parameters") == [str(value) for value in range(200)]
    assert "runs.page" not in page.browser.current_url


def test_runs_are_sorted_by_the_numbers_in_their_names(opened, many):
    page = opened(many)
    page.sort("run")
    assert page.column("run")[:12] == [f"run-{i}" for i in range(12)]


def test_of_many_runs_the_page_says_that_it_leaves_their_curves_out(opened, many):
    page = opened(many)
    assert "left out, as there are more than 300 runs" in page.one("#runs .about").text
    page.all("#runs tbody th a")[0].click()
    page.wait(lambda: page.all("dialog[open]"))
    assert "lie in" in page.one("dialog").text and not page.all("dialog pre")


def test_the_page_is_dark_where_the_reader_likes_it_and_at_a_press(opened, report):
    page = opened(report)

    def brightness() -> int:
        color = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", color)[:3]))

    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    assert brightness() < 150
    page.wait(lambda: page.one("#dark").get_attribute("aria-pressed") == "true")
    page.one("#dark").click()
    assert brightness() > 600 and page.one("#dark").get_attribute("aria-pressed") == "false"
    page.open()
    assert brightness() > 600, "the choice is remembered"
    page.one("#dark").click()
    assert brightness() < 150
    page.run("localStorage.clear()")


def test_the_keyboard_reaches_and_works_everything_and_is_caught_nowhere(opened, report):
    tab, enter, space, escape = "\ue004", "\ue007", " ", "\ue00c"
    page = opened(report)
    page.keys(tab)
    assert page.focused() == "Skip to the report"
    page.keys(enter)
    assert page.focused("id") == "main"
    seen = []
    for _ in range(400):
        page.keys(tab)
        if page.focused("tagName") == "BODY" or page.focused("className") == "skip":
            break
        seen.append(page.run("return document.activeElement.closest('th')?.dataset.key ?? document.activeElement.id"))
        style, width = page.run(
            "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
        )
        assert style == "solid" and float(width.removesuffix("px")) >= 2, "the focus is seen"
    else:
        raise AssertionError("the focus never came to the end of the page")
    assert {"runs-search", "test.miou", "parameters", "rank"} <= set(seen)

    page.run("arguments[0].focus()", page.head("parameters").find_element("css selector", "button"))
    page.keys(enter)
    assert page.head("parameters").get_attribute("aria-sort") == "ascending"
    assert page.focused() == "parameters", "the focus stays"
    page.keys(space)
    assert page.head("parameters").get_attribute("aria-sort") == "descending"

    page.run("document.querySelector('#runs summary').focus()")
    page.keys(enter, tab, space)
    assert "study" in page.heads()  # it was hidden, as all runs agree in it
    page.keys(escape)
    assert page.focused() == "Columns" and page.one("#runs details").get_attribute("open") is None

    page.run("document.querySelector('#runs tbody a').focus()")
    name = page.focused()
    page.keys(enter)
    page.wait(lambda: page.all("dialog[open]"))
    assert page.focused() == name  # the heading of its page
    page.keys(escape)
    page.wait(lambda: not page.all("dialog[open]"))
    assert page.focused() == name


def test_tables_regions_and_controls_have_names_for_a_screen_reader(opened, report):
    page = opened(report, view=f"run={report.runs[0].id[:8]}")
    tree = page.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    page.keys("\ue00c")
    page.wait(lambda: not page.all("dialog[open]"))
    tree += page.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    needing = {
        "table",
        "button",
        "link",
        "searchbox",
        "combobox",
        "checkbox",
        "region",
        "dialog",
        "navigation",
        "image",
    }
    found = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node.get("ignored")]
    assert {"table", "button", "link", "searchbox", "dialog", "navigation", "main", "banner"} <= {
        role for role, _ in found
    }
    assert [role for role, name in found if role in needing and not name] == []
    assert ("dialog", report.runs[0].name) in found
    ids = page.run("return [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))


HOSTILE = (
    "<img src=x onerror=window.hacked=1> </script><script>window.hacked=1</script> \"'& &amp; \u2028 {{data}} ${1}"
)


def test_what_records_hold_shows_as_text_and_breaks_nothing(opened, tmp_path):
    root = tmp_path / "outputs"
    for seed in (1, 2):
        draw_run(root, seed=seed, loss=HOSTILE, folder=f"plain{seed}", name=HOSTILE, classes=("a<b>", HOSTILE, "c\0d"))
        draw_run(root, seed=seed, folder=f"other{seed}", overrides=[f"optimizer.name={HOSTILE}"])
    (root / "study" / "plain1" / "config.yaml").write_text(f"name: {HOSTILE}")
    (root / "study" / "plain1" / "metrics.csv").write_text(
        f'step,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\n1,2\n2,3\n'
    )
    report = make_report(root, base=tmp_path, resamples=0)
    report.warnings.append(HOSTILE)
    picture = tmp_path / "x.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>window.hacked=1</script></svg>')
    page = opened(report, path=tmp_path / "page.html", pictures=[[(HOSTILE, picture)]])
    said = page.run("return document.querySelector('.warnings li').textContent")
    assert said == HOSTILE
    assert HOSTILE in page.column("run") and HOSTILE in page.column("optimizer.name")
    assert HOSTILE in page.column("loss", leaderboard(report))
    assert page.one(".pictures img").get_attribute("alt") == HOSTILE
    key = next(run.id[:8] for run in report.runs if run.path.endswith("plain1"))
    page.open(f"run={key}")
    text = page.run("return document.querySelector('dialog').textContent")
    assert page.run("return document.querySelector('dialog pre').textContent") == f"name: {HOSTILE}"
    assert text.count(HOSTILE) >= 4  # its name, its setting, its class, its configuration
    page.one("#runs-search")
    page.run("document.querySelector('dialog').close()")
    page.one("#runs-search").send_keys("<img")
    assert page.status() == "4 of 4 runs shown" or page.status() == "4 runs"
    assert page.run("return window.hacked") is None
    assert page.run("return document.querySelectorAll('img').length") == 1


def test_names_that_are_no_text_are_shown_and_linked(opened, tmp_path):
    root = tmp_path / "outputs"
    strange = os.fsdecode(b"caf\xe9 #1%")
    path = draw_run(root, folder=strange)
    report = make_report(root, base=tmp_path, resamples=0)
    page = opened(report, path=tmp_path / "page.html")
    assert page.column("folder") == ["outputs/study/caf\ufffd #1%"]
    assert page.one("#runs td a").get_attribute("href").endswith("outputs/study/caf%E9%20%231%25/")
    assert path.is_dir()


def test_a_hostile_address_is_looked_up_and_not_believed(opened, report):
    view = "runs.sort=-nothing&runs.is.__proto__=%3Dx&run=<img src=x onerror=window.hacked=1>"
    view += "&runs.show.name=no&runs.page=-3&runs.show.gflop=%25E0%25A4&runs.is.seed="
    page = opened(report, view=view)
    assert page.run("return window.hacked") is None
    assert "no run" in page.one("dialog[open]").text and len(page.column("run")) == 13


def test_nothing_is_asked_of_the_network_and_the_page_may_not(opened, report):
    page = opened(report)
    page.requests()
    page.open()
    page.sort(SCORE)
    page.all("#runs tbody th a")[0].click()
    page.wait(lambda: page.all("dialog[open]"))
    asked = page.requests()
    assert page.path.as_uri() in asked
    assert [address for address in asked if not address.startswith(("file:", "data:", "about:"))] == []
    refused = page.browser.execute_async_script(
        "const done = arguments[0];"
        "addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));"
        "fetch('http://127.0.0.1:9/').catch(() => {});"
    )
    assert refused == "connect-src"
    assert any("Content Security Policy" in message for message in page.errors())


def test_a_page_that_cannot_be_written_is_told_in_a_sentence(report, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be made: .* Give one that can be written"):
        write_page(report, tmp_path / "file" / "page.html")


def test_the_same_report_makes_the_same_page(report, tmp_path):
    first = write_page(report, tmp_path / "a" / "page.html").read_bytes()
    assert write_page(report, tmp_path / "a" / "page.html").read_bytes() == first


def test_runs_of_one_id_have_pages_of_their_own(opened, tmp_path):
    root = tmp_path / "outputs"
    draw_run(root, seed=1, folder="a", name="first")
    draw_run(root, seed=1, folder="a-2", name="again")
    runs = read_runs(root).runs
    assert runs[0].id == runs[1].id
    page = opened(make_report(root, base=tmp_path, resamples=0))
    titles = []
    for link in page.all("#runs tbody th a"):
        page.run("arguments[0].click()", link)
        page.wait(lambda: page.all("dialog[open]"))
        titles.append(page.one("dialog h2").text)
        page.run("document.querySelector('dialog').close()")
    assert sorted(titles) == ["again", "first"]


def wide_board(root: Path) -> Report:
    for number, backbone in enumerate(("resnet18", "efficientnet_b0.ra_in1k")):
        path = draw_run(
            root, model="deeplabv3plus", backbone=backbone, miss=0.1 + 0.1 * number, seed=1,
            overrides=[f"{key}=0.00{number + 1}" for key in ("optimizer.learning_rate", "optimizer.weight_decay")]
            + [f"data.augmentation.brightness={number}", f"trainer.accumulate_grad_batches={number + 1}"],
        )  # fmt: skip
        assert path.is_dir()
    return make_report(root, base=root / "report", resamples=100)


def test_a_leaderboard_too_wide_for_the_page_leaves_columns_out_and_says_so(opened, tmp_path):
    report = wide_board(tmp_path / "runs")
    page = opened(report)
    name = leaderboard(report)
    place = f"[id='{name}'] > .wide"
    heads = page.heads(name)
    assert "memory, GB" not in heads and "runs" in heads and "test miou" in heads
    assert "not shown for lack of room" in page.status(name)
    assert page.run("return getComputedStyle(document.querySelector(arguments[0])).overflowX", place) == "auto"
    # chosen, a column is there however wide the table gets
    page.button("Columns", f"[id='{name}']").click()
    box = next(label for label in page.all(f"[id='{name}'] .panel label") if label.text.strip() == "memory, GB")
    assert not box.find_element("css selector", "input").is_selected()
    box.click()
    assert "memory, GB" in page.heads(name)
    page.open(page.run("return location.hash").removeprefix("#"))
    assert "memory, GB" in page.heads(name)


def test_a_verdict_is_not_cut_off(opened, tmp_path):
    report = wide_board(tmp_path / "runs")
    page = opened(report)
    name = report.parts[0].sheets[-1].name
    cut = page.run(
        "return [...document.querySelectorAll(arguments[0])]."
        "map(cell => [cell.scrollWidth > cell.clientWidth, cell.textContent])",
        f"{page.table(name)} tbody td:last-child",
    )
    assert [text.startswith("no verdict: 1 seed") for _, text in cut] == [True] and not cut[0][0]
