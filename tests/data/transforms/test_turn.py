import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from segladder.data.transforms.augment import Augment
from segladder.data.transforms.turn import QuarterTurn


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turn_is_torchvisions(turns):
    image = tv_tensors.Image(torch.randint(0, 255, (3, 24, 24), dtype=torch.uint8))
    mask = tv_tensors.Mask(torch.randint(0, 5, (24, 24)))
    boxes = tv_tensors.BoundingBoxes([[2.0, 3.0, 10.0, 7.0]], format="XYXY", canvas_size=(24, 24))
    turn = QuarterTurn(1.0)
    for item in (image, mask, boxes):
        ours = turn.transform(item, {"turns": turns})
        assert torch.equal(ours, F.rotate(item, 90 * turns)) and type(ours) is type(item)


def test_boxes_stay_around_their_masks():
    mask = torch.zeros(1, 20, 30, dtype=torch.bool)
    mask[0, 3:7, 2:10] = True
    boxes = tv_tensors.BoundingBoxes([[2.0, 3.0, 10.0, 7.0]], format="XYXY", canvas_size=(20, 30))
    for turns in (1, 2, 3):
        turned = torch.rot90(mask, turns, (1, 2))[0].numpy()
        rows, columns = np.nonzero(turned)
        ours = QuarterTurn(1.0).transform(boxes, {"turns": turns})
        assert ours.tolist() == [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
        assert tuple(ours.canvas_size) == turned.shape


def test_each_turn_is_as_likely_and_no_pixel_is_lost():
    image = torch.arange(9, dtype=torch.uint8).reshape(1, 3, 3)
    corners = [int(Augment(rotate90=0.75)({"image": image}, seed=seed)["image"][0, 0, 0]) for seed in range(400)]
    assert set(corners) == {0, 2, 6, 8}
    # standard error 8.7
    assert all(65 < corners.count(value) < 135 for value in (0, 2, 6, 8))


def test_what_is_not_square_keeps_its_size():
    sample = {"image": torch.rand(1, 4, 6), "semantic": torch.arange(24).reshape(4, 6)}
    for seed in range(8):
        changed = Augment(rotate90=1.0)(sample, seed=seed)
        assert torch.equal(changed["semantic"], sample["semantic"].flip(0, 1))
