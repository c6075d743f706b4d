import pytest

from segladder.metrics.simulated import DETECTORS, score_detectors


@pytest.fixture(scope="module")
def rows():
    return {detector.name: scores for detector, scores in score_detectors(images=24, seed=1)}


def test_the_perfect_detector_scores_exactly_one(rows):
    assert {rows["perfect"][f"{kind}_{name}"] for kind in ("box", "mask") for name in ("ap", "ap50", "ap75")} == {1.0}
    [(_, alone)] = zip(range(1), (scores for _, scores in score_detectors(images=1, seed=5)), strict=False)
    assert alone["mask_ap"] == alone["box_ap"] == 1.0


def test_the_same_seed_gives_the_same_numbers(rows):
    again = {detector.name: scores for detector, scores in score_detectors(images=24, seed=1)}
    assert all(again[name] == pytest.approx(scores, nan_ok=True, abs=0) for name, scores in rows.items())


@pytest.mark.parametrize("kind", ["box", "mask"])
def test_shifts_are_forgiven_as_far_as_the_threshold_allows(rows, kind):
    def of(name):
        return [rows[name][f"{kind}_{threshold}"] for threshold in ("ap50", "ap75")]

    assert of("shifted by 5 %") == [1, 1] and rows["shifted by 5 %"][f"{kind}_ap"] < 0.8
    assert of("shifted by 10 %")[0] == 1 and of("shifted by 10 %")[1] < 0.05
    assert max(of("shifted by 20 %")) < 0.1


def test_thin_masks_cost_mask_ap_alone(rows):
    thin = rows["thin masks"]
    # not quite 1: an object may lie so over another that its thin mask fits that one better
    assert thin["box_ap"] == 1 and thin["mask_ap50"] > 0.95 and thin["mask_ap75"] < 0.05


@pytest.mark.parametrize("name", ["false alarms", "finds all twice", "random scores"])
def test_what_ranks_below_all_that_is_right_costs_nothing(rows, name):
    assert rows[name]["mask_ap"] == rows[name]["box_ap"] == 1


@pytest.mark.parametrize("name", ["false alarms, unsure", "finds all twice, unsure"])
def test_what_ranks_among_what_is_right_costs_much(rows, name):
    assert rows[name]["mask_ap50"] < 0.95


@pytest.mark.parametrize("name", ["misses a third", "a third of wrong class"])
def test_what_is_not_found_is_lost_at_every_threshold(rows, name):
    assert rows[name]["mask_ap50"] < 0.85 and rows[name]["mask_ap75"] == pytest.approx(
        rows[name]["mask_ap50"], abs=0.05
    )


def test_the_poor_one_is_worse_than_the_noisy_one_is_worse_than_the_perfect_one(rows):
    for name in ("box_ap", "box_ap50", "mask_ap", "mask_ap50", "mask_ap75"):
        assert rows["poor"][name] < rows["noisy"][name] < rows["perfect"][name]


def test_every_detector_is_explained():
    assert all(detector.note for detector in DETECTORS) and len({one.name for one in DETECTORS}) == len(DETECTORS)
