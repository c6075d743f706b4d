"""Panoptic quality is that of a slow reference and of panopticapi, void, crowds and all."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from metrics.panoptic_reference import averages, counts_of
from segladder.data.panoptic.colors import ids_of_rgb
from segladder.masks import segments_of
from segladder.metrics import PanopticQuality
from segladder.metrics.panoptic_quality import NAMES, segment_counts
from segladder.types import DatasetInfo, UserError


def info_of(num_classes):
    return DatasetInfo(
        name="toy",
        classes=tuple(f"class {label}" for label in range(num_classes)),
        palette=((0, 0, 0),) * num_classes,
        things=tuple(label % 2 == 0 for label in range(num_classes)),
    )


INFO = info_of(4)


def drawn(rng, size, *, segments, classes, crowds=0.0, near=None, ids=50):
    """A map of numbers with void, and its table; `near` is a map that most pixels are taken from."""
    numbers = rng.choice(np.arange(1, ids), min(segments, ids - 1), replace=False)
    palette = np.concatenate([[0], numbers])
    coarse = rng.integers(0, len(palette), (size[0] // 4 + 1, size[1] // 4 + 1))
    index = np.kron(coarse, np.ones((4, 4), dtype=int))[: size[0], : size[1]]
    if near is not None:
        keep = rng.random(size) < 0.9
        index = np.where(keep, np.searchsorted(np.unique(near), near).clip(max=len(palette) - 1), index)
    id_map = palette[index].astype(np.int32)
    present = [int(number) for number in np.unique(id_map) if number]
    table = {n: (int(rng.integers(classes)), bool(rng.random() < crowds)) for n in present}
    rng.shuffle(present)
    return id_map, {n: table[n] for n in present}


def as_segments(drawing):
    id_map, table = drawing
    labels, crowds = [label for label, _ in table.values()], [crowd for _, crowd in table.values()]
    return segments_of(id_map, list(table), labels, iscrowd=crowds)


def counted(found, truth, info):
    one = segment_counts(as_segments(found), as_segments(truth), info=info, image_id="a")
    return np.stack([one.iou, one.tp, one.fp, one.fn], axis=1)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 23),
    width=st.integers(1, 23),
    classes=st.integers(1, 3),
    crowds=st.sampled_from([0.0, 0.4, 1.0]),
    segments=st.integers(0, 12),
    ids=st.sampled_from([20, 2**24]),
)
def test_counts_of_an_image_are_those_of_the_reference(seed, height, width, classes, crowds, segments, ids):
    rng = np.random.default_rng(seed)
    truth = drawn(rng, (height, width), segments=segments, classes=classes, crowds=crowds, ids=min(ids, 10**5))
    found = drawn(
        rng, (height, width), segments=int(rng.integers(0, 12)), classes=classes, near=truth[0] if seed % 3 else None
    )
    np.testing.assert_allclose(counted(found, truth, INFO), counts_of(found, truth, 4), rtol=0, atol=1e-12)


def test_a_data_set_is_the_sum_of_its_images_not_their_mean():
    rng = np.random.default_rng(0)
    metric, expected = PanopticQuality(INFO), np.zeros((4, 4))
    for index in range(12):
        size = (int(rng.integers(5, 40)), int(rng.integers(5, 40)))
        truth = drawn(rng, size, segments=5, classes=3, crowds=0.2)
        found = drawn(rng, size, segments=5, classes=3, near=truth[0])
        metric.update([as_segments(found)], [as_segments(truth)], [str(index)])
        expected += counts_of(found, truth, 4)
    assert expected[:, 1:].all(0).sum() == 0 and expected[:3, 1:].min() > 0  # each count occurs; class 3 never does
    totals, classes = metric.compute()
    wanted, rows = averages(expected, INFO.things)
    assert totals == pytest.approx(wanted, abs=1e-10)
    assert list(totals) == list(NAMES)
    assert np.isnan(classes["pq"]["class 3"]) and list(classes) == ["pq", "sq", "rq"]
    for label, row in rows.items():
        assert [classes[m][f"class {label}"] for m in ("pq", "sq", "rq")] == pytest.approx(row, abs=1e-10)


def test_panopticapi_gives_the_same_on_real_maps(real_data):
    folder = real_data / "coco_panoptic_sample"
    if not folder.is_dir():
        pytest.skip(f"no '{folder}'; SEGLADDER_TEST_DATA names the folder that holds it")
    told = json.loads((folder / "panoptic_gt.json").read_text())
    guessed = {one["image_id"]: one for one in json.loads((folder / "pred_shift.json").read_text())["annotations"]}
    expected = json.loads((folder / "expected_pq.json").read_text())
    place = {category["id"]: index for index, category in enumerate(told["categories"])}
    info = DatasetInfo(
        name="sample",
        classes=tuple(category["name"] for category in told["categories"]),
        palette=((0, 0, 0),) * len(place),
        things=tuple(bool(category["isthing"]) for category in told["categories"]),
    )

    def read(annotation, where):
        rows = annotation["segments_info"]
        return segments_of(
            ids_of_rgb(np.array(Image.open(folder / where / annotation["file_name"]).convert("RGB"))),
            [row["id"] for row in rows],
            [place[row["category_id"]] for row in rows],
            iscrowd=[row.get("iscrowd", 0) for row in rows],
        )

    truth = [read(annotation, "panoptic_gt") for annotation in told["annotations"]]
    assert any(one.iscrowd.any() for one in truth) and any((one.id_map == 0).any() for one in truth)
    names = [str(annotation["image_id"]) for annotation in told["annotations"]]
    found = [read(guessed[annotation["image_id"]], "pred_shift") for annotation in told["annotations"]]
    metric = PanopticQuality(info)
    metric.update(found, truth, names)
    totals, classes = metric.compute()
    for group, suffix in (("All", ""), ("Things", "_things"), ("Stuff", "_stuff")):
        for measure in ("pq", "sq", "rq"):
            assert totals[measure + suffix] == pytest.approx(expected[group][measure], abs=1e-6)
    known = [value for value in classes["pq"].values() if not np.isnan(value)]
    assert len(known) == expected["All"]["n"]
    for category, values in expected["per_class"].items():
        name = info.classes[place[int(category)]]
        assert {measure: classes[measure][name] for measure in values} == pytest.approx(values, abs=1e-6)
    # areas as annotated are those of the maps
    for one, annotation in zip(truth, told["annotations"], strict=True):
        assert one.areas.tolist() == [row["area"] for row in annotation["segments_info"]]


def test_torchmetrics_leaves_what_is_predicted_as_void_out_of_the_union():
    # every third column of a perfect prediction is void: official 0.667, torchmetrics 1
    from torchmetrics.detection import PanopticQuality as Theirs

    truth = np.ones((12, 12), dtype=np.int32)
    truth[:, 6:] = 2
    found = truth.copy()
    found[:, ::3] = 0
    labels = {1: (0, False), 2: (1, False)}
    reference = averages(counts_of((found, labels), (truth, labels), 4), INFO.things)[0]["pq"]
    ours = PanopticQuality(INFO)
    ours.update([as_segments((found, labels))], [as_segments((truth, labels))], ["a"])
    assert ours.compute()[0]["pq"] == pytest.approx(reference) == pytest.approx(2 / 3)
    theirs = Theirs(things={0}, stuffs={1}, allow_unknown_preds_category=True)
    pairs = [torch.from_numpy(np.stack([m - 1, np.zeros_like(m)], axis=-1))[None] for m in (found, truth)]
    theirs.update(*pairs)
    assert float(theirs.compute()) == pytest.approx(1.0)


def of_rows(*rows):
    return np.array([[int(value) for value in row] for row in rows], dtype=np.int32)


def test_an_overlap_of_exactly_a_half_is_no_match():
    truth, found = of_rows("1100"), of_rows("1000")
    assert counted((found, {1: (0, False)}), (truth, {1: (0, False)}), INFO)[0].tolist() == [0, 0, 1, 1]


def test_what_lies_on_void_is_left_out_of_the_union():
    truth, found = of_rows("11100000"), of_rows("11011111")  # two of three, and four pixels of five on void
    labels = {1: (0, False)}
    assert counted((found, labels), (truth, labels), INFO)[0] == pytest.approx([2 / 3, 1, 0, 0])


@pytest.mark.parametrize(
    ("row", "false"), [("2222", 1), ("2220", 1), ("2200", 1), ("2000", 0), ("2211", 1), ("2011", 0), ("2111", 0)]
)
def test_a_segment_of_which_more_than_half_is_void_or_crowd_of_its_class_is_no_false_one(row, false):
    # 0 void, 1 a crowd of class 0, 2 a segment of class 1; what was found is of class 0 and covers all
    kinds = {1: (0, True), 2: (1, False)}
    table = {number: kinds[number] for number in (1, 2) if str(number) in row}
    got = counted((of_rows("5555"), {5: (0, False)}), (of_rows(row), table), INFO)
    assert got[0].tolist() == [0, 0, false, 0]  # the crowd is not missed


def test_a_crowd_of_another_class_forgives_nothing_and_is_never_matched():
    truth = of_rows("1111")
    assert counted((of_rows("5555"), {5: (1, False)}), (truth, {1: (0, True)}), INFO)[1].tolist() == [0, 0, 1, 0]
    assert counted((of_rows("5555"), {5: (0, False)}), (truth, {1: (0, True)}), INFO).sum() == 0


def test_a_true_segment_without_a_pixel_is_missed():
    got = counted((of_rows("00"), {}), (of_rows("00"), {7: (2, False)}), INFO)
    assert got[2].tolist() == [0, 0, 0, 1] and got.sum() == 1


def test_nothing_anywhere_leaves_every_score_undefined():
    metric = PanopticQuality(INFO)
    empty = as_segments((np.zeros((5, 4), dtype=np.int32), {}))
    metric.update([empty], [empty], ["a"])
    totals, classes = metric.compute()
    assert all(np.isnan(value) for value in totals.values())
    assert all(np.isnan(value) for value in classes["pq"].values())


def test_sums_are_the_same_on_one_process_and_on_two():
    rng = np.random.default_rng(3)
    pairs = []
    for _ in range(6):
        truth = drawn(rng, (21, 17), segments=5, classes=3, crowds=0.2)
        pairs.append((as_segments(drawn(rng, (21, 17), segments=5, classes=3, near=truth[0])), as_segments(truth)))
    one, other = PanopticQuality(INFO), PanopticQuality(INFO)
    one.update(*zip(*pairs, strict=True), list("abcdef"))
    other.update(*zip(*pairs[4:], strict=True), list("ef"))
    states = {tuple(state.shape): state for state in (other.iou, other.counts)}
    here = PanopticQuality(
        INFO,
        dist_sync_fn=lambda state, group: [state, states[tuple(state.shape)]],
        distributed_available_fn=lambda: True,
    )
    for (found, truth), name in zip(reversed(pairs[:4]), "dcba", strict=True):
        here.update([found], [truth], [name])
    assert here.compute()[0] == one.compute()[0]


def test_a_map_and_a_table_that_do_not_fit_are_told_with_image_and_number():
    good = (of_rows("1122"), {1: (0, False), 2: (1, False)})

    def message(found, truth):
        with pytest.raises(UserError) as told:
            counted(found, truth, INFO)
        return str(told.value)

    assert "The map in the labels of image 'a' holds segment 2" in message(good, (good[0], {1: (0, False)}))
    assert "The map in the prediction for image 'a' holds segment 1" in message((good[0], {2: (0, False)}), good)
    extra = {**good[1], 9: (0, False)}
    assert "names segment 9, of which the map has no pixel" in message((good[0], extra), good)
    assert "has label 4, which is none of the 4 classes" in message((good[0], {**good[1], 2: (4, False)}), good)
    assert "names segment 0 although 0 stands for no segment" in message((good[0], {**good[1], 0: (1, False)}), good)
    assert "is 2x2, but its labels are 1x4" in message((of_rows("11", "11"), {1: (0, False)}), good)
    twice = segments_of(good[0], [1, 2, 2], [0, 1, 1])
    with pytest.raises(UserError, match="names segment 2 twice"):
        segment_counts(twice, as_segments(good), info=INFO, image_id="a")
    with pytest.raises(ValueError, match="1 predictions of 0 images"):
        PanopticQuality(INFO).update([twice], [], [])


def moved(id_map, table):
    return np.roll(id_map, (9, 14), (0, 1)), table


def relabelled(id_map, table):
    return id_map, {n: ((label + n % 2) % 200, False) for n, (label, _) in table.items()}


def split(id_map, table):
    cut = np.where((np.arange(id_map.shape[1]) % 90 < 45) & (id_map > 0), id_map + 1, id_map)
    return cut, {**table, **{n + 1: kind for n, kind in table.items()}}


def merged(id_map, table):
    first = {}
    for n, (label, _) in table.items():
        first.setdefault(label, n)
    same = {n: first[label] for n, (label, _) in table.items()}
    out = id_map.copy()
    for n, other in same.items():
        out[id_map == n] = other
    return out, table


def empty(id_map, table):
    return np.zeros_like(id_map), {}


def hollow(id_map, table):
    return np.where(np.arange(id_map.shape[1]) % 3 == 0, 0, id_map), table


@pytest.mark.parametrize("spoil", [moved, relabelled, split, merged, empty, hollow])
def test_spoilt_predictions_of_a_real_map_score_as_the_reference_says(spoil, real_data):
    folder = real_data / "coco_panoptic_sample"
    if not folder.is_dir():
        pytest.skip(f"no '{folder}'; SEGLADDER_TEST_DATA names the folder that holds it")
    told = json.loads((folder / "panoptic_gt.json").read_text())
    annotation = next(one for one in told["annotations"] if any(row["iscrowd"] for row in one["segments_info"]))
    id_map = ids_of_rgb(np.array(Image.open(folder / "panoptic_gt" / annotation["file_name"]).convert("RGB")))
    table = {row["id"]: (row["category_id"] % 200, bool(row["iscrowd"])) for row in annotation["segments_info"]}
    found_map, found_table = spoil(id_map, table)
    present = set(np.unique(found_map).tolist())
    found = found_map, {n: kind for n, kind in found_table.items() if n in present}
    expected = counts_of(found, (id_map, table), 200)
    np.testing.assert_allclose(counted(found, (id_map, table), info_of(200)), expected, rtol=0, atol=1e-12)
    assert expected[:, 1:].sum() > 5
