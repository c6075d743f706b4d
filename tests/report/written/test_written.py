"""Sheets as text, Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess

import pytest

from segladder.report.sheets.sheet import Cell, Column, Sheet
from segladder.report.written.comma import comma
from segladder.report.written.latex import latex
from segladder.report.written.markdown import markdown
from segladder.report.written.terminal import terminal

EVIL = "<b>a|b</b> & 50% $x_1$ #~^{}\\ [c] *d* `e` \udcff"


@pytest.fixture
def sheet():
    return Sheet(
        name="board",
        title="Leaderboard of disks",
        columns=[
            Column(key="rank", title="rank", right=True),
            Column(key="loss", title="loss"),
            Column(key="miou", title="test miou", right=True),
            Column(key="hours", title="hours", right=True, minor=True),
            Column(key="runs", title="runs", minor=True),
        ],
        rows=[
            [
                Cell(text="1", value=1),
                Cell(text="dice"),
                Cell(text="0.9913 ± 0.0010", value=0.99131, best=True, parts=(("std", 0.00101),)),
                Cell(text="0.01", value=0.0123),
                Cell(text="a-run", link="../study/a-run"),
            ],
            [
                Cell(text="1", value=1),
                Cell(text=EVIL),
                Cell(text="-0.5", value=-0.5, second=True),
                Cell(text="", value=None),
                Cell(text=""),
            ],
        ],
        notes=["a: 50% of <them>."],
    )


def test_a_terminal_shows_all_that_fits(sheet):
    lines = terminal(sheet).splitlines()
    assert lines[0] == "Leaderboard of disks"
    assert re.split(r"\s{2,}", lines[2].strip()) == ["rank", "loss", "test miou", "hours", "runs"]
    assert lines[-1] == "a: 50% of <them>."
    narrow = terminal(sheet, width=60).splitlines()
    assert max(map(len, narrow)) <= 60
    assert "test miou" in narrow[2] and "runs" not in narrow[2]


def test_markdown_is_a_table_in_which_names_are_text(sheet):
    lines = markdown(sheet).splitlines()
    assert lines[2] == "| rank | loss | test miou | hours | runs |"
    assert lines[3] == "| ---: | --- | ---: | ---: | --- |"
    assert lines[4] == "| 1 | dice | **0.9913 ± 0.0010** | 0.01 | [a-run](../study/a-run/) |"
    # as many cells as elsewhere: the bar in the name is escaped
    assert len(re.findall(r"(?<!\\)\|", lines[5])) == 6
    assert "\\<b\\>" in lines[5] and "&amp; 50%" in lines[5] and "\\[c\\]" in lines[5]
    assert lines[-1] == "- a: 50% of \\<them\\>."


def test_latex_is_booktabs_with_the_best_bold_and_the_second_underlined(sheet):
    text = latex(sheet)
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")
    assert r"\begin{tabular}{rlr}" in text
    assert r"1 & dice & \textbf{0.9913 $\pm$ 0.0010} \\" in text
    assert r"\underline{$-$0.5}" in text
    assert "2 methods share the first rank" in text
    assert "hours" not in text


def test_latex_takes_names_as_text(sheet):
    line = next(line for line in latex(sheet).splitlines() if "textless" in line and r"\\" in line)
    assert line.count(" & ") == 2
    for set_as_is in (r"\textless{}b\textgreater{}", r"a\textbar{}b", r"\& 50\%", r"\$x\_1\$", r"\#\textasciitilde{}"):
        assert set_as_is in line
    assert r"\textasciicircum{}\{\}\textbackslash{}" in line and "{[}c{]}" in line
    assert balanced(latex(sheet))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_latex_compiles(sheet, tmp_path):
    (tmp_path / "board.tex").write_text(latex(sheet))
    packages = r"\usepackage{booktabs,graphicx,array}"
    whole = rf"\documentclass{{article}}{packages}\begin{{document}}\input{{board}}\end{{document}}"
    (tmp_path / "whole.tex").write_text(whole)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "whole"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def balanced(text):
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text.replace(r"\\", "")):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0 and text.count(r"\begin{") == text.count(r"\end{")


def test_csv_has_every_column_and_whole_numbers(sheet):
    head, first, second = csv.reader(io.StringIO(comma(sheet)))
    assert head == ["rank", "loss", "miou", "miou_std", "hours", "runs"]
    assert first == ["1", "dice", "0.99131", "0.00101", "0.0123", "a-run"]
    assert second[2] == "-0.5" and second[1].startswith("<b>a|b</b>")


def test_csv_has_both_ends_of_an_interval():
    cell = Cell(text="[0.1, 0.2]", value=0.1, parts=(("low", 0.1), ("high", 0.2)))
    sheet = Sheet(name="a", title="a", columns=[Column(key="interval", title="i")], rows=[[cell], [Cell(text="")]])
    assert comma(sheet).splitlines() == ["interval_low,interval_high", "0.1,0.2", ","]


def test_csv_holds_no_formulas():
    cells = [[Cell(text="=1+1"), Cell(text="-", value=-1.0)]]
    sheet = Sheet(name="a", title="a", columns=[Column(key="a", title="a"), Column(key="b", title="b")], rows=cells)
    assert comma(sheet).splitlines()[1] == "'=1+1,-1.0"


@pytest.fixture
def long_sheet():
    """66 comparisons, as of 12 methods."""
    columns = [Column(key="method", title="method"), Column(key="against", title="against")]
    columns += [Column(key=key, title=key, right=True) for key in ("difference of miou", "95 % interval", "p")]
    columns += [Column(key="verdict", title="verdict")]
    texts = ("smp_fpn efficientnet_b0.ra_in1k ce", "-0.0048", "[+0.0012, +0.0084]", "0.229")
    rows = [
        [Cell(text=f"unet{i} ce"), *(Cell(text=text) for text in texts), Cell(text="no verdict: 2 seeds, 3 needed")]
        for i in range(66)
    ]
    return Sheet(name="pairs", title="Comparisons", columns=columns, rows=rows, notes=["A note."])


def test_latex_divides_a_long_table_and_keeps_its_letters_large_enough(long_sheet):
    text = latex(long_sheet)
    count = text.count(r"\begin{table}")
    assert count > 1 and text.count(r"\end{table}") == count
    assert text.count("unet") == 66 and text.count(r"\toprule") == count
    assert f"Comparisons (1 of {count})." in text and f"Comparisons ({count} of {count})." in text
    assert text.count("A note.") == 1 and text.count(r"\label{tab:pairs}") == 1
    assert r"\footnotesize" in text and r"\raggedright\arraybackslash" in text
    assert r"efficientnet\_\allowbreak{}b0" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_a_long_table_is_hardly_shrunk_and_runs_out_of_no_page(long_sheet, tmp_path):
    told = latex(long_sheet).replace(r"\resizebox{", r"\typeout{WIDE \the\linewidth}\resizebox{")
    (tmp_path / "board.tex").write_text(told)
    packages = r"\usepackage{booktabs,graphicx,array}"
    measured = r"\let\old\resizebox\long\def\resizebox#1#2#3{\sbox0{#3}\typeout{NATURAL \the\wd0}\usebox0}"
    whole = rf"\documentclass{{article}}{packages}{measured}\begin{{document}}\input{{board}}\end{{document}}"
    (tmp_path / "whole.tex").write_text(whole)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "whole"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    line = float(re.search(r"WIDE ([\d.]+)pt", done.stdout)[1])
    natural = [float(found) for found in re.findall(r"NATURAL ([\d.]+)pt", done.stdout)]
    assert natural and max(natural) < 1.15 * line
    assert "Float too large" not in done.stdout
