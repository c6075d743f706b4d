import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from drawn_sets import draw_sbd, draw_voc, sbd_maps, voc_label, write_sbd
from segladder.data.errors import DataError
from segladder.data.formats.sbd import augment_voc
from segladder.data.readers.voc import Voc

NAMES = [f"2008_{number:06d}" for number in range(17)]
"""0 to 7 are VOC's train, 8 to 10 its val, 11 and 12 its test, 13 to 16 images that SBD alone labels."""


@pytest.fixture
def sbd(tmp_path):
    return draw_sbd(tmp_path / "benchmark_RELEASE" / "dataset")


@pytest.fixture
def voc(tmp_path):
    root = draw_voc(tmp_path / "VOC2012")
    for file in (root / "SegmentationClassAug").iterdir():
        file.unlink()
    (root / "ImageSets/Segmentation/train_aug.txt").unlink()
    return root


def test_the_list_is_vocs_train_and_all_of_sbd_but_vocs_val(sbd, voc):
    done = augment_voc(sbd, voc)
    assert (voc / "ImageSets/Segmentation/train_aug.txt").read_text().split() == NAMES[:8] + NAMES[13:]
    assert (done.names, done.from_sbd, done.doubtful) == (12, 4, 0)


def test_classes_and_objects_come_out_of_the_reader_as_sbd_has_them_and_vocs_as_voc_has_them(sbd, voc):
    augment_voc(sbd.parent, voc)
    train = Voc(root=voc, train_split="train_aug", instances=True).dataset("train", run_seed=0)
    for index, number in enumerate([*range(8), *range(13, 17)]):
        sample = train[(0, index)]
        classes = voc_label(number) if number < 8 else sbd_maps(number)[0]
        assert np.array_equal(sample["semantic"].numpy(), classes)
        assert sample["objects"].labels.tolist() == [number % 20 + 1] * 2
    assert np.array_equal(np.asarray(Image.open(voc / f"SegmentationObjectAug/{NAMES[14]}.png")), sbd_maps(14)[1])


def test_pixels_of_an_object_that_the_class_map_calls_another_class_are_counted_and_of_no_object(sbd, voc):
    classes, objects = sbd_maps(15)
    classes[12, 12:15] = 3
    write_sbd(sbd, 15, classes=classes)
    assert augment_voc(sbd, voc).doubtful == 3
    assert np.array_equal(np.asarray(Image.open(voc / f"SegmentationClassAug/{NAMES[15]}.png")), classes)
    objects[12, 12:15] = 0
    assert np.array_equal(np.asarray(Image.open(voc / f"SegmentationObjectAug/{NAMES[15]}.png")), objects)


def test_an_image_with_one_object_is_read_although_matlab_drops_its_axes(sbd, voc):
    write_sbd(sbd, 13, objects=np.minimum(sbd_maps(13)[1], 1), categories=np.array([[14]], dtype=np.uint8))
    assert augment_voc(sbd, voc).doubtful == 0


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda sbd, voc: (sbd / f"cls/{NAMES[14]}.mat").write_bytes(b"no"), r"14\.mat' cannot be read as a MATLAB"),
        (lambda sbd, voc: (sbd / f"inst/{NAMES[14]}.mat").unlink(), r"14\.mat' is not there, although SBD's lists"),
        (lambda sbd, voc: (sbd / "val.txt").unlink(), r"SBD's list '.*val\.txt' is not there"),
        (lambda sbd, voc: savemat(sbd / f"cls/{NAMES[14]}.mat", {"a": 1}), r"holds no 'GTcls'"),
        (
            lambda sbd, voc: write_sbd(sbd, 14, classes=sbd_maps(13)[0]),
            r"SBD's maps of '2008_000014' are .*52x44 \(height",
        ),
        (lambda sbd, voc: write_sbd(sbd, 14, objects=sbd_maps(14)[1] + 1), r"numbers 3 objects of 2 categories"),
        (lambda sbd, voc: write_sbd(sbd, 14, classes=sbd_maps(14)[0].astype(float)), r"holds no map of bytes"),
        (lambda sbd, voc: (voc / f"JPEGImages/{NAMES[14]}.jpg").unlink(), r"SBD labels '2008_000014', but"),
        (lambda sbd, voc: (voc / f"SegmentationClass/{NAMES[1]}.png").unlink(), r"but VOC's train\.txt lists it"),
        (lambda sbd, voc: (voc / "ImageSets/Segmentation/val.txt").unlink(), r"VOC's list '.*' is not there. output="),
    ],
)
def test_what_is_not_as_published_is_named_and_leaves_nothing(sbd, voc, spoil, sentence):
    spoil(sbd, voc)
    with pytest.raises(DataError, match=sentence):
        augment_voc(sbd, voc)
    assert not (voc / "SegmentationObjectAug").exists()
    assert [path.name for path in voc.parent.glob(".*")] == []


def test_another_folder_is_no_sbd(voc):
    with pytest.raises(DataError, match=r"is no SBD: 'cls' and 'inst' are neither in it"):
        augment_voc(voc, voc)
