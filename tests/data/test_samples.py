"""Samples of the instance view: what a network learns from, and what it is scored against."""

import numpy as np
import pytest
import torch

from drawn_coco import draw_coco
from segladder.data.datamodules import CocoDataModule, DisksDataModule
from segladder.data.errors import DataError
from segladder.data.module import SegmentationDataModule
from segladder.data.samples import Samples
from segladder.data.transforms.augment import Augment
from segladder.masks import decode
from segladder.types import DatasetInfo, Objects


def disks(**options):
    return DisksDataModule(
        **{"num_disks": [0, 4], "instances": True, "batch_size": 8, "counts": {"train": 16, "val": 8}, **options}
    )


def test_training_samples_hold_masks_boxes_and_labels_and_no_label_map():
    data = disks()
    batch = next(iter(data.train_dataloader()))
    assert set(batch) == {"image", "image_id", "size", "masks", "boxes", "labels", "iscrowd"}
    for index in range(8):
        sample = data.samples("train").plain(index)
        objects = sample["objects"]
        expected = np.array([decode(rle) for rle in objects.masks]).reshape(-1, 64, 64)
        assert np.array_equal(batch["masks"][index].numpy(), expected)
        assert batch["boxes"][index].tolist() == objects.boxes.tolist()
        assert batch["labels"][index].tolist() == objects.labels.tolist()
        assert torch.equal(batch["image"][index], sample["image"])


def test_validation_samples_keep_their_objects_and_hold_no_dense_masks():
    batch = next(iter(disks().val_dataloader()))
    assert set(batch) == {"image", "image_id", "size", "semantic", "objects"}
    assert all(isinstance(objects, Objects) for objects in batch["objects"]) and batch["image"].shape == (8, 1, 64, 64)


def test_boxes_are_those_of_the_masks_after_augmentation_and_emptied_objects_are_gone():
    data = disks(augment=Augment(scale=[0.7, 1.5], crop=32, flip=0.5, rotate90=0.75))
    whole = disks()
    lost = 0
    for batch, plain in zip(data.train_dataloader(), whole.train_dataloader(), strict=True):
        assert batch["image"].shape == (8, 1, 32, 32)
        for image, masks, boxes, labels in zip(
            batch["image"], batch["masks"], batch["boxes"], batch["labels"], strict=True
        ):
            assert masks.shape[1:] == (32, 32) and masks.flatten(1).any(1).all() and len(labels) == len(masks)
            for mask, box in zip(masks, boxes, strict=True):
                rows, columns = np.nonzero(mask.numpy())
                assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                assert image[0][mask].mean() > 0.6
        lost += sum(map(len, plain["masks"])) - sum(map(len, batch["masks"]))
    assert lost > 0


def test_min_area_drops_what_is_smaller_in_training_alone():
    data = disks(min_area=250, augment=Augment(flip=1.0))
    seen = torch.cat([masks.flatten(1).sum(1) for batch in data.train_dataloader() for masks in batch["masks"]])
    areas = np.concatenate([objects.areas for batch in data.val_dataloader() for objects in batch["objects"]])
    assert len(seen) and seen.min() >= 250 > areas.min()


def test_min_area_without_objects_warns_and_is_a_number_of_pixels():
    with pytest.warns(UserWarning, match=r"data\.min_area=9 has no effect: this model learns no objects"):
        DisksDataModule(min_area=9)
    with pytest.raises(DataError, match=r"data\.min_area is 0\. Give a whole number of pixels, 1 or more\."):
        DisksDataModule(min_area=0, instances=True)


@pytest.mark.parametrize("augment", [None, {"scale": [0.5, 2.0], "flip": 0.5}])
def test_the_cache_changes_nothing_and_keeps_no_dense_mask(tmp_path, augment):
    def batches(cache):
        data = CocoDataModule(
            root=draw_coco(tmp_path),
            batch_size=3,
            instances=True,
            cache=cache,
            augment=augment and Augment(**augment),
        )
        return [batch for _ in range(2) for batch in data.train_dataloader()], data.samples("train")

    (kept, samples), (fresh, _) = batches(True), batches(False)
    for one, other in zip(kept, fresh, strict=True):
        for key in ("image", "masks", "boxes", "labels", "iscrowd"):
            assert all(torch.equal(a, b) for a, b in zip(one[key], other[key], strict=True))
    for place in range(len(samples)):
        assert set(samples.cache.read(place)) == {"image", "image_id", "size", "objects"}
    assert samples.semantic(0).max() > 0 and len(samples.objects(0)) == 3


def test_a_fraction_knows_its_ids_and_objects_without_an_image(tmp_path):
    root = draw_coco(tmp_path)
    for path in root.glob("train2017/*"):
        path.unlink()
    samples = CocoDataModule(root=root, fraction=0.5, instances=True).samples("train")
    assert len(samples) == 3
    for index, image_id in enumerate(samples.image_ids()):
        assert all(number // 10 == int(image_id) for number in samples.objects(index).ids)


class Plain:
    """A reader that knows nothing of objects."""

    info = DatasetInfo(
        name="plain", classes=("a",), palette=((0, 0, 0),), things=(False,), channels=1, mean=(0,), std=(1,)
    )

    def __init__(self, *, seed=0):
        pass


def test_a_reader_without_objects_is_refused_where_they_are_needed():
    class Data(SegmentationDataModule):
        reader = Plain

    assert Data().info.name == "plain"
    with pytest.raises(DataError, match="Reader Plain tells no objects apart: it takes no 'instances'"):
        Data(instances=True)


def test_an_augmentation_that_loses_the_masks_is_told():
    source = disks().samples("train").source
    samples = Samples(source, training=True, instances=True, augment=lambda sample, seed: {"image": sample["image"]})
    with pytest.raises(DataError, match="The augmentation gave a sample without its 'masks'"):
        samples.__getitems__([(0, 0)])
