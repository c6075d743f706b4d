"""Small masks and boxes become the runs that torchvision's pasting and pycocotools' encoding give."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as reference
from torchvision.models.detection.roi_heads import paste_masks_in_image

from segladder.masks import areas, paste


def theirs(probabilities, boxes, size, threshold=0.5):
    maps = (paste_masks_in_image(probabilities[:, None], boxes, size)[:, 0] > threshold).numpy()
    rles = reference.encode(np.asfortranarray(np.moveaxis(maps, 0, -1).astype(np.uint8)))
    return [{"size": list(rle["size"]), "counts": rle["counts"]} for rle in rles]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    side=st.sampled_from([1, 7, 14, 28]),
    threshold=st.sampled_from([0.0, 0.3, 0.5]),
)
def test_every_pixel_is_that_of_torchvision(seed, height, width, side, threshold):
    generator = torch.Generator().manual_seed(seed)
    size = torch.tensor([width, height])
    # one corner inside the image, the other anywhere around it
    inside = torch.rand(12, 2, generator=generator) * size
    other = (torch.rand(12, 2, generator=generator) * 3 - 1) * size
    boxes = torch.cat([torch.minimum(inside, other), torch.maximum(inside, other)], dim=1)
    boxes[0] = inside[0].repeat(2)
    boxes[1] = boxes[1].floor()
    boxes[2] = torch.cat([inside[2], inside[2] + 1])
    smooth = torch.nn.functional.interpolate(
        torch.rand(12, 1, 4, 4, generator=generator), size=(side, side), mode="bilinear"
    )[:, 0]
    probabilities = torch.cat([smooth[:8], torch.rand(4, side, side, generator=generator)])
    got = paste(probabilities, boxes, (height, width), threshold=threshold)
    assert got == theirs(probabilities, boxes, (height, width), threshold)


def test_values_at_the_threshold_fall_to_the_side_they_fall_to_in_torchvision():
    probabilities = torch.full((30, 28, 28), 0.5)
    probabilities[10:] = torch.randint(0, 2, (20, 28, 28)).float()
    boxes = torch.rand(30, 4) * 60
    boxes[:, 2:] += boxes[:, :2]
    assert paste(probabilities, boxes, (100, 110)) == theirs(probabilities, boxes, (100, 110))


def test_a_box_outside_the_image_shows_nothing():
    boxes = torch.tensor([[-30.0, -30, -10, -10], [200, 5, 220, 9], [5, 90, 9, 99]])
    rles = paste(torch.ones(3, 28, 28), boxes, (50, 60))
    assert areas(rles).tolist() == [0, 0, 0]


def test_no_detection_gives_no_mask():
    assert paste(torch.zeros(0, 28, 28), torch.zeros(0, 4), (50, 60)) == []


def test_what_does_not_fit_is_refused():
    boxes = torch.zeros(2, 4)
    with pytest.raises(ValueError, match=r"\(N, M, M\) for 2 boxes"):
        paste(torch.zeros(3, 28, 28), boxes, (50, 60))
    with pytest.raises(ValueError, match=r"\(N, M, M\) for 2 boxes"):
        paste(torch.zeros(2, 28, 14), boxes, (50, 60))
    with pytest.raises(ValueError, match="int64"):
        paste(torch.zeros(2, 28, 28), boxes.long(), (50, 60))
    with pytest.raises(ValueError, match="not finite"):
        paste(torch.zeros(2, 28, 28), torch.full((2, 4), torch.nan), (50, 60))
    with pytest.raises(ValueError, match="threshold is -1"):
        paste(torch.zeros(2, 28, 28), boxes, (50, 60), threshold=-1)
