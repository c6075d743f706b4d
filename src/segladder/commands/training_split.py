"""The training samples that `segladder data` looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segladder.types import UserError

if TYPE_CHECKING:
    from segladder.data.module import SegmentationDataModule
    from segladder.data.samples import Samples


def training_samples(datamodule: SegmentationDataModule) -> Samples:
    """The samples of the training split.

    Raises:
        UserError: there is none.
    """
    samples = datamodule.samples("train")
    if samples is None:
        raise UserError("There is no training split (data.train_split=null or data.counts.train=0). Name one.")
    return samples
