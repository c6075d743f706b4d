"""A browser, and pages of reports opened in it as a person opens them: from a file, with no network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drawn_runs import draw_run, draw_sweep
from segladder.report.page.page import write_page
from segladder.report.report import Report, make_report

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window, its messages kept."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="pages are clicked through with selenium")
    driver = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        pytest.skip("no Chromium with its driver here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield opened
    opened.quit()


class Page:
    """A page in the browser, and what is seen of it."""

    def __init__(self, browser: Any, path: Path) -> None:
        self.browser, self.path = browser, path

    def open(self, view: str = "") -> Page:
        """From anew, with the view that an address holds."""
        self.browser.get("about:blank")
        self.browser.get(self.path.as_uri() + (f"#{view}" if view else ""))
        return self

    def run(self, script: str, *values: Any) -> Any:
        return self.browser.execute_script(script, *values)

    def all(self, css: str) -> list[Any]:
        return list(self.browser.find_elements("css selector", css))

    def one(self, css: str) -> Any:
        return self.browser.find_element("css selector", css)

    def table(self, name: str) -> str:
        """The beginning of a selector of what belongs to a table."""
        return f"[id='{name}'] > .wide table"

    def heads(self, name: str = "runs") -> list[str]:
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(cell => cell.textContent)",
            f"{self.table(name)} thead tr:first-child th",
        )

    def column(self, title: str, name: str = "runs") -> list[str]:
        """The cells of a column as they stand."""
        at = self.heads(name).index(title)
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(row => row.children[arguments[1]].textContent)",
            f"{self.table(name)} tbody tr",
            at,
        )

    def head(self, title: str, name: str = "runs") -> Any:
        return self.all(f"{self.table(name)} thead tr:first-child th")[self.heads(name).index(title)]

    def sort(self, title: str, name: str = "runs") -> None:
        self.head(title, name).find_element("css selector", "button").click()

    def status(self, name: str = "runs") -> str:
        return self.one(f"#{name} .status").text

    def button(self, text: str, within: str = "body") -> Any:
        return next(b for b in self.all(f"{within} button, {within} summary") if b.text == text)

    def wait(self, sign: Callable[[], Any]) -> Any:
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.browser, 30).until(lambda _: sign())

    def keys(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self, read: str = "textContent") -> str:
        return self.run(f"return document.activeElement.{read}")

    def requests(self) -> list[str]:
        """Every address that was asked for since the last look."""
        events = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """`opened(report)` writes its page and opens it; at the end the page must have complained of nothing."""
    pages: list[Page] = []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    browser.get_log("browser")

    def open_page(report: Report, *, path: Path | None = None, view: str = "", **settings: Any) -> Page:
        page = Page(browser, write_page(report, path or tmp_path / "report" / "report.html", **settings))
        pages.append(page.open(view))
        return page

    yield open_page
    assert [message for page in pages for message in page.errors()] == []
    browser.get("about:blank")


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks, two losses and three seeds, all finished but one."""
    root = tmp_path_factory.mktemp("drawn") / "outputs"
    for model, extra in (("unet", 0.0), ("deeplab_plus", 0.03)):
        draw_sweep(root, methods={"ce": 0.10 + extra, "ce+dice": 0.08 + extra}, model=model)
    draw_run(root, model="unet", loss="focal", seed=1, status="failed")
    return root


@pytest.fixture(scope="session")
def report(outputs: Path) -> Report:
    return make_report(outputs, base=outputs / "report", resamples=200)


@pytest.fixture
def many(report: Report) -> Report:
    """450 runs, more than a page of the table holds."""
    first = report.runs[0]
    runs = [
        replace(first, path=f"{first.path}-{i}", id=f"{i:064x}"[::-1], name=f"run-{i}", seed=i, parameters=i * 37 % 450)
        for i in range(450)
    ]
    return Report(root=report.root, parts=[], runs=runs)
