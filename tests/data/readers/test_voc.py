import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from drawn_sets import draw_voc, voc_ids, voc_label, with_voc_palette
from segladder.data.errors import DataError
from segladder.data.readers.voc import Voc, VocLabels


@pytest.fixture
def root(tmp_path):
    return draw_voc(tmp_path / "VOCdevkit" / "VOC2012")


def ids(dataset):
    return [pair.image_id for pair in dataset.pairs]


def test_the_published_lists_are_the_splits_and_test_is_val(root):
    voc = Voc(root=root)
    train, val, test = (voc.dataset(split, run_seed=0) for split in ("train", "val", "test"))
    assert ids(train) == (root / "ImageSets/Segmentation/train.txt").read_text().split()
    assert len(val) == 3 and ids(test) == ids(val)
    assert len(Voc(root=root, test_split="trainval").dataset("test", run_seed=0)) == 11


@pytest.mark.parametrize("above", ["", "..", "../.."])
def test_the_root_is_found_from_the_folders_above(root, above):
    found = Voc(root=root / above)
    assert found.dataset("val", run_seed=0)[(0, 0)]["image_id"] == "2008_000008"


def test_images_and_labels_belong_together_and_borders_are_ignored(root):
    val = Voc(root=root).dataset("val", run_seed=0)
    for index in range(3):
        sample = val[(0, index)]
        assert np.array_equal(sample["semantic"].numpy(), voc_label(8 + index))
        red = sample["image"][0].numpy()[12:28, 12:28]  # away from JPEG's ringing at edges
        assert np.abs(red.astype(int) - 10 * ((8 + index) % 20 + 1)).max() < 20
    assert (val[(0, 0)]["semantic"] == 255).any() and val[(0, 0)]["size"] == (52, 44)


@pytest.mark.parametrize("place", ["ImageSets/Segmentation/trainaug.txt", "ImageSets/SegmentationAug/train_aug.txt"])
@pytest.mark.parametrize("line", ["{name}", "/JPEGImages/{name}.jpg /SegmentationClassAug/{name}.png"])
def test_augmented_training_reads_sbds_labels_under_the_usual_list_names(root, place, line):
    original = root / "ImageSets/Segmentation/train_aug.txt"
    names = [entry.split("/")[2].partition(".")[0] for entry in original.read_text().splitlines()]
    original.unlink()
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).write_text("".join(line.format(name=name) + "\n" for name in names))
    voc = Voc(root=root, train_split="train_aug")
    train = voc.dataset("train", run_seed=0)
    assert len(train) == 12 and ids(train) == names
    assert not (train[(0, 0)]["semantic"] == 255).any()
    assert (voc.dataset("val", run_seed=0)[(0, 0)]["semantic"] == 255).any()


def test_classes_colours_and_things_are_official(root):
    info = Voc(root=root).info
    assert info.num_classes == 21 and (info.classes[0], info.classes[15]) == ("background", "person")
    palette = np.asarray(with_voc_palette(np.zeros((1, 1), np.uint8)).getpalette()).reshape(-1, 3)
    assert np.array_equal(info.palette, palette[:21])
    assert info.things == (False, *[True] * 20) and info.label_ids is None


def test_the_test_split_is_images_alone(root):
    voc = Voc(root=root, test_split="test")
    with pytest.raises(DataError) as error:
        voc.dataset("test", run_seed=0)
    assert str(error.value) == (
        f"Split 'test' of '{root}' cannot be scored: its labels are not public. Name a split with labels by"
        " data.test_split=… (data.test_split=null: none); `segladder predict run=DIR data.split=test output=DIR` writes"
        " predictions for this one."
    )
    unlabelled = voc.unlabelled("test")
    assert len(unlabelled) == 2 and "semantic" not in unlabelled[(0, 0)]
    assert "semantic" not in voc.unlabelled("val")[(0, 0)]


def test_a_missing_test_list_names_its_own_archive(root):
    (root / "ImageSets/Segmentation/test.txt").unlink()
    with pytest.raises(DataError, match=r"Splits there: .* It comes with VOC2012test\.tar of VOC's evaluation server"):
        Voc(root=root).unlabelled("test")


def broken(root, how):
    lists = root / "ImageSets/Segmentation"
    if how == "no list":
        (lists / "val.txt").unlink()
    elif how == "no augmented list":
        (lists / "train_aug.txt").unlink()
    elif how == "no image":
        (root / "JPEGImages/2008_000009.jpg").unlink()
    elif how == "no label":
        (root / "SegmentationClass/2008_000009.png").unlink()
    elif how == "no labels":
        (root / "SegmentationClass").rename(root / "Elsewhere")
    elif how == "no augmented labels":
        (root / "SegmentationClassAug").rename(root / "Elsewhere")
    elif how == "empty list":
        (lists / "val.txt").write_text("\n")
    elif how == "double":
        (lists / "val.txt").write_text("2008_000008\n2008_000008\n")
    elif how == "RGB":
        path = root / "SegmentationClass/2008_000008.png"
        Image.open(path).convert("RGB").save(path)
    elif how == "grey":
        path = root / "SegmentationClass/2008_000008.png"
        Image.open(path).convert("L").save(path)


@pytest.mark.parametrize(
    ("how", "train", "sentence"),
    [
        (
            "no list",
            "train",
            "'{root}' has no split 'val': 'ImageSets/Segmentation/val.txt' is not there. Splits there: test, train,"
            " train_aug, trainval. Name one of them, or unpack VOC's archive completely.",
        ),
        (
            "no augmented list",
            "train_aug",
            "'ImageSets/Segmentation/train_aug.txt' (or trainaug.txt) is not there. Splits there: test, train,"
            " trainval, val. It is not in VOC's own archive: fetch the SBD labels (http",
        ),
        (
            "no image",
            "train",
            "val.txt' lists '2008_000009', but '{root}/JPEGImages/2008_000009.jpg' is not there. Unpack VOC's archive",
        ),
        (
            "no label",
            "train",
            "Image '{root}/JPEGImages/2008_000009.jpg' has no label: '{root}/SegmentationClass/2008_000009.png' is"
            " missing. Add",
        ),
        (
            "no labels",
            "train",
            "None of the 8 images of split 'train' has a label in '{root}/SegmentationClass'. Fetch",
        ),
        (
            "no augmented labels",
            "train_aug",
            "12 images of split 'train_aug' has a label in '{root}/SegmentationClassAug",
        ),
        ("empty list", "train", "'{root}/ImageSets/Segmentation/val.txt' lists nothing. Take the original"),
        ("double", "train", "val.txt' lists 1 names twice. Take the original"),
        (
            "RGB",
            "train",
            "2008_000008.png' is a colour picture (Pillow mode RGB; 3 colours, e.g. (0, 0, 0), (192, 0, 0), (224,"
            " 224, 192)). It lost its palette when it was converted to RGB: take the original PNG from VOC's archive",
        ),
        (
            "grey",
            "train",
            "2008_000008.png' has values outside the 21 classes (0 to 20; ignored: 255): 57 (400 pixels), ",
        ),
    ],
)
def test_a_broken_voc_is_explained(root, how, train, sentence):
    broken(root, how)
    with pytest.raises(DataError) as error:
        voc = Voc(root=root, train_split=train)
        for split in ("train", "val"):
            voc.dataset(split, run_seed=0)[(0, 0)]
    assert sentence.format(root=root) in str(error.value)


def test_a_missing_voc_names_archive_page_and_place(tmp_path):
    with pytest.raises(DataError) as error:
        Voc(root=tmp_path / "voc")
    assert str(error.value) == (
        f"data.root '{tmp_path}/voc' is not there. Fetch VOCtrainval_11-May-2012.tar from"
        " http://host.robots.ox.ac.uk/pascal/VOC/voc2012/, unpack it, and set data.root to its VOCdevkit/VOC2012."
    )
    with pytest.raises(
        DataError, match="is no VOC2012: 'JPEGImages' is neither in it, nor in VOC2012 or VOCdevkit/VOC2"
    ):
        Voc(root=tmp_path)


def test_objects_are_numbered_within_their_borders(root):
    voc = Voc(root=root, instances=True)
    val = voc.dataset("val", run_seed=0)
    for index in range(3):
        sample = val[(0, index)]
        objects = sample["objects"]
        assert objects.ids.tolist() == [1, 2] and not objects.iscrowd.any()
        for number, mask in zip(objects.ids, objects.masks, strict=True):
            assert np.array_equal(coco.decode(mask), voc_ids(8 + index) == number)
        assert set(objects.labels.tolist()) == {9 + index}
        assert val.objects(index).areas.tolist() == objects.areas.tolist() == [200.0, 200.0]
    assert "objects" not in voc.unlabelled("test")[(0, 0)]
    assert Voc(root=root).dataset("val", run_seed=0).digest() != val.digest()


def test_objects_that_voc_lacks_are_explained(root):
    with pytest.raises(DataError) as error:
        Voc(root=root, train_split="train_aug", instances=True)
    assert str(error.value) == (
        f"data.train_split is 'train_aug', but '{root}' has no folder 'SegmentationObjectAug', which tells its objects"
        " apart. Name train, val or trainval for a model that finds objects, or make it from SBD's own files: segladder"
        " data convert from=sbd input=benchmark_RELEASE/dataset to=voc_labels output=VOC2012."
    )
    (root / "SegmentationObject/2008_000009.png").unlink()
    with pytest.raises(DataError) as error:
        Voc(root=root, instances=True).dataset("val", run_seed=0)
    assert f"apart: '{root}/SegmentationObject/2008_000009.png' is missing. Add it" in str(error.value)
    (root / "SegmentationObject").rename(root / "away")
    with pytest.raises(
        DataError, match=r"has no folder 'SegmentationObject', which tells objects apart\. Fetch VOCtrain"
    ):
        Voc(root=root, instances=True)


def test_an_object_without_a_class_sends_to_the_archive(root):
    Image.fromarray(np.full((52, 44), 3, np.uint8)).save(root / "SegmentationObject/2008_000008.png")
    with pytest.raises(
        DataError, match=r"class 'background' has no objects .* Take the original of both from VOC's arch"
    ):
        Voc(root=root, instances=True).dataset("val", run_seed=0).objects(0)


def test_objects_of_real_photographs_are_those_of_the_published_json(real_data):
    root = real_data / "voc_labelme"
    val = Voc(root=root, train_split=None, instances=True).dataset("val", run_seed=0)
    objects = val[(0, 0)]["objects"]
    assert objects.labels.tolist() == [15, 15, 5] and objects.areas.tolist() == [15662, 17218, 873]
    for index, pair in enumerate(val.pairs):
        with Image.open(root / "SegmentationObject" / f"{pair.image_id}.png") as picture:
            truth = np.asarray(picture)
        objects = val.objects(index)
        assert objects.ids.tolist() == [number for number in np.unique(truth) if number not in (0, 255)]
        for mask, number in zip(objects.masks, objects.ids, strict=True):
            assert np.array_equal(coco.decode(mask), truth == number)


def test_three_real_photographs_read_with_their_labels(real_data):
    val = Voc(root=real_data / "voc_labelme", train_split=None).dataset("val", run_seed=0)
    assert ids(val) == ["2011_000003", "2011_000006", "2011_000025"]
    sample = val[(0, 1)]
    assert sample["image"].shape == (3, 375, 500) and sample["semantic"].shape == (375, 500)
    assert set(sample["semantic"].unique().tolist()) == {0, 9, 15, 18, 255}


def test_real_label_files_carry_our_colours_and_read_as_their_indices(real_data):
    labels, info = VocLabels(), Voc(root=real_data / "voc_labelme", train_split=None).info
    seen = set()
    for path in sorted((real_data / "voc2012_masks" / "SegmentationClass").glob("*.png"))[::7]:
        with Image.open(path) as picture:
            palette = np.asarray(picture.getpalette()).reshape(-1, 3)
            indices = np.asarray(picture)
        assert np.array_equal(palette[:21], info.palette)
        assert np.array_equal(labels.read(path).numpy(), indices)
        seen |= set(np.unique(indices).tolist())
    assert {0, 15, 255} < seen <= {*range(21), 255}


def test_a_real_download_that_was_cut_short_is_told(real_data):
    with pytest.raises(DataError, match=r"val.txt' lists '2007_000033', but .* 1449 of its 1449 images are missing\."):
        Voc(root=real_data / "voc2012_masks", train_split=None).dataset("val", run_seed=0)
