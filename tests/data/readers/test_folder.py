import json

import numpy as np
import pytest
from PIL import Image

from segladder.data.errors import DataError
from segladder.data.readers.folder import Folder


def shuffle_into_heap(root, *, line="{stem}", end="\n"):
    """Moves root/images/<split>/x.png to root/images/x.png and lists them in root/splits/<split>.txt."""
    (root / "splits").mkdir()
    for split in ("train", "val", "test"):
        lines = []
        for path in sorted((root / "images" / split).glob("*.png")):
            stem = f"{split}_{path.stem}"
            for kind in ("images", "labels"):
                (root / kind / split / path.name).rename(root / kind / f"{stem}.png")
            lines.append(line.format(stem=stem))
        text = end.join(["", *lines, "", ""])
        (root / "splits" / f"{split}.txt").write_bytes(text.encode())
        for kind in ("images", "labels"):
            (root / kind / split).rmdir()
    return root


def test_folders_of_splits_are_read_whole(draw):
    folder = Folder(root=draw())
    train = folder.dataset("train", run_seed=0)
    sample = train[(3, 2)]
    assert len(train) == 6 and sample["image_id"] == "train/002" and sample["size"] == (24, 32)
    assert np.array_equal(sample["image"][0].numpy(), sample["semantic"].numpy() * 80)
    assert folder.info.classes == ("class0", "class1", "class2") and folder.info.name == "set"


@pytest.mark.parametrize("line", ["{stem}", "{stem}.png", "images/{stem}.png", "  {stem}  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_split_files_list_stems_or_paths(draw, line, end):
    root = shuffle_into_heap(draw(), line=line, end=end)
    val = Folder(root=root).dataset("val", run_seed=0)
    assert [pair.image_id for pair in val.pairs] == ["val_000", "val_001"]
    assert val[(0, 0)]["semantic"].shape == (24, 32)


def test_split_files_find_images_in_the_splits_folder(draw):
    root = draw()
    (root / "splits").mkdir()
    (root / "splits/train.txt").write_text("004\n001\n")
    assert [pair.image_id for pair in Folder(root=root).dataset("train", run_seed=0).pairs] == [
        "train/004",
        "train/001",
    ]


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_the_first_image_decides_the_channels(draw, mode, channels):
    info = Folder(root=draw(mode=mode)).info
    assert info.channels == channels == len(info.mean) == len(info.std)


def test_dataset_json_decides_over_the_first_image(draw):
    folder = Folder(
        root=draw(description={"classes": ["a", "b", "c"], "channels": 1, "mean": [0.3], "std": 0.1, "name": "mine"})
    )
    assert (folder.info.channels, folder.info.mean, folder.info.std) == (1, (0.3,), (0.1,))
    assert folder.info.name == "mine" and folder.dataset("val", run_seed=0)[(0, 0)]["image"].shape == (1, 24, 32)


def test_16_bit_images_without_mean_are_measured_and_said_so(draw):
    root = draw()
    rng = np.random.default_rng(0)
    for path in root.glob("images/*/*.png"):
        Image.fromarray(rng.normal(1000, 50, (24, 32)).astype(np.uint16)).save(path)
    with pytest.warns(UserWarning, match=r"Write that into dataset\.json"):
        info = Folder(root=root).info
    assert info.mean[0] == pytest.approx(1000, rel=0.01) and info.std[0] == pytest.approx(50, rel=0.1)


def test_a_mask_of_0_and_255_reads_through_label_map(draw):
    root = draw(classes=2, description={"classes": ["background", "disk"]})
    for path in root.glob("labels/*/*.png"):
        Image.fromarray(np.asarray(Image.open(path)) * 255).save(path)
    with pytest.raises(DataError, match=r'set "data\.label_map=\{0: 0, 255: 1\}"'):
        Folder(root=root).dataset("train", run_seed=0)[(0, 0)]
    sample = Folder(root=root, label_map={0: 0, 255: 1}).dataset("train", run_seed=0)[(0, 0)]
    assert set(sample["semantic"].unique().tolist()) == {0, 1}


def test_the_digest_follows_files_and_meaning_not_the_place(draw, tmp_path):
    root = draw()
    digest = Folder(root=root).dataset("train", run_seed=0).digest()
    moved = root.rename(tmp_path / "elsewhere")
    assert Folder(root=moved).dataset("train", run_seed=0).digest() == digest
    assert Folder(root=moved, label_map={1: None}).dataset("train", run_seed=0).digest() != digest
    (moved / "labels/train/000.png").write_bytes((moved / "labels/train/000.png").read_bytes() + b" ")
    assert Folder(root=moved).dataset("train", run_seed=0).digest() != digest
    dataset = Folder(root=moved).dataset("train", run_seed=0)
    assert dataset.digest([2, 1]) == dataset.digest([1, 2]) != dataset.digest()


def test_a_split_without_labels_is_read_as_images_alone(draw):
    root = draw()
    for path in (root / "labels/test").iterdir():
        path.unlink()
    folder = Folder(root=root)
    with pytest.raises(DataError) as error:
        folder.dataset("test", run_seed=0)
    assert str(error.value) == (
        f"Split 'test' of '{root}' cannot be scored: none of its 2 images has a label below '{root}/labels'. Name a"
        " split with labels by data.test_split=… (data.test_split=null: none); `segladder predict run=DIR"
        " data.split=test output=DIR` writes predictions for this one."
    )
    samples = folder.unlabelled("test")
    assert [samples[(0, index)]["image_id"] for index in range(2)] == ["test/000", "test/001"]
    assert set(samples[(0, 0)]) == {"image", "image_id", "size"} == set(folder.unlabelled("train")[(0, 0)])
    with pytest.raises(DataError, match=r"has no split 'tset': .* Splits there: test, train, val\. Name one of them\."):
        folder.unlabelled("tset")


def test_images_need_no_label_folder_until_labels_are_read(draw, tmp_path):
    root = draw()
    (root / "labels").rename(tmp_path / "away")
    folder = Folder(root=root)
    assert len(folder.unlabelled("test")) == 2
    with pytest.raises(
        DataError, match=r"has no folder 'labels': it holds images/ and dataset\.json\. Point data\.root"
    ):
        folder.dataset("train", run_seed=0)


def test_the_masks_own_values_are_known_to_who_writes_them(draw):
    root = draw(classes=2, description={"classes": ["background", "disk"]})
    assert Folder(root=root).info.label_ids is None
    assert Folder(root=root, label_map={0: 0, 255: 1}).info.label_ids == (0, 255)


def broken(root, how):
    if how == "no label":
        (root / "labels/train/003.png").unlink()
    elif how == "no image":
        (root / "images/train/003.png").unlink()
    elif how == "empty":
        for kind in ("images", "labels"):
            for path in (root / kind / "train").iterdir():
                path.unlink()
    elif how == "no val":
        (root / "images/val").rename(root / "images/dev")
    elif how == "empty list":
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("\n \n")
    elif how == "unknown entry":
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("000\nnowhere\n")
    elif how == "double entry":
        (root / "splits").mkdir()
        (root / "splits/train.txt").write_text("000\n001\ntrain/000.png\n")
    elif how == "two suffixes":
        Image.open(root / "images/train/000.png").save(root / "images/train/000.bmp")
    elif how == "size":
        Image.new("L", (8, 9)).save(root / "labels/train/000.png")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no label", "Image '{root}/images/train/003.png' has no label: '{root}/labels/train/003.png' (or another"),
        (
            "no image",
            "Label '{root}/labels/train/003.png' has no image ('{root}/images/train/003.*' is missing); 1 of 6",
        ),
        ("empty", "Split 'train' is empty: '{root}/images/train' holds no picture"),
        (
            "no val",
            "has no validation split 'val': neither 'splits/val.txt' nor 'images/val' is there. Splits there: dev,",
        ),
        (
            "empty list",
            "Split 'train' is empty: '{root}/splits/train.txt' lists nothing. Write one image name per line.",
        ),
        ("unknown entry", "'{root}/splits/train.txt' line 2 lists 'nowhere', but there is no such image below"),
        ("double entry", "lists 'train/000.png' twice, in lines 1 and 3. Take one of them out."),
        ("two suffixes", "'{root}/images/train/000.bmp' and '{root}/images/train/000.png' differ only in their suffix"),
        ("size", "Image '{root}/images/train/000.png' is 24x32 but its label '{root}/labels/train/000.png' is 9x8"),
    ],
)
def test_a_broken_folder_is_explained(draw, how, sentence):
    root = draw()
    broken(root, how)
    with pytest.raises(DataError) as error:
        folder = Folder(root=root)
        for split in ("train", "val"):
            dataset = folder.dataset(split, run_seed=0)
            for index in range(len(dataset)):
                dataset[(0, index)]
    assert sentence.format(root=root) in str(error.value)


def test_a_missing_root_says_where_it_looked(tmp_path):
    with pytest.raises(DataError) as error:
        Folder(root=tmp_path / "nowhere", hint="Fetch it from X.")
    assert str(error.value) == (f"data.root '{tmp_path}/nowhere' is not there. Fetch it from X.")
    with pytest.raises(DataError, match=r"has no folder 'images': it is empty\. Point data.root at the folder that"):
        Folder(root=tmp_path)


def test_a_missing_test_split_is_allowed_and_a_null_split_is_absent(draw):
    folder = Folder(root=draw(counts={"train": 3, "val": 2}), val_split=None)
    assert folder.dataset("test", run_seed=0) is None and folder.dataset("val", run_seed=0) is None
    assert Folder(root=folder.root, val_split="train").dataset("val", run_seed=0) is not None


def test_camvid_is_read_as_published(camvid):
    folder = Folder(root=camvid, name="camvid")
    assert [len(folder.dataset(split, run_seed=0)) for split in ("train", "val", "test")] == [367, 101, 233]
    described = json.loads((camvid / "dataset.json").read_text())
    assert folder.info.classes == tuple(described["classes"]) and folder.info.num_classes == 11
    train = folder.dataset("train", run_seed=0)
    pixels = np.zeros(256, dtype=np.int64)
    for index in range(0, 367, 40):
        sample = train[(0, index)]
        assert sample["image"].shape == (3, 360, 480)
        pixels += np.bincount(sample["semantic"].flatten().numpy(), minlength=256)
        raw = np.asarray(Image.open(train.pairs[index].label))
        assert np.array_equal(sample["semantic"].numpy() == 255, raw == 11)
    assert pixels[11:255].sum() == 0 and (pixels[:11] > 0).all() and pixels[255] > 0
