import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco

from drawn_sets import city_ids, city_objects, draw_cityscapes
from segladder.data.errors import DataError
from segladder.data.panoptic.file import PanopticFile
from segladder.data.readers import cityscapes_files
from segladder.data.readers.cityscapes import Cityscapes
from segladder.data.readers.cityscapes_files import CityscapesDataset, CityscapesLabels
from segladder.data.readers.files import Pair

# cityscapesScripts, labels.py: the train id of each id from 0 to 33
TRAIN_ID = np.array(
    [255] * 7 + [0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255] + list(range(6, 16)) + [255, 255, 16, 17, 18]
)


@pytest.fixture
def root(tmp_path):
    return draw_cityscapes(tmp_path / "cityscapes")


def test_label_ids_become_the_19_classes_by_the_official_table(root):
    train = Cityscapes(root=root).dataset("train", run_seed=0)
    assert len(train) == 8
    seen = set()
    for index in range(8):
        sample = train[(0, index)]
        assert np.array_equal(sample["semantic"].numpy(), TRAIN_ID[city_ids(index % 4)])
        assert np.array_equal(sample["image"][0].numpy(), city_ids(index % 4) * 5)
        seen |= set(sample["semantic"].unique().tolist())
    assert seen == {*range(19), 255}


def test_the_mapping_is_that_of_the_genuine_train_id_files(real_data):
    labels = CityscapesLabels()
    paths = sorted((real_data / "cityscapes_mini" / "gtFine").glob("*/*/*_labelIds.png"))
    assert len(paths) > 10
    for path in paths[::2]:
        with Image.open(path.with_name(path.name.replace("labelIds", "labelTrainIds"))) as genuine:
            assert np.array_equal(labels.read(path).numpy(), np.asarray(genuine)), path


@pytest.mark.parametrize("wrong", ["shifted by one", "two classes exchanged", "ids taken for train ids"])
def test_a_wrong_table_would_be_noticed(real_data, monkeypatch, wrong):
    ids = list(cityscapes_files.LABEL_IDS)
    if wrong == "shifted by one":
        ids = [label_id - 1 for label_id in ids]
    elif wrong == "two classes exchanged":
        ids[8], ids[9] = ids[9], ids[8]
    else:
        ids = list(range(19))
    monkeypatch.setattr(cityscapes_files, "LABEL_IDS", tuple(ids))
    with pytest.raises(AssertionError):
        test_the_mapping_is_that_of_the_genuine_train_id_files(real_data)


def test_names_colours_things_and_ids_are_official(root):
    info = Cityscapes(root=root).info
    assert info.num_classes == 19 and info.classes[:3] == ("road", "sidewalk", "building")
    assert [name for name, thing in zip(info.classes, info.things, strict=True) if thing] == [
        *("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
    ]
    assert info.palette[0] == (128, 64, 128) and info.palette[18] == (119, 11, 32)
    assert np.array_equal(TRAIN_ID[list(info.label_ids)], range(19))


def test_images_are_called_by_city_and_frame(root):
    val = Cityscapes(root=root).dataset("val", run_seed=0)
    assert [val[(0, index)]["image_id"] for index in range(2)] == [
        "frankfurt/frankfurt_000000_000019",
        "frankfurt/frankfurt_000001_000019",
    ]


def official_objects(instance_ids):
    """(id, class, is a group, mask), by the rules of cityscapesScripts' instances2dict and labels.py."""
    for number in np.unique(instance_ids).tolist():
        label_id = number if number < 1000 else number // 1000
        # labels.py: 29 and 30 have instances, too, but are ignored in evaluation
        if label_id in (24, 25, 26, 27, 28, 31, 32, 33):
            yield number, int(TRAIN_ID[label_id]), number < 1000, instance_ids == number


def same(objects, instance_ids):
    official = list(official_objects(instance_ids))
    assert objects.ids.tolist() == [number for number, *_ in official]
    assert objects.labels.tolist() == [label for _, label, *_ in official]
    assert objects.iscrowd.tolist() == [group for *_, group, _ in official]
    return all(
        np.array_equal(coco.decode(mask), truth) for mask, (*_, truth) in zip(objects.masks, official, strict=True)
    )


def test_objects_and_groups_are_told_apart_as_cityscapes_scripts_do(root):
    train = Cityscapes(root=root, instances=True).dataset("train", run_seed=0)
    crowds = 0
    for index in range(4):
        sample = train[(0, index)]
        assert same(sample["objects"], city_objects(index))
        assert train.objects(index).ids.tolist() == sample["objects"].ids.tolist()
        crowds += sample["objects"].iscrowd.sum()
    assert crowds > 4
    assert Cityscapes(root=root).dataset("train", run_seed=0).digest() != train.digest()


def test_real_objects_and_groups(real_data):
    root = real_data / "cityscapes_mini"
    train = Cityscapes(root=root, val_split=None, test_split=None, instances=True).dataset("train", run_seed=0)
    for index in (2, 5):
        with Image.open(train.pairs[index].ids) as picture:
            assert same(train.objects(index), np.asarray(picture).astype(int))
    assert train.objects(2).iscrowd.any()


def test_streets_of_which_no_objects_are_known_are_explained(root):
    path = root / "gtFine/val/frankfurt/frankfurt_000000_000019_gtFine_instanceIds.png"
    for number, in_words in ((7001, "Id 7001 of"), (40_000, "Id 40000 of"), (255, "Id 255 of")):
        Image.fromarray(np.full((48, 96), number, np.uint16)).save(path)
        with pytest.raises(DataError) as error:
            Cityscapes(root=root, instances=True).dataset("val", run_seed=0).objects(0)
        assert str(error.value) == (
            f"{in_words} '{path}' is none of Cityscapes: an object's is 1000 * label id + n, of a class with objects"
            " (24 to 33), and any other is a label id (0 to 33). Take the original from gtFine_trainvaltest.zip."
        )
    path.unlink()
    with pytest.raises(DataError, match=r"frankfurt_000000_000019_gtFine_instanceIds\.png' is missing\. Add it"):
        Cityscapes(root=root, instances=True).dataset("val", run_seed=0)
    for each in root.glob("gtFine/*/*/*_instanceIds.png"):
        each.unlink()
    with pytest.raises(DataError) as error:
        Cityscapes(root=root, instances=True)
    assert str(error.value).startswith(
        f"data.root '{root}' tells no objects apart: 'gtFine/SPLIT/CITY/*_gtFine_instanceIds.png' was looked for."
    )


def test_real_streets_read_with_their_labels(real_data):
    reader = Cityscapes(root=real_data / "cityscapes_mini", val_split=None, test_split=None)
    train = reader.dataset("train", run_seed=0)
    sample = train[(0, 0)]
    assert len(train) == 8 and sample["image_id"] == "aachen/aachen_000000_000019"
    assert sample["image"].shape == (3, 1024, 2048) and sample["image"].dtype == torch.uint8
    assert {0, 1, 2, 10, 255} < set(sample["semantic"].unique().tolist()) <= {*range(19), 255}


@pytest.mark.parametrize("published", ["empty labels", "no labels"])
def test_the_test_split_is_images_alone(root, published):
    if published == "no labels":
        (root / "gtFine/test").rename(root / "elsewhere")
    reader = Cityscapes(root=root, test_split="test")
    with pytest.raises(DataError) as error:
        reader.dataset("test", run_seed=0)
    assert str(error.value).startswith(
        f"Split 'test' of '{root}' cannot be scored: its labels are not public (the published ones are empty). Name a"
    )
    assert "`segladder predict run=DIR data.split=test output=DIR`" in str(error.value)
    with pytest.raises(DataError, match="cannot be trained on"):
        Cityscapes(root=root, train_split="test").dataset("train", run_seed=0)
    unlabelled = reader.unlabelled("test")
    assert len(unlabelled) == 4 and set(unlabelled[(0, 0)]) == {"image", "image_id", "size"}
    assert unlabelled[(0, 0)]["image_id"] == "berlin/berlin_000000_000019"


def labels_of(root, split, kind="labelIds"):
    return sorted((root / "gtFine" / split).glob(f"*/*_gtFine_{kind}.png"))


def broken(root, how):
    if how == "no images":
        (root / "leftImg8bit").rename(root / "images")
    elif how == "no labels":
        (root / "gtFine").rename(root / "labels")
    elif how == "no split":
        (root / "leftImg8bit/val").rename(root / "leftImg8bit/dev")
    elif how == "empty split":
        for path in (root / "leftImg8bit/val/frankfurt").iterdir():
            path.unlink()
    elif how == "one label missing":
        labels_of(root, "val")[0].unlink()
    elif how == "one image missing":
        (root / "leftImg8bit/val/frankfurt/frankfurt_000002_000019_leftImg8bit.png").unlink()
    elif how in ("train ids alone", "colours alone"):
        for path in labels_of(root, "val"):
            if how == "train ids alone":
                path.rename(path.with_name(path.name.replace("labelIds", "labelTrainIds")))
            else:
                path.unlink()
    elif how == "train ids inside":
        path = labels_of(root, "val")[0]
        Image.fromarray(TRAIN_ID[city_ids(0)].astype(np.uint8)).save(path)
    elif how == "other values inside":
        path = labels_of(root, "val")[0]
        Image.fromarray(city_ids(0) + np.uint8(25)).save(path)
    elif how == "colours inside":
        labels_of(root, "val", "color")[0].rename(labels_of(root, "val")[0])


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            "no images",
            "data.root '{root}' has no folder 'leftImg8bit': it holds gtFine/ and images/. Unpack"
            " leftImg8bit_trainvaltest.zip from https",
        ),
        (
            "no labels",
            "None of the 8 images of split 'train' has a label: '{root}/gtFine/train/CITY/*_gtFine_labelIds.png' was"
            " looked for. Unpack gtFine_trainvaltest.zip from",
        ),
        (
            "no split",
            "no images of split 'val': '{root}/leftImg8bit/val' is not there. Splits there: dev, test, train.",
        ),
        ("empty split", "'{root}/leftImg8bit/val' holds no CITY/*_leftImg8bit.png. Splits there: test, train, val."),
        (
            "one label missing",
            "000000_000019_leftImg8bit.png' has no label: '{root}/gtFine/val/frankfurt/"
            "frankfurt_000000_000019_gtFine_labelIds.png' is missing. Add the label",
        ),
        (
            "one image missing",
            "frankfurt_000002_000019_gtFine_labelIds.png' has no image ('{root}/leftImg8bit/val/frankfurt/"
            "frankfurt_000002_000019_leftImg8bit.png' is missing); 1 of 4 labels are so.",
        ),
        (
            "train ids alone",
            "'{root}/gtFine/val' has 4 *_gtFine_labelTrainIds.png but no *_gtFine_labelIds.png, which are what is read",
        ),
        ("colours alone", "'{root}/gtFine/val' has 4 *_gtFine_color.png but no *_gtFine_labelIds.png"),
        (
            "train ids inside",
            "pixels). 255 is a train id: this looks like a *_labelTrainIds.png under the name of a *_labelIds.png."
            " Take the original from gtFine_trainvaltest.zip",
        ),
        ("other values inside", "has values that are no Cityscapes label id (0 to 33): 34 (288 pixels), 35"),
        ("colours inside", "That is what *_gtFine_color.png is for, a picture to look at: data=cityscapes reads"),
    ],
)
def test_a_broken_cityscapes_is_explained(root, how, sentence):
    broken(root, how)
    with pytest.raises(DataError) as error:
        reader = Cityscapes(root=root)
        for split in ("train", "val"):
            reader.dataset(split, run_seed=0)[(0, 0)]
    assert sentence.format(root=root) in str(error.value)


def test_a_missing_cityscapes_names_archives_page_and_place(tmp_path):
    with pytest.raises(DataError) as error:
        Cityscapes(root=tmp_path / "city")
    assert str(error.value) == (
        f"data.root '{tmp_path}/city' is not there. Fetch leftImg8bit_trainvaltest.zip and"
        " gtFine_trainvaltest.zip from https://www.cityscapes-dataset.com/downloads/ (after registration) and unpack"
        " both into one folder, so that leftImg8bit/ and gtFine/ lie in data.root."
    )


def test_tests_know_which_object_lies_where(root):
    reader = Cityscapes(root=root)
    dataset = reader.dataset("val", run_seed=0)
    ids = dataset.object_ids(2).numpy()
    objects = city_objects(2).astype(int)
    label_ids = np.array(reader.info.label_ids)
    inside = (objects >= 1000) & np.isin(objects // 1000, label_ids)
    assert inside.any() and np.array_equal(ids > 0, inside)
    assert np.array_equal(label_ids[ids[inside] % 19], objects[inside] // 1000)
    assert np.array_equal(ids[inside] // 19 - 1, objects[inside] % 1000)
    next(iter(sorted((root / "gtFine" / "val").glob("*/*_instanceIds.png")))).unlink()
    assert dataset.object_ids(0) is None


def test_an_id_map_of_another_size_is_told(root):
    dataset = Cityscapes(root=root).dataset("val", run_seed=0)
    path = next(iter(sorted((root / "gtFine" / "val").glob("*/*_instanceIds.png"))))
    Image.fromarray(np.zeros((3, 4), dtype=np.uint16)).save(path)
    with pytest.raises(DataError, match=r"but its id map '.*_instanceIds\.png' is 3x4"):
        dataset.object_ids(0)


def test_segments_are_those_of_the_genuine_panoptic_files(real_data):
    folder = real_data / "cityscapes_mini"
    file = PanopticFile(folder / "gtFine" / "cityscapes_panoptic_val.json")
    info = Cityscapes(root=folder).info
    label_of = {number: index for index, number in enumerate(info.label_ids)}
    pairs = [
        Pair(path.name, path, path) for path in sorted((folder / "gtFine" / "val").glob("*/*_gtFine_labelIds.png"))
    ]
    dataset = CityscapesDataset(pairs, root=folder, info=info, labels=CityscapesLabels())
    for index in range(0, len(pairs), 5):
        truth = file.segments(pairs[index].image_id.removesuffix("_gtFine_labelIds.png"), label_of=label_of)
        ours = dataset.segments(index)
        assert np.array_equal(ours.id_map, truth.id_map) and np.array_equal(ours.ids, truth.ids)
        assert np.array_equal(ours.labels, truth.labels) and np.array_equal(ours.iscrowd, truth.iscrowd)
        assert np.array_equal(ours.areas, truth.areas)
