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


def test_the_confusion_is_that_of_all_images_together():
    images, matrices = filled(["a", "b"])
    np.testing.assert_array_equal(images.arrays()["confusion"], matrices.sum(0))
    # once read and once more
    again = filled(["c", "d", "e"], seed=1)[1]
    images.update(["c", "d", "e"], again)
    confusion = images.arrays()["confusion"]
    np.testing.assert_array_equal(confusion, matrices.sum(0) + again.sum(0))
    assert confusion.dtype == np.int64
    arrays = images.arrays()
    np.testing.assert_array_equal(confusion.diagonal(), arrays["tp"].sum(0))
    np.testing.assert_array_equal(confusion.sum(0) - confusion.diagonal(), arrays["fp"].sum(0))
    np.testing.assert_array_equal(confusion.sum(1) - confusion.diagonal(), arrays["fn"].sum(0))
    images.reset()
    np.testing.assert_array_equal(images.arrays()["confusion"], np.zeros((3, 3)))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_confusions_of_processes_add_up_also_where_one_saw_no_image(order):
    parts = [filled(["a", "b"])[0], filled(["c", "d", "e"], seed=1)[0], PerImage(("road", "sky", "car"))]
    expected = filled(["a", "b"])[1].sum(0) + filled(["c", "d", "e"], seed=1)[1].sum(0)
    whole, *others = (PerImage.from_arrays(parts[index].arrays()) for index in order)
    for other in others:
        whole.merge(other)
    np.testing.assert_array_equal(whole.arrays()["confusion"], expected)


def test_what_was_predicted_as_no_class_has_a_column_of_its_own():
    with_none = torch.zeros(2, 4, 4, dtype=torch.int64)
    with_none[0, :3, 3] = torch.tensor([1, 2, 3])
    with_none[1, 0, 0], with_none[1, 0, 3] = 7, 10
    images = PerImage(("road", "sky", "car"))
    images.update(["a", "b"], with_none)
    expected = [[7, 0, 0, 11], [0, 0, 0, 2], [0, 0, 0, 3]]
    assert images.arrays()["confusion"].tolist() == expected
    plain, matrices = filled(["c"])
    plain.merge(images)
    np.testing.assert_array_equal(
        plain.arrays()["confusion"], np.array(expected) + np.pad(matrices.sum(0).numpy(), ((0, 0), (0, 1)))
    )


def test_a_file_without_confusion_is_read_and_leaves_that_of_all_unknown(tmp_path):
    images, _ = filled(["a", "b"])
    older = {name: array for name, array in images.arrays().items() if name != "confusion"}
    np.savez(tmp_path / "older.npz", **older)
    back = PerImage.load(tmp_path / "older.npz")
    assert "confusion" not in back.arrays() and len(back) == 2
    newer, _ = filled(["c"])
    newer.merge(back)
    assert "confusion" not in newer.arrays()
    newer.reset()
    assert "confusion" in newer.arrays()


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
    np.savez(tmp_path / "square.npz", **{**arrays, "confusion": np.zeros((4, 4))})
    with pytest.raises(UserError, match="'confusion' of shape"):
        PerImage.load(tmp_path / "square.npz")
    with pytest.raises(UserError, match="cannot be written"):
        images.save(tmp_path / "missing" / "per_image.npz")
