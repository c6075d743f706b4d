"""Runs side by side: which images and seeds are shown, and what is told of what lacks or is not as it says."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from drawn_runs import CLASSES, draw_run, draw_sweep
from segladder.masks import encode, objects_of
from segladder.metrics.per_image import PerImage
from segladder.report.boards.board import boards
from segladder.report.pictures.draw import draw_pictures
from segladder.report.pictures.kept_examples import ALONE, CHANCE, SHARED, chosen_examples
from segladder.report.pictures.picture import NothingToDraw
from segladder.report.pictures.side_by_side import side_by_side
from segladder.report.records.reading import read_runs
from segladder.types import DatasetInfo, Instances
from segladder.viz import GridRow, InstanceRow
from segladder.viz.example_file import write_examples
from segladder.viz.examples import examples_of, small_example

INFO = DatasetInfo(
    name="disks",
    classes=CLASSES,
    palette=((0, 0, 0), (255, 0, 0), (0, 255, 0)),
    things=(False, True, True),
)
CHANCE_IDS = ["image0003", "image0017"]


def image_ious(path):
    images = PerImage.load(path / "per_image.npz")
    return dict(zip(images.arrays()["image_id"].tolist(), images.miou().tolist(), strict=True))


def keep(path, names=None, *, worst=6, channels=1, size=(20, 30), info=INFO):
    """Writes a run's small pictures as a test leaves them: its worst images, and two that are drawn by chance."""
    scores = image_ious(path)
    names = sorted(scores, key=scores.__getitem__)[:worst] if names is None else names
    rng = np.random.default_rng(0)
    items = []
    for name in dict.fromkeys([*names, *CHANCE_IDS]):
        truth = rng.integers(0, 3, size)
        pred = np.where(rng.random(size) < 0.1, 0, truth)
        row = GridRow(image=rng.random((channels, *size), np.float32), pred=pred, truth=truth, image_id=name)
        items.append(small_example(row, info, worst=name in names))
    (path / "pictures").mkdir(exist_ok=True)
    write_examples(path / "pictures" / "examples.npz", examples_of(items, info))
    return names


def shown(picture):
    """Names of images (rows), methods (columns), and what stands below each prediction; "" where it is not kept."""
    texts = picture.figure.axes[0].texts
    titles = [text.get_text().replace("\n", "") for text in texts if text.get_gid() == "title"]
    cells = [
        text.get_text() if text.get_gid() == "note" else "" for text in texts if text.get_gid() in ("note", "empty")
    ]
    wide = len(titles) - 2
    return (
        [text.get_text() for text in texts if text.get_gid() == "image"],
        titles[2:],
        [cells[at : at + wide] for at in range(0, len(cells), wide)],
    )


def test_the_worst_images_that_methods_share_stand_side_by_side_with_their_own_scores(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,))
    by_run = [image_ious(path) for path in paths]
    mean = {name: (by_run[0][name] + by_run[1][name]) / 2 for name in by_run[0]}
    worst = sorted(mean, key=mean.__getitem__)[:8]
    for path in paths:
        keep(path, worst)
    picture = styled(side_by_side, board())
    images, methods, notes = shown(picture)
    assert images == worst[:6] and methods == ["dice", "ce"]
    assert notes == [[f"mIoU {by_run[1][name]:.3f}", f"mIoU {by_run[0][name]:.3f}"] for name in images]
    assert "6 images of the 30" in picture.caption and "at least 2 of 2" in picture.caption
    assert "chance" not in picture.caption.split(".")[1] and worst[0] in picture.alt


def test_what_a_run_did_not_keep_is_an_empty_cell(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.15, "focal": 0.1}, seeds=(1,))
    names = sorted(image_ious(paths[0]))[5:11]
    for path, left in zip(paths, ([], names[:2], []), strict=True):
        keep(path, [name for name in names if name not in left])
    images, methods, notes = shown(styled(side_by_side, board()))
    assert sorted(images) == names
    for image, row in zip(images, notes, strict=True):
        assert [not note for note in row] == [method == "dice" and image in names[:2] for method in methods]
    assert "16 of 18 predictions" in styled(side_by_side, board()).alt


def test_images_kept_by_chance_make_up_the_number_and_that_is_told(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,))
    keep(paths[0], ["image0001", "image0005"])
    keep(paths[1], ["image0001", "image0007"])
    picture = styled(side_by_side, board())
    images = shown(picture)[0]
    assert images[0] == "image0001" and set(images[1:3]) == set(CHANCE_IDS)
    assert set(images[3:]) == {"image0005", "image0007"}
    assert "2 are here to make up the number, drawn by chance." in picture.caption
    assert "2 are here to make up the number, among the worst of one method alone." in picture.caption


def test_of_many_images_those_that_most_methods_kept_come_first():
    def column(**worst):
        return SimpleNamespace(by_id={name: SimpleNamespace(worst=value) for name, value in worst.items()})

    columns = [column(a=True, b=True, c=False), column(a=True, b=True, c=False), column(a=True, b=False, c=False)]
    columns.append(column(a=True, c=False, d=True))
    mean = {"a": 0.9, "b": 0.1, "c": 0.05, "d": 0.0}
    assert chosen_examples(columns, mean, most=1) == {"a": SHARED}
    # of one method of four d is not shown at all
    assert list(chosen_examples(columns, mean, most=6).items()) == [("b", SHARED), ("a", SHARED), ("c", CHANCE)]
    assert chosen_examples(columns[3:], mean, most=6) == {"d": SHARED, "a": SHARED, "c": CHANCE}
    assert chosen_examples(columns[2:], mean, most=6)["d"] == ALONE


def test_a_method_is_shown_by_the_seed_with_its_median_score(runs, board, styled):
    paths = [draw_run(runs, seed=seed, miss=miss) for seed, miss in ((1, 0.3), (2, 0.1), (3, 0.2), (4, 0.25))]
    for path in paths:
        keep(path, ["image0001"])
    picture = styled(side_by_side, board())
    assert "the seed with its median score (the lower of two): seed 4." in picture.caption
    # without its file the one next to it counts
    (paths[3] / "pictures" / "examples.npz").unlink()
    assert "seed 3." in styled(side_by_side, board()).caption


def test_methods_whose_runs_kept_nothing_are_told(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1, 2))
    for path in paths[:2]:
        keep(path)
    picture = styled(side_by_side, board())
    assert shown(picture)[1] == ["ce"] and "dice kept pictures that can be shown." in picture.caption


def test_older_runs_have_no_such_picture_and_the_reason_is_told(runs, board, styled):
    draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,))
    with pytest.raises(NothingToDraw, match=r"Side by side: no run kept pictures .* older version"):
        styled(side_by_side, board())


def test_damaged_files_are_left_out_and_told(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1, 2))
    for path in paths:
        keep(path)
    for path in (paths[0], paths[2], paths[3]):
        (path / "pictures" / "examples.npz").write_bytes(b"PK\x03\x04 nothing")
    picture = styled(side_by_side, board())
    assert shown(picture)[1] == ["ce"] and "cut short or changed" in picture.caption
    (paths[1] / "pictures" / "examples.npz").write_bytes(b"")
    with pytest.raises(NothingToDraw, match="cut short or changed"):
        styled(side_by_side, board())


def test_a_file_of_other_classes_is_left_out_and_told(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,))
    keep(paths[1])
    other = DatasetInfo(name="x", classes=("background", "a", "b"), palette=INFO.palette, things=INFO.things)
    keep(paths[0], info=other)
    picture = styled(side_by_side, board())
    assert shown(picture)[1] == ["dice"] and "names other classes than the others" in picture.caption


def test_pictures_of_images_that_were_not_tested_are_not_shown(runs, board, styled):
    paths = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,))
    keep(paths[0], ["image0001", "elsewhere"])
    assert set(shown(styled(side_by_side, board()))[0]) == {"image0001", *CHANCE_IDS}


def test_without_statistics_of_images_the_reason_is_told(runs, board, styled):
    (path,) = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,))
    keep(path)
    (path / "per_image.npz").unlink()
    with pytest.raises(NothingToDraw, match=r"Side by side: There is no '.*per_image\.npz'"):
        styled(side_by_side, board(resamples=0))


def test_at_most_six_methods_are_shown_the_first_by_rank(runs, board, styled):
    losses = {f"loss{index}": 0.05 + 0.04 * index for index in range(8)}
    for path in draw_sweep(runs, methods=losses, seeds=(1,)):
        keep(path, ["image0001"])
    picture = styled(side_by_side, board())
    assert shown(picture)[1] == [f"loss{index}" for index in range(6)]
    assert "the first 6 methods by rank" in picture.caption


@pytest.mark.parametrize(("size", "channels"), [((320, 20), 3), ((10, 640), 4), ((1, 1), 2)])
def test_images_of_any_shape_are_drawn(runs, board, tmp_path, size, channels):
    for path in draw_sweep(runs, methods={"ce": 0.2, "dice": 0.1}, seeds=(1,)):
        keep(path, size=size, channels=channels)
    drawn = {one.path.name: one for one in draw_pictures(board(), tmp_path / "out", name="x").drawn}
    assert drawn["x-side-by-side.png"].path.stat().st_size < 1_000_000


def found_in(truth, *, shift):
    dense = np.roll(truth, shift, axis=2)
    objects = objects_of(encode(dense), [1] * len(dense), size=truth.shape[1:])
    return Instances(masks=objects.masks, boxes=objects.boxes, labels=objects.labels, scores=np.ones(len(dense)),
                     size=objects.size)  # fmt: skip


def keep_objects(path, names, *, shift):
    """Two squares in each image: both found, or, moved far enough, none."""
    dense = np.zeros((2, 40, 40), dtype=bool)
    dense[0, 2:12, 2:12] = dense[1, 22:32, 2:12] = True
    truth = objects_of(encode(dense), [1, 1], size=(40, 40))
    rows = [
        InstanceRow(image=np.zeros((1, 40, 40), np.float32), found=found_in(dense, shift=shift), truth=truth,
                    image_id=name)
        for name in names
    ]  # fmt: skip
    (path / "pictures").mkdir()
    items = [small_example(row, INFO, worst=True) for row in rows]
    write_examples(path / "pictures" / "examples.npz", examples_of(items, INFO))


def test_objects_are_shown_with_how_many_were_found(runs, board, styled):
    settings = {"task": "instance", "monitor": {"name": "mask_ap", "mode": "max"}}
    names = ["image0000", "image0001"]
    for model, shift in (("good", 1), ("bad", 20)):
        scores = {"test": {"mask_ap": 0.9 if model == "good" else 0.1, "miou": 0.5}}
        keep_objects(draw_run(runs, model=model, images=4, scores=scores, **settings), names, shift=shift)
    picture = styled(side_by_side, board(resamples=0))
    images, methods, notes = shown(picture)
    assert sorted(images) == names and methods == ["good", "bad"]
    assert [note.split("\n")[1] for note in notes[0]] == ["2 of 2, 0 false", "0 of 2, 2 false"]
    assert "how many of the true objects were found" in picture.caption


def test_found_objects_stand_as_classes_beside_class_maps(runs, styled):
    names = ["image0000", "image0001"]
    keep(draw_run(runs, model="unet"), names, size=(40, 40))
    keep_objects(draw_run(runs, model="maskrcnn", task="instance"), names, shift=1)
    (of_pixels,) = [one for one in boards(read_runs(runs).runs, resamples=0) if one.task == "semantic"]
    images, methods, notes = shown(styled(side_by_side, of_pixels))
    assert set(methods) == {"unet", "maskrcnn"} and set(images[:2]) == set(names)
    assert all(note.startswith("mIoU") for note in notes[0])


def test_hostile_names_are_drawn_as_text(runs, board, styled):
    (path,) = draw_sweep(runs, methods={"ce": 0.2}, seeds=(1,))
    record = json.loads((path / "result.json").read_text())
    record["choices"]["loss"] = "$x$ <script>alert(1)</script>"
    (path / "result.json").write_text(json.dumps(record))
    keep(path, info=replace(INFO, classes=("background", "$a_b$", "c")))
    figure = styled(side_by_side, board()).figure
    texts = [*figure.axes[0].texts, *figure.legends[0].get_texts()]
    assert not any(text.get_parse_math() for text in texts)
    said = {text.get_text().replace("\n", "") for text in texts}
    assert "$a_b$" in said and any("$x$" in text for text in said)
