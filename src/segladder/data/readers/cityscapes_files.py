"""What the files of Cityscapes hold: labelIds the classes, instanceIds the objects and, together, the segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segladder.data.decoding.id_maps import IdMapReader, read_ids
from segladder.data.decoding.images import header
from segladder.data.decoding.labels import LabelReader
from segladder.data.errors import DataError
from segladder.data.readers.cityscapes_table import (
    CLASSES,
    HIGHEST_ID,
    IS_VOID,
    LABEL_IDS,
    NUMBERED,
    PER_LABEL,
)
from segladder.data.readers.files import FileDataset, require_size
from segladder.masks import encode
from segladder.masks.segments import pixels_of_ids
from segladder.types import IGNORE_INDEX, Objects, Segments

LABEL_FILE, ID_FILE = "_gtFine_labelIds.png", "_gtFine_instanceIds.png"

LABELS = "gtFine_trainvaltest.zip"
"""The archive that holds both."""


class CityscapesLabels(LabelReader):
    """`*_gtFine_labelIds.png`: ids 0 to 33, of which 19 are classes and the rest is ignored."""

    in_color = (
        "That is what *_gtFine_color.png is for, a picture to look at: data=cityscapes reads *_gtFine_labelIds.png as"
        f" {LABELS} holds it."
    )

    def __init__(self) -> None:
        # -1 (licence plate) is never drawn by the official tools, so a file holds 0 to 33 alone
        ignored = [label_id for label_id in range(HIGHEST_ID + 1) if label_id not in LABEL_IDS]
        values = {label_id: index for index, label_id in enumerate(LABEL_IDS)}
        super().__init__([name for name, *_ in CLASSES], ignore=ignored, values=values, ignore_index=IGNORE_INDEX)

    def expectation(self) -> str:
        return f"values that are no Cityscapes label id (0 to {HIGHEST_ID})"

    def advice(self, every: NDArray[Any], bad: NDArray[Any]) -> str:
        if bad.tolist() == [255]:
            return (
                "255 is a train id: this looks like a *_labelTrainIds.png under the name of a *_labelIds.png. Take the"
                f" original from {LABELS}; the classes are made from labelIds here."
            )
        return f"Take the original from {LABELS}."


class CityscapesObjects(IdMapReader):
    """`*_gtFine_instanceIds.png`: `1000 * id + n` is the n-th object of a label id, and what is below is no object.

    An id of a class of objects alone (26, not 26003) is a group that nobody told apart: a crowd, as cityscapesScripts
    treats it. Label ids that the benchmark ignores give no objects.
    """

    needs_classes = False

    def meaning(
        self, present: NDArray[np.int64], ids: NDArray[Any], classes: NDArray[Any] | None, path: Path
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        single = present >= PER_LABEL
        label_ids = np.where(single, present // PER_LABEL, present)
        index_of = np.full(PER_LABEL, -1)
        index_of[list(LABEL_IDS)] = range(len(LABEL_IDS))
        labels = index_of[label_ids]
        things = np.append(self.info.things, False)[labels]
        wrong = present[(label_ids > HIGHEST_ID) | (single & (labels >= 0) & ~things)]
        if len(wrong):
            raise DataError(
                f"Id {wrong[0]} of '{path}' is none of Cityscapes: an object's is 1000 * label id + n, of a class with"
                f" objects (24 to 33), and any other is a label id (0 to 33). Take the original from {LABELS}."
            )
        return np.where(things, labels, -1), ~single

    def read(self, ids: NDArray[Any], classes: NDArray[Any] | None, *, path: Path) -> Objects:
        """See `IdMapReader.read`; what is found on ids that the benchmark ignores is forgiven."""
        objects = super().read(ids, classes, path=path)
        objects.void = encode(IS_VOID[ids][None])[0]
        return objects


class CityscapesDataset(FileDataset):
    """Cityscapes' files; their instanceIds also say how large an object is, and which segments an image has."""

    def object_ids(self, index: int) -> Tensor | None:
        """See `Sample.object_ids`; None where the split has no `*_gtFine_instanceIds.png` beside a label.

        Raises:
            DataError: see `read_ids`; or the file has another size than the label.
        """
        ids = self._instance_ids(index)
        return None if ids is None else torch.from_numpy(NUMBERED[ids])

    def segments(self, index: int) -> Segments:
        """The panoptic truth, as cityscapesScripts make it of the same files: groups are crowds, ignored ids void.

        Raises:
            DataError: there is no `*_gtFine_instanceIds.png`, or see `object_ids`.
        """
        found = self._instance_ids(index)
        if found is None:
            raise DataError(
                f"'{self.pairs[index].label}' has no *{ID_FILE} beside it, which tells segments apart. Unpack"
                f" {LABELS} completely."
            )
        ids = found.astype(np.int32)
        present, pixels = pixels_of_ids(ids)
        label_ids = np.where(present >= PER_LABEL, present // PER_LABEL, present)
        known = np.isin(label_ids, LABEL_IDS)
        for value in present[~known]:
            ids[ids == value] = 0
        labels = np.array([LABEL_IDS.index(int(value)) for value in label_ids[known]], dtype=np.int64)
        crowds = np.array(self.info.things)[labels] & (present[known] < PER_LABEL)
        return Segments(
            id_map=ids, ids=present[known].astype(np.int64), labels=labels, iscrowd=crowds, areas=pixels[known]
        )

    def _instance_ids(self, index: int) -> NDArray[Any] | None:
        label = self.pairs[index].label
        assert label is not None, "a split without labels is never scored"
        path = label.with_name(label.name.removesuffix(LABEL_FILE) + ID_FILE)
        if not path.is_file():
            return None
        ids = read_ids(path)
        require_size(header(label)[2], ids.shape, of=f"Label '{label}'", what="id map", path=path)
        return ids
