"""Images to be predicted: those of any split, also of one whose labels nobody published."""

from __future__ import annotations

from typing import Any

from segladder.data.errors import DataError
from segladder.data.samples import Samples

_SYNTHETIC = ("train", "val", "test")


def unlabelled(reader: Any, split: str, *, limit: int | None, run_seed: int) -> Samples:
    """The samples of a split without their labels.

    Args:
        reader: of the data set.
        split: its published name, such as `test` or `trainval`; of a synthetic set train, val or test.
        limit: so many samples at most.
        run_seed: decides endless synthetic sets.

    Returns:
        Samples of `image`, `image_id` and `size`, in the split's own order.

    Raises:
        DataError: there is no such split.
    """
    published = getattr(reader, "unlabelled", None)
    if published is not None:
        source = published(split)
    else:
        if split not in _SYNTHETIC:
            raise DataError(f"data.split is '{split}'. Data set '{reader.info.name}' has train, val and test.")
        source = reader.dataset(split, run_seed=run_seed)
        if source is None:
            raise DataError(f"Data set '{reader.info.name}' has no split '{split}'. Name another with data.split.")
    kept = None if limit is None else list(range(min(limit, len(source))))
    return Samples(source, indices=kept, labels=False)
