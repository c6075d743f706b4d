"""High pixel accuracy with useless masks is called by its name, and good or ordinary runs are not."""

import math

from segladder.metrics.useless import useless


def run(iou, support, accuracy, miou=None):
    return {"pixel_accuracy": accuracy, "miou": miou}, {"iou": iou, "support": support}


def test_all_background_is_flagged_with_class_and_numbers():
    sentence = useless(*run({"background": 0.905, "disk": 0.0}, {"background": 905, "disk": 95}, 0.905, miou=0.4525))
    assert sentence is not None
    assert "Pixel accuracy of 90.5% misleads: IoU is only 0.00 for 'disk' (mean IoU 0.45)." in sentence
    assert "Answering 'background' everywhere would already give 90.5%" in sentence


def test_large_objects_missed_altogether_are_flagged_below_the_accuracy_bar_too():
    assert useless(*run({"background": 0.8, "disk": 0.0}, {"background": 80, "disk": 20}, 0.8))


def test_the_worst_of_several_classes_is_named_beside_their_mean():
    iou = {"road": 0.95, "car": 0.3, "pole": 0.02}
    sentence = useless(*run(iou, {"road": 900, "car": 80, "pole": 20}, 0.94))
    assert sentence is not None
    assert "0.02 for 'pole' and 0.16 on average over all classes but 'road'" in sentence


def test_good_ordinary_and_undefined_runs_are_not_flagged():
    good = run({"background": 0.99, "disk": 0.97}, {"background": 905, "disk": 95}, 0.995)
    modest = run({"road": 0.8, "car": 0.3}, {"road": 60, "car": 40}, 0.75)
    one_class = run({"road": 1.0, "car": None}, {"road": 60, "car": 0}, 1.0)
    undefined = run({"road": None, "car": math.nan}, {"road": 0, "car": 0}, None)
    for scores, per_class in (good, modest, one_class, undefined):
        assert useless(scores, per_class) is None
    assert useless({}, {}) is None


def test_an_absent_class_is_not_the_worst():
    iou = {"background": 0.95, "disk": 0.1, "cup": math.nan}
    sentence = useless(*run(iou, {"background": 95, "disk": 5, "cup": 0}, 0.95))
    assert sentence is not None and "'disk'" in sentence and "'cup'" not in sentence
