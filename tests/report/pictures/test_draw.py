"""All pictures of a board as files, whatever its records hold."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from drawn_runs import draw_run, draw_sweep
from segladder.metrics.per_image import read_arrays, write_arrays
from segladder.report.boards.ablation import ablation
from segladder.report.pictures import draw
from segladder.report.pictures.draw import draw_pictures
from segladder.report.pictures.style import own_style

KINDS = [
    "differences",
    "pareto-parameters",
    "pareto-flops",
    "curves",
    "classes",
    "class-differences",
    "confusion",
    "worst-images",
]


@pytest.fixture(autouse=True)
def no_warnings():
    """A glyph that is missing or a layout that does not fit would warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_a_sweep_of_models_has_every_picture(runs, board, tmp_path, add_confusion):
    for model, miss in (("unet", 0.1), ("deeplab", 0.15)):
        for path in draw_sweep(runs, methods={model: miss}, by="model"):
            add_confusion(path)
    found = draw_pictures(board(), tmp_path / "new" / "pictures", name="board")
    assert [one.path.name for one in found.drawn] == [f"board-{kind}.png" for kind in KINDS]
    assert [reason.split(":")[0] for reason in found.left_out] == [
        "Score against latency of one image, ms",
        "Score against images/s in training",
        "Side by side",
    ]
    for one in found.drawn:
        with Image.open(one.path) as picture:
            assert picture.format == "PNG" and picture.width >= 400
        assert one.path.stat().st_size <= 200_000
        assert one.caption.endswith(".") and one.alt.endswith(".")


def test_what_is_left_out_is_told(runs, board, tmp_path):
    path = draw_run(runs)
    (path / "metrics.csv").unlink()
    (path / "per_image.npz").unlink()
    found = draw_pictures(board(), tmp_path / "out", name="x")
    assert [one.path.name for one in found.drawn] == ["x-classes.png"]
    # beside the kinds that a sweep of models has: latency, speed and side by side
    assert len(found.left_out) == len(KINDS) - 1 + 3
    assert all(reason.endswith((".", "`.")) for reason in found.left_out)


def test_the_same_records_give_the_same_files(runs, board, tmp_path):
    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2})
    one, two = (draw_pictures(board(), tmp_path / name, name="x") for name in "ab")
    assert [a.path.read_bytes() for a in one.drawn] == [b.path.read_bytes() for b in two.drawn]


def test_an_ablation_turns_the_differences_to_its_baseline(runs, board, tmp_path):
    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2, "focal": 0.3})
    found = board()
    drawn = draw_pictures(found, tmp_path, name="x", table=ablation(found, baseline="focal")).drawn
    assert "to loss=focal" in drawn[0].caption


HOSTILE = [
    "$x_1$",
    r"\frac{a}{b}",
    "a_b^c",
    "100%",
    "x" * 300,
    "路面",
    "Ελλάς",
    "tab\tnew\nline",
    "lone\udc80",
    "#&~{}",
]


def figures_of(board, table=None):
    with own_style():
        for make in draw._kinds(board, table):
            try:
                yield make().figure
            except draw.NothingToDraw:
                continue


def test_text_of_records_is_drawn_as_it_stands(runs, board, tmp_path, add_confusion):
    paths = []
    for index in range(len(HOSTILE)):
        paths += [draw_run(runs, model=f"m{index}", seed=seed, miss=0.1 + 0.02 * index, images=6) for seed in (1, 2)]
    for place, path in enumerate(paths):
        record = json.loads((path / "result.json").read_text())
        record["choices"]["model"] = HOSTILE[place // 2]
        record["model"]["parameters"] = 1000 * (place // 2 + 1)
        record["data"]["name"] = "$d$ata"
        iou = record["per_class"]["test"]["iou"]
        record["per_class"]["test"]["iou"] = dict(zip(("$x$", r"\alpha_1", "lone\udc80"), iou.values(), strict=True))
        (path / "result.json").write_text(json.dumps(record))
        add_confusion(path)
        arrays = read_arrays(path / "per_image.npz")
        arrays["classes"] = np.array(["$x$", r"\alpha_1", "lone\udc80"])
        arrays["image_id"] = np.array(["$i$", "i_1", "\\i", "i/1.png", "路", "i\udc80"])
        write_arrays(path / "per_image.npz", arrays)
    found = board()
    texts = set()
    for figure in figures_of(found):
        figure.canvas.draw()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_parse_math")):
            assert not text.get_parse_math() and not text.get_usetex()
            texts.add(text.get_text())
    assert {"$x_1$", r"\frac{a}{b}", "$x$", r"\alpha_1", "$i$", "lone?"} <= texts
    drawn = draw_pictures(found, tmp_path / "out", name="x").drawn
    # the operations are the same
    assert len(drawn) == len(KINDS) - 1
    for one in drawn:
        (one.caption + one.alt).encode("utf-8")
    assert r"\frac{a}{b}" in drawn[1].alt + drawn[2].alt


@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
@pytest.mark.parametrize("classes", [("one",), tuple(f"class {index}" for index in range(150))])
@pytest.mark.parametrize("methods", [1, 40])
def test_few_and_many_of_everything(runs, board, tmp_path, add_confusion, methods, classes, seeds):
    if methods * len(seeds) * len(classes) > 10_000:
        seeds = seeds[:2]
    losses = {f"loss_{index}": 0.05 + 0.01 * index for index in range(methods)}
    for path in draw_sweep(runs, methods=losses, seeds=seeds, classes=classes, images=8):
        add_confusion(path)
    drawn = draw_pictures(board(), tmp_path / "out", name="x").drawn
    assert len(drawn) == (4 if methods == 1 else 6)
    for one in drawn:
        with Image.open(one.path) as picture:
            assert max(picture.size) <= 4000
        assert one.path.stat().st_size <= 200_000


def test_a_users_own_settings_of_matplotlib_neither_count_nor_change(runs, board, tmp_path):
    import matplotlib

    draw_sweep(runs, methods={"ce": 0.1, "dice": 0.2})
    before = draw_pictures(board(), tmp_path / "a", name="x").drawn
    with matplotlib.rc_context({"axes.facecolor": "black", "font.size": 20, "lines.linewidth": 9, "text.color": "red"}):
        after = draw_pictures(board(), tmp_path / "b", name="x").drawn
        assert matplotlib.rcParams["font.size"] == 20 and matplotlib.rcParams["text.parse_math"]
    assert [a.path.read_bytes() for a in before] == [b.path.read_bytes() for b in after]


def test_a_report_without_pictures_waits_for_no_matplotlib():
    code = "import segladder.report.pictures.draw, sys; assert not {'torch', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_reason_is_told(runs, board, tmp_path, monkeypatch):
    draw_run(runs)
    found = board()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    told = draw_pictures(found, tmp_path / "out", name="x")
    assert told.drawn == [] and "pip install matplotlib" in told.left_out[0]
    assert not (tmp_path / "out").exists()
