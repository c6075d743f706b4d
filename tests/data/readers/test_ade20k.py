import numpy as np
import pytest
from PIL import Image

from drawn_sets import ade_label, draw_ade20k
from segladder.data.errors import DataError
from segladder.data.readers.ade20k import CLASSES, Ade20k


@pytest.fixture
def root(tmp_path):
    return draw_ade20k(tmp_path / "ADEChallengeData2016")


def test_label_1_is_the_first_class_and_0_is_ignored(root):
    reader = Ade20k(root=root)
    dataset = reader.dataset("train", run_seed=0)
    assert len(dataset) == 6
    for index in range(6):
        label = ade_label(index).astype(int)
        expected = np.where(label == 0, 255, label - 1)
        assert np.array_equal(dataset[(0, index)]["semantic"].numpy(), expected)
        assert (expected == 255).any()


def test_there_are_150_classes_that_start_with_wall_and_end_with_flag():
    assert len(CLASSES) == len(set(CLASSES)) == 150
    assert (CLASSES[0], CLASSES[12], CLASSES[80], CLASSES[149]) == ("wall", "person", "bus", "flag")


def test_what_is_predicted_is_written_in_the_benchmarks_own_labels(root):
    assert Ade20k(root=root).info.label_ids == tuple(range(1, 151))


def test_the_folder_above_is_found_too_and_others_say_what_to_fetch(root, tmp_path):
    assert Ade20k(root=root.parent).root == root
    with pytest.raises(DataError, match=r"is not there. Fetch ADEChallengeData2016.zip"):
        Ade20k(root=tmp_path / "nowhere")
    with pytest.raises(DataError, match="has no folders 'images' and 'annotations'"):
        Ade20k(root=root / "images")


def test_labels_that_were_shifted_already_are_told(root):
    path = root / "annotations" / "training" / "ADE_train_00000001.png"
    label = ade_label(0)
    Image.fromarray(np.where(label == 0, 255, label - 1).astype(np.uint8)).save(path)
    with pytest.raises(DataError, match="255 is what tools write that have subtracted 1 already"):
        Ade20k(root=root).dataset("train", run_seed=0).semantic(0)


def test_missing_images_labels_and_splits_are_told(root):
    with pytest.raises(DataError, match=r"has no images of split 'train'.*Splits there: training, validation"):
        Ade20k(root=root, train_split="train").dataset("train", run_seed=0)
    (root / "annotations" / "validation" / "ADE_val_00000002.png").unlink()
    with pytest.raises(DataError, match="ADE_val_00000002"):
        Ade20k(root=root).dataset("val", run_seed=0)
    (root / "images" / "training" / "ADE_train_00000003.jpg").unlink()
    with pytest.raises(DataError, match=r"ADE_train_00000003\.png' has no image"):
        Ade20k(root=root).dataset("train", run_seed=0)


def test_a_model_of_objects_is_refused(root):
    with pytest.raises(DataError, match="tells no objects apart"):
        Ade20k(root=root, instances=True)
