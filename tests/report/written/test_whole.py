"""All files of a report."""

from __future__ import annotations

import html
import re

from drawn_runs import draw_run
from segladder.report.report import make_report
from segladder.report.written.markdown import escaped
from segladder.report.written.whole import write_report


def test_why_pictures_are_missing_is_told_in_every_form_that_has_pictures(tmp_path):
    path = draw_run(tmp_path / "runs")
    (path / "per_image.npz").unlink()
    output = tmp_path / "report"
    write_report(make_report(tmp_path / "runs", base=output), output)
    page = html.unescape(re.sub(r"<[^>]*>", "", (output / "report.html").read_text(encoding="utf-8")))
    text = (output / "report.md").read_text(encoding="utf-8")
    reasons = [
        "Differences: there is one method alone.",
        "Score against latency of one image, ms: no record holds it.",
        "Differences of classes: there is one method alone.",
        "Confusion: There is no",
        "Worst images: There is no",
    ]
    for reason in reasons:
        assert reason in page and escaped(reason) in text


def test_without_pictures_no_reason_is_asked_for(tmp_path):
    draw_run(tmp_path / "runs")
    output = tmp_path / "report"
    write_report(make_report(tmp_path / "runs", base=output), output, pictures=False)
    assert not (output / "pictures").exists()
    assert "there is one method alone" not in (output / "report.html").read_text(encoding="utf-8")
