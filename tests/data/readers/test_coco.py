import json

import numpy as np
import pytest
import torch
from PIL import Image

from drawn_coco import draw_coco
from segladder.data.datamodules import CocoDataModule
from segladder.data.decoding.images import read_image
from segladder.data.errors import DataError
from segladder.data.readers.coco import Coco
from segladder.data.transforms.augment import Augment
from segladder.masks import decode


@pytest.fixture
def root(tmp_path):
    return draw_coco(tmp_path / "coco")


def val_file(root):
    return root / "annotations/instances_val2017.json"


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_classes_are_background_and_the_categories_by_id(root):
    info = Coco(root=root).info
    assert info.classes == ("background", "cat", "dog") and info.things == (False, True, True)
    assert info.label_ids == (0, 3, 7) and info.channels == 3 and info.ignore_index == 255
    assert Coco(root=root, categories=["dog"]).info.classes == ("background", "dog")
    assert Coco(root=root, categories=[7, "cat"]).info.label_ids == (0, 3, 7)


def test_a_category_of_id_0_leaves_background_the_next_free_number(root):
    def number_from_0(content):
        for key, name in (("categories", "id"), ("annotations", "category_id")):
            for one in content[key]:
                one[name] = {3: 0, 7: 1}[one[name]]

    rewrite(val_file(root), number_from_0)
    assert Coco(root=root, train_split=None).info.label_ids == (2, 0, 1)


def test_a_sample_is_its_image_its_objects_and_a_class_map_with_crowds_below_and_small_objects_on_top(root):
    dataset = Coco(root=root, instances=True).dataset("train", run_seed=0)
    sample = dataset[(3, 1)]
    assert sample["image_id"] == "990" and sample["size"] == (48, 64)
    assert torch.equal(sample["image"], read_image(root / "train2017/train2017_001.png", channels=3))
    cat, dog, crowd = (decode(rle) for rle in sample["objects"].masks)
    expected = np.where(dog, 2, np.where(cat | crowd, 1, 0))
    assert np.array_equal(sample["semantic"].numpy(), expected) and sample["semantic"].dtype == torch.int64
    assert torch.equal(dataset.semantic(1), sample["semantic"])
    assert dataset.objects(1).masks == sample["objects"].masks and dataset.image_id(1) == "990"
    assert "objects" not in Coco(root=root).dataset("train", run_seed=0)[1]


def test_empty_images_are_kept_unless_training_is_told_to_skip_them(root):
    assert len(Coco(root=root).dataset("train", run_seed=0)) == 6
    reader = Coco(root=root, skip_empty=True, instances=True)
    train = reader.dataset("train", run_seed=0)
    assert [train.image_id(index) for index in range(4)] == ["1000", "990", "970", "960"] and len(train) == 4
    assert len(reader.dataset("val", run_seed=0)) == 3
    empty = Coco(root=root, instances=True).dataset("train", run_seed=0)[2]
    assert len(empty["objects"]) == 0 and not empty["semantic"].any()


def test_one_file_anywhere_serves_every_split_and_needs_no_images(root):
    file = val_file(root)
    data = CocoDataModule(annotations=str(file), instances=True)
    samples = data.samples("test")
    assert data.summary(["test"])["counts"] == {"test": 3} and data.summary(["test"])["root"] is None
    assert samples.image_ids() == ["1000", "990", "980"] and len(samples.objects(0)) == 3
    assert samples.semantic(0).max() == 2
    with pytest.raises(DataError) as error:
        samples.plain(0)
    assert str(error.value) == (
        f"The images of '{file}' are needed, but no data.root is given. Set data.root to the folder that holds them,"
        ' and data.images to their folder below it, such as "data.images={split}".'
    )
    with_images = CocoDataModule(root=root, annotations=str(file), images="val2017", instances=True)
    assert with_images.summary(["test"])["hashes"] == data.summary(["test"])["hashes"]


def test_a_file_below_the_root_is_found_too(root):
    assert len(Coco(root=root, annotations="annotations/instances_val2017.json").dataset("test", run_seed=0)) == 3


def test_training_on_the_file_that_is_scored_warns(root):
    reader = Coco(root=root, annotations=str(val_file(root)), images="val2017")
    with pytest.warns(UserWarning, match="Training and val and test read the same .*instances_val2017.json"):
        reader.dataset("train", run_seed=0)


def test_digests_name_the_objects_the_images_and_what_categories_mean(root):
    def digest(indices=None, **options):
        return Coco(root=root, **options).dataset("train", run_seed=0).digest(indices)

    whole = digest()
    assert whole == digest(instances=True) == digest(range(6))
    assert len({whole, digest([0, 1]), digest(categories=["dog"]), digest(skip_empty=True)}) == 4
    rewrite(root / "annotations/instances_train2017.json", lambda content: content["annotations"].pop())
    assert digest() != whole


def test_images_alone_of_a_split_without_annotations(root):
    content = json.loads(val_file(root).read_text())
    del content["annotations"], content["categories"]
    (root / "annotations/image_info_test2017.json").write_text(json.dumps(content))
    (root / "val2017").rename(root / "test2017")
    samples = CocoDataModule(root=root).unlabelled("test2017")
    assert len(samples) == 3 and set(samples[(0, 0)]) == {"image", "image_id", "size"}
    with pytest.raises(
        DataError, match=r"Split 'test2018' has no annotations: data\.annotations means .*instances_test2018\.json'"
    ):
        CocoDataModule(root=root).unlabelled("test2018")


@pytest.mark.parametrize("missing", ["one", "all"])
def test_images_that_are_not_there_stop_training_before_it_starts(root, missing):
    for path in sorted((root / "val2017").iterdir())[: 1 if missing == "one" else None]:
        path.unlink()
    data = CocoDataModule(root=root, batch_size=1)
    data.train_dataloader()
    with pytest.raises(DataError) as error:
        data.val_dataloader()
    count = 1 if missing == "one" else 3
    assert str(error.value) == (
        f"'{val_file(root)}' names 3 images, of which {count} are not there, such as '{root}/val2017/val2017_000.png'."
        " Unpack the images completely, or take those out of the file."
    )


def test_images_beyond_the_limit_need_not_be_there(root):
    for path in sorted((root / "train2017").iterdir())[2:]:
        path.unlink()
    assert len(CocoDataModule(root=root, limit=2, batch_size=1).train_dataloader()) == 2


def test_a_folder_of_images_that_is_not_there_is_named(root):
    (root / "train2017").rename(root / "elsewhere")
    with pytest.raises(
        DataError, match=r"are needed, but '.*train2017' is not there .*elsewhere/.* Set data\.root to the"
    ):
        CocoDataModule(root=root, batch_size=1).train_dataloader()


def test_an_image_of_another_size_than_the_file_says_is_told(root):
    path = root / "val2017/val2017_000.png"
    Image.open(path).transpose(Image.Transpose.ROTATE_90).save(path)
    with pytest.raises(DataError) as error:
        Coco(root=root).dataset("val", run_seed=0)[0]
    assert str(error.value).startswith(
        f"Image '{path}' is 64x40, but '{val_file(root)}' says 40x64 (height x width) of image 1000. It may carry"
    )


def test_grey_and_deep_images_are_read_as_they_are(tmp_path):
    grey = CocoDataModule(root=draw_coco(tmp_path / "grey", mode="L"), batch_size=1)
    assert grey.info.channels == 1 and next(iter(grey.train_dataloader()))["image"].shape[:2] == (1, 1)
    deep = draw_coco(tmp_path / "deep", mode="I;16")
    with pytest.warns(UserWarning, match=r"are deeper than 8 bits.*Write that into data\.mean and data\.std"):
        data = CocoDataModule(root=deep, batch_size=1)
    assert data.info.mean[0] == pytest.approx(68, abs=2) and data.samples("val")[0]["image"].dtype == torch.float32
    assert Coco(root=deep, mean=[0.0], std=[1.0]).info.mean == (0.0,)


def test_a_network_that_finds_objects_trains_on_any_sizes(root):
    data = CocoDataModule(root=root, instances=True, batch_size=6, augment=Augment(flip=1.0))
    batch = next(iter(data.train_dataloader()))
    assert {tuple(image.shape) for image in batch["image"]} == {(3, 40, 64), (3, 48, 64)}
    at = batch["image_id"].index("1000")
    plain = data.samples("train").plain(0)
    flipped = torch.from_numpy(np.array([decode(rle) for rle in plain["objects"].masks])).flip(2)
    assert torch.equal(batch["masks"][at], flipped) and batch["iscrowd"][at].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"categories": ["cta"]}, "data.categories names 'cta', which "),
        ({"categories": [5]}, "It has cat, dog."),
        ({"categories": []}, "data.categories is empty. Name at least one, or null for all."),
        ({"channels": 9}, "data.channels is 9. Images have 1 to 4 channels."),
        ({"skip_empty": "yes"}, "data.skip_empty is 'yes'. Give true or false."),
        (
            {"train_split": "a", "val_split": "b", "test_split": None},
            "Split 'a' has no annotations: data.annotations means",
        ),
        ({"train_split": None, "val_split": None, "test_split": None}, "are all null. Name a split."),
    ],
)
def test_settings_that_fit_no_file_are_refused(root, options, words):
    with pytest.raises(DataError) as error:
        Coco(root=root, **options)
    assert words in str(error.value)


def test_a_missing_root_and_no_root_say_where_to_get_the_data(tmp_path):
    with pytest.raises(DataError, match=r"data\.root '.*nowhere'.* is not there\. COCO is at https://cocodataset\.org"):
        Coco(root=tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no data\.root is given, and data\.annotations means .* Ask the lab\."):
        Coco(hint="Ask the lab.", annotations="nowhere/{split}.json")


def test_files_of_other_categories_are_no_data_set(root):
    rewrite(root / "annotations/instances_train2017.json", lambda content: content["categories"][0].update(name="wolf"))
    with pytest.raises(DataError, match=r"Category 7 is 'dog' in .*val2017.json' but 'wolf' in .*train2017.json'"):
        Coco(root=root).dataset("train", run_seed=0)


def test_a_category_called_background_is_refused(root):
    rewrite(val_file(root), lambda content: content["categories"].append({"id": 9, "name": "background"}))
    with pytest.raises(DataError, match="has a category 'background'"):
        Coco(root=root)


def test_real_coco_reads_in_both_views(real_data):
    data = CocoDataModule(root=real_data / "coco_tiny", instances=True, batch_size=2, augment=Augment(flip=0.5))
    batch = next(iter(data.train_dataloader()))
    assert len(batch["masks"]) == 2 and all(
        m.shape[1:] == i.shape[1:] for m, i in zip(batch["masks"], batch["image"], strict=True)
    )
    assert data.info.num_classes == 81 and len(data.samples("val")) == 20


def test_real_nuclei_in_both_views(real_data):
    options = {
        "root": real_data / "dsb2018_fluo",
        "annotations": "instances_{split}.json",
        "images": "images",
        "train_split": "train",
        "val_split": "val",
        "test_split": "test",
    }
    data = CocoDataModule(**options, instances=True)
    assert data.info.channels == 1 and data.info.classes == ("background", "nucleus")
    samples = data.samples("val")
    for index in (0, 5):
        sample = samples.plain(index)
        name = samples.source.paths()[index].name
        ids = np.asarray(Image.open(options["root"] / "labels" / name))
        assert np.array_equal(sample["semantic"].numpy(), ids > 0) and len(sample["objects"]) == len(np.unique(ids)) - 1
    semantic = CocoDataModule(**options)
    assert semantic.summary(["val"])["hashes"] == data.summary(["val"])["hashes"]


def test_images_of_another_split_are_found_where_they_are(root):
    """Annotations of val, images of train."""
    coco = Coco(root=root, annotations="annotations/instances_val2017.json", val_split=None, test_split=None)
    told = rf"val2017_000\.png', which is not there: it lies in '{root}/val2017'\. Name annotations and images of the"
    with pytest.raises(DataError, match=rf"names image '.*{told}"):
        coco.dataset("train", run_seed=0)[0]
    with pytest.raises(DataError, match=r"names 3 images, of which 3 are not there, .* lies in '.*/val2017'\. Name"):
        coco.dataset("train", run_seed=0).require_images()
