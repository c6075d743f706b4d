"""What a run saw of its data set: the part of its record that says whether two runs are of the same data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from segladder.data.samples import Samples
from segladder.data.splits.subsets import Part
from segladder.types import DatasetInfo


def summary(reader: Any, seen: Mapping[str, Samples], *, part: Part, info: DatasetInfo) -> dict[str, Any]:
    """What was seen, for the record; lists every file once.

    Args:
        reader: of the data set.
        seen: of train, val and test, the samples of those that were.
        part: the part of each split that was read.
        info: what the data set is taken for.

    Returns:
        `name`, `root` (None for synthetic sets), and by split (train, val, test) `counts` of samples, `hashes` of
        content, `labels`, hashes of label files alone where there are such, `splits`, the published names, and `part`,
        what was asked for instead of all of it, see `Part.chosen`; `info`, the `DatasetInfo` as JSON has it.
    """
    counts, hashes, names, labels = {}, {}, {}, {}
    published = getattr(reader, "splits", {})
    for split, samples in seen.items():
        source: Any = samples.source
        counts[split] = len(samples)
        hashes[split] = source.digest(len(samples) if source.synthetic else samples.indices)
        read = part.read_from(split)
        names[split] = part.called(published.get(read, read), split)
        if hasattr(source, "label_digest"):
            labels[split] = source.label_digest(samples.indices)
    return {
        "name": info.name,
        "root": None if reader.root is None else str(reader.root),
        "counts": counts,
        "hashes": hashes,
        "labels": labels,
        "splits": names,
        "part": {split: part.told[split] for split in seen if split in part.told},
        "info": json.loads(json.dumps(asdict(info))),
    }
