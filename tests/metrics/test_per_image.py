"""Per-image statistics survive the disk, add up to the data set, and refuse what they are not."""

import numpy as np
import pytest
import torch

from segladder.metrics.confusion import confusion_matrices
from segladder.metrics.per_image import PerImage
from segladder.metrics.scores import per_class
from segladder.types import UserError


def filled(ids, seed=0):
    torch.manual_seed(seed)
    target, pred = torch.randint(0, 3, (len(ids), 8, 9)), torch.randint(0, 3, (len(ids), 8, 9))
    target[0] = 255
    matrices = confusion_matrices(pred, target, num_classes=3)
    images = PerImage(("road", "sky", "car"))
    images.update(ids, matrices)
    return images, matrices


def test_counts_are_those_of_each_image():
    images, matrices = filled(["a", "b", "c"])
    arrays = images.arrays()
    m = matrices.numpy()
    for c in range(3):
        np.testing.assert_array_equal(arrays["tp"][:, c], m[:, c, c])
        np.testing.assert_array_equal(arrays["fp"][:, c], m[:, :, c].sum(1) - m[:, c, c])
        np.testing.assert_array_equal(arrays["fn"][:, c], m[:, c].sum(1) - m[:, c, c])
    assert arrays["tp"].dtype == np.int64


def test_the_file_holds_what_was_saved(tmp_path):
    images, matrices = filled(["a", "straße/b", "c"])
    images.save(tmp_path / "per_image.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["per_image.npz"]
    back = PerImage.load(tmp_path / "per_image.npz")
    assert back.classes == ("road", "sky", "car")
    for name, array in images.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], array)
    with np.load(tmp_path / "per_image.npz", allow_pickle=False) as file:
        iou = file["tp"].sum(0) / (file["tp"] + file["fp"] + file["fn"]).sum(0)
    np.testing.assert_allclose(iou, per_class(matrices.sum(0))["iou"])


def test_parts_of_several_processes_join():
    one, _ = filled(["a", "b"])
    two, _ = filled(["c", "d"], seed=1)
    sent = PerImage.from_arrays(two.arrays())
    one.merge(sent)
    arrays = one.arrays()
    assert arrays["image_id"].tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(arrays["tp"][2:], two.arrays()["tp"])
    assert len(one) == 4
    one.reset()
    assert len(one) == 0 and one.arrays()["tp"].shape == (0, 3)


def test_an_image_scored_twice_is_an_error():
    images, matrices = filled(["a", "b"])
    with pytest.raises(UserError, match="Image 'b' was scored twice"):
        images.update(["c", "b"], matrices)
    with pytest.raises(UserError, match="Image 'c' was scored twice"):
        images.update(["c", "c"], matrices)
    assert len(images) == 2


def test_names_and_classes_must_fit():
    images, matrices = filled(["a", "b"])
    with pytest.raises(ValueError, match="1 images of 3 classes"):
        images.update(["c"], matrices)
    with pytest.raises(ValueError, match="cannot join"):
        images.merge(PerImage(("x", "y")))


def test_mean_iou_of_an_image_leaves_absent_classes_out():
    images = PerImage(("a", "b", "c"))
    images.update(["x", "y"], torch.tensor([[[3, 1, 0], [0, 4, 0], [0, 0, 0]], [[0] * 3] * 3]))
    miou = images.miou()
    assert miou[0] == pytest.approx((3 / 4 + 4 / 5) / 2)
    assert np.isnan(miou[1])


def test_what_is_no_such_file_is_told_in_a_sentence(tmp_path):
    with pytest.raises(UserError, match="There is no"):
        PerImage.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(UserError, match="cannot be read"):
        PerImage.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(UserError, match="has no array 'format'"):
        PerImage.load(tmp_path / "other.npz")
    images, _ = filled(["a", "b"])
    arrays = images.arrays()
    np.savez(tmp_path / "newer.npz", **{**arrays, "format": np.array(2)})
    with pytest.raises(UserError, match="is of format 2"):
        PerImage.load(tmp_path / "newer.npz")
    np.savez(tmp_path / "short.npz", **{**arrays, "fn": arrays["fn"][:1]})
    with pytest.raises(UserError, match="'fn' of shape"):
        PerImage.load(tmp_path / "short.npz")
    with pytest.raises(UserError, match="cannot be written"):
        images.save(tmp_path / "missing" / "per_image.npz")
