"""Images of any sizes as one batch: resized where asked, padded to a multiple of the coarsest stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from segladder.models.settings import is_whole
from segladder.types import UserError


class ImageSizes(GeneralizedRCNNTransform):
    """torchvision's resizing and padding of images that are normalised already; masks stay as they are."""

    def __init__(self, min_size: int | Sequence[int] | None, max_size: int | None, *, multiple: int) -> None:
        """
        Args:
            min_size: what the shorter side becomes, in pixels; of several one is drawn for each image in training, and
                evaluation takes the last. None: images keep their size.
            max_size: the longer side becomes no longer, even if the shorter then stays below `min_size`; None: any.
            multiple: of what the padded sides are.

        Raises:
            UserError: no numbers of pixels, or `max_size` alone.
        """
        _check(min_size, max_size)
        sizes = (0,) if min_size is None else (min_size,) if isinstance(min_size, int) else tuple(min_size)
        super().__init__(sizes, max_size or float("inf"), [], [], size_divisible=multiple)
        self.resizes = min_size is not None

    def normalize(self, image: Tensor) -> Tensor:
        return image

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, Any]:
        return super().resize(image, target) if self.resizes else (image, target)


def _check(min_size: Any, max_size: Any) -> None:
    several = list(min_size) if isinstance(min_size, Sequence) and not isinstance(min_size, str) else [min_size]
    if min_size is not None and (not several or not all(is_whole(size) and size > 0 for size in several)):
        raise UserError(
            f"model.min_size is {min_size!r}. Give pixels of the shorter side, as in model.min_size=800, a list to draw"
            " from in training, or null for the images' own size."
        )
    if max_size is None:
        return
    if not is_whole(max_size) or max_size < 1:
        raise UserError(f"model.max_size is {max_size!r}. Give pixels of the longer side, as in 1333, or null.")
    if min_size is not None and max_size < min(several):
        raise UserError(f"model.max_size is {max_size}, less than model.min_size ({min(several)}). Raise it.")
    if min_size is None:
        raise UserError(
            f"model.max_size is {max_size}, which has no effect while model.min_size is null: images then keep their"
            " size. Set model.min_size, too."
        )
