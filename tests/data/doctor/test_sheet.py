"""The page: self-contained, bounded, with every name escaped; and check.json beside it."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from drawn_faults import draw_clean, plant
from segladder.data.doctor import sheet
from segladder.data.doctor.thumbnails import Artist
from segladder.data.doctor.written import content, write_json


@pytest.fixture
def planted(tmp_path):
    plant(draw_clean(tmp_path / "<b>set & co"))
    return tmp_path / "<b>set & co"


def test_names_are_escaped_and_nothing_is_fetched(planted, tmp_path, examine):
    (planted / "images" / "010.png").rename(planted / "images" / "<img src=x onerror=alert(1)>.png")
    sheet.write_sheet(examine(planted), tmp_path / "index.html", workers=0)
    page = (tmp_path / "index.html").read_text()
    assert "<b>" not in page and "&lt;b&gt;set &amp; co" in page
    assert "<script" not in page and "onerror" not in re.sub(r"&lt;img[^<]*", "", page)
    assert not re.search(r'(?:src|href)="(?!data:image/jpeg;base64,|#)', page)


def test_pictures_are_bounded_in_number_and_bytes(tmp_path, examine, monkeypatch):
    checkup = examine(draw_clean(tmp_path / "set"))
    sheet.write_sheet(checkup, tmp_path / "index.html", workers=2)
    whole = (tmp_path / "index.html").read_text()
    assert whole.count("<img ") == 16  # 8 of each split at most, and val and test have 4
    monkeypatch.setattr(sheet, "_MOST_PICTURES", 5)
    monkeypatch.setattr(sheet, "_MOST_BYTES", 20_000)
    sheet.write_sheet(checkup, tmp_path / "index.html", workers=0)
    page = (tmp_path / "index.html").read_text()
    assert page.count("<figure>") == 5
    assert 1 <= page.count("<img ") < 5 and "no room for a picture" in page
    assert len(page) < 50_000


def test_samples_say_which_classes_their_colours_are(planted, tmp_path, examine):
    checkup = examine(planted)
    sheet.write_sheet(checkup, tmp_path / "index.html", workers=0)
    page = (tmp_path / "index.html").read_text()
    legends = re.findall(
        r'<code>([^<]*)</code> <span class=\'quiet\'>[^<]*</span><div class="legend">(.*?)</div>', page
    )
    told = {file: re.sub(r"<[^>]*>", "", legend).split() for file, legend in legends}
    assert sorted(told["images/012.png"]) == ["background", "leaf", "stem"]
    assert " ".join(told["images/001.png"]) == "no label that can be read"
    colors = {"background": "0,0,0", "leaf": "128,0,0", "stem": "0,128,0"}
    for name, color in colors.items():
        assert f'<span class="key" style="background:rgb({color})"></span>{name}</td>' in page


def test_what_is_there_is_never_called_0_percent():
    assert [sheet.share_words(share) for share in (0, 0.00004, 0.0001, 0.5, 1)] == [
        "-",
        "<0.01%",
        "0.01%",
        "50.00%",
        "100.00%",
    ]


def test_the_file_for_programs(planted, tmp_path, examine):
    checkup = examine(planted)
    write_json(checkup, tmp_path / "check.json")
    read = json.loads((tmp_path / "check.json").read_text())
    assert read == json.loads(json.dumps(content(checkup)))
    assert (read["schema"], read["verdict"], read["errors"], read["warnings"]) == (1, "error", 10, 4)
    by_kind = {group["kind"]: group for group in read["findings"]}
    assert by_kind["values"]["files"] == [{"split": "train", "file": "labels/004.png", "what": "value 7 (10 pixels)"}]
    assert read["splits"]["val"]["pixels"] == {"background": 4096, "leaf": 4096, "stem": 4096}
    assert read["splits"]["val"]["sizes"] == {
        "least": [48, 64],
        "median": [48, 64],
        "most": [48, 64],
        "distinct": 1,
    }


def test_the_page_in_a_browser_in_light_and_dark_narrow_and_wide(planted, tmp_path, examine):
    webdriver = pytest.importorskip("selenium.webdriver", reason="the page is looked at with selenium")
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or chromium is None:
        pytest.skip("no Chromium with its driver here: apt-get install chromium chromium-driver")
    described = json.loads((planted / "dataset.json").read_text())
    described["classes"] += [f"a class of many words, number {number}" for number in range(3, 150)] + ["x" * 90]
    (planted / "dataset.json").write_text(json.dumps(described))
    (planted / "images" / "013.png").rename(planted / "images" / f"{'long-' * 40}.png")
    (planted / "labels" / "013.png").rename(planted / "labels" / f"{'long-' * 40}.png")
    (planted / "splits" / "val.txt").write_text(f"012\n{'long-' * 40}\n014\n015\n")
    sheet.write_sheet(examine(planted), tmp_path / "index.html", workers=0)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        papers = {}
        for scheme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
            browser.get((tmp_path / "index.html").as_uri())
            papers[scheme] = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        broken = browser.execute_script(
            "for (const i of document.images) i.loading = 'eager';"
            "return Promise.all([...document.images].map(i => i.decode().then(() => 0, () => 1)))"
            ".then(all => all.reduce((a, b) => a + b, 0))"
        )
        rows = browser.find_elements("css selector", "#findings + table tbody tr")
        cut = {}
        for width in (400, 500, 800, 1600):
            screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            cut[width] = browser.execute_script(
                "const over = e => e.scrollWidth - e.clientWidth;"
                "return Math.max(...[document.documentElement, ...document.querySelectorAll('.wide')].map(over))"
            )
        errors = browser.get_log("browser")
    finally:
        browser.quit()
    assert papers == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 28)"}
    assert (broken, len(rows), errors) == (0, 14, [])
    assert cut == dict.fromkeys((400, 500, 800, 1600), 0)


def test_what_is_to_be_typed_is_code_and_images_that_cannot_be_read_say_so(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    palette = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], dtype=np.uint8)
    (root / "dataset.json").write_text(json.dumps({"classes": ["a", "b", "c"], "palette": palette.tolist()}))
    Image.fromarray(palette[np.asarray(Image.open(root / "labels/003.png"))]).save(root / "labels/003.png")
    (root / "images/005.png").write_bytes(b"no picture")
    sheet.write_sheet(examine(root), tmp_path / "index.html", workers=0)
    page = (tmp_path / "index.html").read_text()
    assert "<code>fix=DIR</code>" in page and "`" not in page
    [card] = [card for card in page.split("<figure>") if "The image cannot be read" in card]
    assert "images/005.png" in card


def test_a_spot_too_small_to_be_seen_has_a_ring_around_it(tmp_path, examine):
    root = draw_clean(tmp_path / "set")
    paths = [root / f"labels/{name}.png" for name in ("003", "004")]
    for path, spot in zip(paths, (np.s_[10:12, 20:22], np.s_[8:40, 8:56]), strict=True):
        label = np.asarray(Image.open(path)).copy()
        label[spot] = 9
        Image.fromarray(label).save(path)
    checkup = examine(root)
    view, info = checkup.survey.splits[0].view, checkup.survey.info
    small, large = (Artist([], info)._labelled(*view.pictures(index)) for index in (3, 4))
    scale = small.shape[0] / 48
    middle, radius = (round(11 * scale), round(21 * scale)), 12
    around = small[middle[0] - 3 : middle[0] + 3, middle[1] + radius - 2 : middle[1] + radius + 2].reshape(-1, 3)
    assert (around == (255, 0, 255)).all(1).any()
    glaring = (large == (255, 0, 255)).all(-1)
    assert not glaring[: int(8 * scale) - 1].any()  # what can be seen has none
