"""Predictions are scored against labels: images may be missing for it, and for nothing else."""

import shutil

import pytest

from drawn_faults import draw_clean
from drawn_sets import draw_ade20k, draw_cityscapes, draw_voc
from segladder.data.errors import DataError
from segladder.data.readers.ade20k import Ade20k
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.folder import Folder
from segladder.data.readers.voc import Voc

SETS = {
    "cityscapes": (draw_cityscapes, Cityscapes, "leftImg8bit"),
    "voc": (draw_voc, Voc, "JPEGImages"),
    "ade20k": (draw_ade20k, Ade20k, "images"),
    "folder": (draw_clean, Folder, "images"),
}


def labelled(reader, root, **options):
    return reader(root=root, **options).dataset("val", run_seed=0)


@pytest.mark.parametrize("kind", SETS)
def test_labels_are_the_same_with_and_without_images(tmp_path, kind):
    draw, reader, images = SETS[kind]
    root = draw(tmp_path / "set")
    whole, beside = labelled(reader, root), labelled(reader, root, labels_alone=True)
    assert beside.digest() == whole.digest() != whole.label_digest()

    some = sorted(path for path in (root / images).rglob("*") if path.is_file())
    names = [pair.image_id for pair in whole.pairs]
    whole_digest, labels = whole.label_digest(), [whole.semantic(index) for index in range(len(whole))]
    for gone in ("one", "all"):
        if gone == "one":
            next(path for path in some if path in {pair.image for pair in whole.pairs}).unlink()
        else:
            shutil.rmtree(root / images)
        with pytest.raises(DataError):
            labelled(reader, root)
        alone = labelled(reader, root, labels_alone=True)
        assert [pair.image_id for pair in alone.pairs] == names
        assert all(label.equal(alone.semantic(index)) for index, label in enumerate(labels))
        assert alone.digest() == alone.label_digest() == whole_digest
    with pytest.raises(DataError, match=r"is not there\. Labels alone are enough to score predictions\.$"):
        alone[0]


@pytest.mark.parametrize("kind", SETS)
def test_images_without_labels_are_an_error_all_the_same(tmp_path, kind):
    draw, reader, _ = SETS[kind]
    root = draw(tmp_path / "set")
    labelled(reader, root).pairs[0].label.unlink()
    with pytest.raises(DataError, match="has no label"):
        labelled(reader, root, labels_alone=True)


def test_what_is_missing_then_is_labels(tmp_path):
    root = draw_cityscapes(tmp_path / "city", per_city=1)
    with pytest.raises(DataError, match=r"has no labels of split 'dev': '.*gtFine/dev' is not there"):
        labelled(Cityscapes, root, val_split="dev", labels_alone=True)
    shutil.rmtree(root / "gtFine")
    with pytest.raises(DataError, match=r"has no folder 'gtFine': it holds leftImg8bit/\. Unpack gtFine_trainvaltest"):
        Cityscapes(root=root, labels_alone=True)


def test_genuine_labels_without_images_are_read(real_data):
    alone = labelled(Cityscapes, real_data / "cityscapes_mini", labels_alone=True)
    assert len(alone) == 15 and alone.semantic(0).shape == (1024, 2048)
    assert alone.object_ids(0) is not None and len(alone.segments(0)) > 10
