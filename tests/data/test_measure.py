import numpy as np
import pytest
from PIL import Image

from segladder.data.datamodules import DisksDataModule, FolderDataModule
from segladder.data.measure import measure


@pytest.fixture
def root(draw):
    """Random colours of unequal sizes; 255 is ignored."""
    root = draw(classes=3)
    rng = np.random.default_rng(0)
    for number, path in enumerate(sorted(root.glob("images/*/*.png"))):
        size = (24 + number, 32)
        Image.fromarray(rng.integers(0, 60 * (1 + number % 4), (*size, 3)).astype(np.uint8)).save(path)
        label = rng.choice([0, 2, 255], size).astype(np.uint8)
        Image.fromarray(label).save(root / "labels" / path.parent.name / path.name)
    return root


def files(root, kind):
    return [np.asarray(Image.open(path)) for path in sorted((root / kind / "train").glob("*.png"))]


def test_mean_and_spread_are_those_of_all_pixels_together(root):
    data = FolderDataModule(root=root, batch_size=1)
    found = measure(data.samples("train"), data.info)
    pixels = np.concatenate([image.reshape(-1, 3) for image in files(root, "images")]) / 255
    assert found.images == 6
    np.testing.assert_allclose(found.mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels.std(0), rtol=1e-12)


def test_classes_are_counted_in_pixels_and_in_images(root):
    path = root / "labels/train/000.png"
    Image.fromarray(np.zeros_like(np.asarray(Image.open(path)))).save(path)
    data = FolderDataModule(root=root, batch_size=1)
    found = measure(data.samples("train"), data.info)
    labels = np.concatenate([label.reshape(-1) for label in files(root, "labels")])
    assert found.pixels.tolist() == [int((labels == value).sum()) for value in range(3)]
    assert found.images_with.tolist() == [6, 0, 5] and found.ignored == int((labels == 255).sum())


def test_large_values_with_little_spread_do_not_cancel(root):
    rng = np.random.default_rng(0)
    for path in root.glob("images/*/*.png"):
        height, width = np.asarray(Image.open(path)).shape[:2]
        Image.fromarray(rng.normal(60000, 3, (height, width)).round().astype(np.uint16)).save(path)
    data = FolderDataModule(root=root, batch_size=1, mean=[0], std=[1])
    found = measure(data.samples("train"), data.info)
    pixels = np.concatenate([image.reshape(-1) for image in files(root, "images")]).astype(np.float64)
    assert found.std[0] == pytest.approx(pixels.std(), rel=1e-9)


def test_synthetic_sets_are_measured_in_their_own_units():
    data = DisksDataModule(counts={"train": 300}, noise=0.0)
    found = measure(data.samples("train"), data.info)
    share = found.pixels[1] / found.pixels.sum()
    assert found.mean[0] == pytest.approx(0.2 + 0.7 * share, rel=1e-5)
    assert found.images_with.tolist() == [300, 300]
