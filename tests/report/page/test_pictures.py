"""Pictures on the page: inside it, in their size, on a ground of their own, and why some are missing."""

from __future__ import annotations

import html
import struct
import zlib

import pytest

from drawn_runs import draw_run
from segladder.report.page.page import write_page
from segladder.report.pictures.draw import draw_pictures
from segladder.report.report import make_report
from segladder.report.written.whole import write_report
from segladder.types import UserError


def test_pictures_are_part_of_the_page(opened, report, tmp_path):
    png = tmp_path / "a.png"
    png.write_bytes(_red_pixel())
    svg = tmp_path / "b.svg"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="3"/>')
    page = opened(report, pictures=[[("A red pixel", png), ("Nothing at all", "Nothing", svg)]])
    png.unlink()
    svg.unlink()
    page.open()
    sizes = page.run("return [...document.querySelectorAll('.pictures img')].map(i => [i.alt, i.naturalWidth])")
    assert sizes == [["A red pixel", 1], ["Nothing", 7]]
    assert [caption.text for caption in page.all(".pictures figcaption")] == ["A red pixel", "Nothing at all"]


def test_a_picture_that_cannot_be_shown_is_named(report, tmp_path):
    with pytest.raises(UserError, match=r"x\.png' cannot be read: No such file or directory"):
        write_page(report, tmp_path / "page.html", pictures=[[("x", tmp_path / "x.png")]])
    with pytest.raises(UserError, match=r"x\.pdf' is no \.png"):
        write_page(report, tmp_path / "page.html", pictures=[[("x", tmp_path / "x.pdf")]])
    assert not (tmp_path / "page.html").exists()


def test_letters_of_pictures_are_as_large_as_those_of_the_page_whatever_their_resolution(opened, report, tmp_path):
    from matplotlib.figure import Figure

    for dpi in (100, 200):
        Figure(figsize=(4, 2)).savefig(tmp_path / f"{dpi}.png", dpi=dpi)
    page = opened(report, pictures=[[("fine", tmp_path / "200.png"), ("coarse", tmp_path / "100.png")]])
    sizes = page.run("return [...document.querySelectorAll('.pictures img')].map(i => [i.width, i.height])")
    assert sizes == [[422, 211], [422, 211]]


def test_in_the_dark_a_picture_lies_on_a_light_card_that_is_dimmed(opened, report, tmp_path):
    (tmp_path / "a.png").write_bytes(_red_pixel())
    page = opened(report, pictures=[[("A red pixel", tmp_path / "a.png")]])
    look = "const s = getComputedStyle(document.querySelector('.paper')); return [s.backgroundColor, s.filter]"
    assert page.run(look) == ["rgb(255, 255, 255)", "none"]
    page.one("#dark").click()
    assert page.run(look) == ["rgb(255, 255, 255)", "brightness(0.88)"]
    page.one("#dark").click()
    page.run("localStorage.clear()")
    assert page.run("return getComputedStyle(document.querySelector('.pictures figure')).borderRadius") == "8px"


def test_why_pictures_are_missing_stands_below_the_others(opened, report):
    why = ["Score against cost: nothing is known of <parameters>.", "Confusion: it was not kept."]
    page = opened(report, left_out=[why])
    assert page.one("#board-1 .left-out").find_element("xpath", "preceding-sibling::h3[1]").text == "Pictures left out"
    assert [line.text for line in page.all("#board-1 .left-out li")] == why
    assert "Pictures left out" not in opened(report).one("main").text


def test_the_page_of_a_report_says_why_pictures_are_missing_as_its_markdown_does(tmp_path):
    draw_run(tmp_path, seed=1)
    report = make_report(tmp_path, base=tmp_path / "report", resamples=0)
    write_report(report, tmp_path / "report")
    reasons = draw_pictures(report.parts[0].board, tmp_path / "again", name="x", table=report.parts[0].table).left_out
    page = html.unescape((tmp_path / "report" / "report.html").read_text())
    assert reasons and all(f"<li>{reason}</li>" in page for reason in reasons)


def _red_pixel() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, content)
        for kind, content in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0\xff\0\0")), (b"IEND", b""))
    )
