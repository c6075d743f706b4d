"""What a prediction leaves on disk: label PNG, overlay with legend, probabilities, and a list of what made them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from segladder.inference.label_files import Ids, ids_of, save_whole, write_labels
from segladder.types import DatasetInfo, Instances, UserError

LABELS, OVERLAY, PROBABILITIES = ".png", "_overlay.png", "_probabilities.npz"
"""What the names of the files end with."""

RESULTS = "instances.json"
"""The objects of all images as COCO results."""

LIST = "predictions.json"
_SCHEMA = 1

LONGEST = 2048
"""Longest side of an overlay in pixels; larger images are reduced."""

_NARROWEST = 200
"""Least width of an overlay in pixels, for its legend; the image stays at its size."""


@dataclass(kw_only=True)
class PredictionList:
    """`predictions.json`: what made the label files beside it, and in which ids they are."""

    ids: Ids
    classes: list[dict[str, Any]]
    """`name`, `value` in the label files and `color` of each class, in the order of their indices."""
    made_by: dict[str, Any] = field(default_factory=dict)
    """Run or weights, inference protocol, precision."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Label file below the folder -> `source`, `height`, `width`."""

    @classmethod
    def of(cls, info: DatasetInfo, ids: Ids, made_by: Mapping[str, Any]) -> PredictionList:
        """A list without files yet."""
        table = zip(info.classes, ids_of(info, ids), info.palette, strict=True)
        classes = [{"name": name, "value": value, "color": list(color)} for name, value, color in table]
        return cls(ids=ids, classes=classes, made_by=json.loads(json.dumps(made_by)))

    @classmethod
    def read(cls, folder: Path) -> PredictionList | None:
        """The list of a folder; None where it has none.

        Raises:
            UserError: it was cut short or edited into something else.
        """
        path = folder / LIST
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["schema"] > _SCHEMA:
                raise UserError(f"'{path}' has schema {content['schema']}. Update segladder to read it.")
            kept = {key: content[key] for key in ("ids", "classes", "made_by", "files")}
            if kept["ids"] not in ("official", "train") or not isinstance(kept["files"], dict):
                raise ValueError(kept["ids"])
            [entry["name"] for entry in kept["classes"]]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(
                f"'{path}' cannot be read: it was cut short or edited. Predict again, or take the file away and say"
                " the ids yourself: predictions.ids=official or =train."
            ) from error
        return cls(**kept)

    def write(self, folder: Path) -> None:
        """Writes the list whole or not at all."""
        content = {
            "schema": _SCHEMA,
            "ids": self.ids,
            "classes": self.classes,
            "made_by": self.made_by,
            "files": dict(sorted(self.files.items())),
        }
        part = folder / f".{LIST}.{os.getpid()}"
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(folder / LIST)

    def alike(self, other: PredictionList) -> bool:
        """Whether the same network, looking in the same way, wrote both in the same ids."""
        return (self.ids, self.classes, self.made_by) == (other.ids, other.classes, other.made_by)


def start_list(
    folder: Path, new: PredictionList, names: Sequence[str], *, suffixes: Sequence[str], overwrite: bool
) -> PredictionList:
    """The list to add to: the folder's own where the same network wrote it, else the new one.

    Args:
        folder: where predictions go.
        new: what is going to write there.
        names: of the inputs.
        suffixes: what is written for each.
        overwrite: whether files that are there may be replaced.

    Raises:
        UserError: the folder holds another network's predictions, or files of those names that are not predictions
            of this one.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"output={folder} is a file. Name a folder.")
    old = PredictionList.read(folder)
    if old is not None and old.alike(new):
        new = old
    elif old is not None and not overwrite:
        raise UserError(
            f"'{folder}' holds predictions of another network or in other ids (see its {LIST}). Choose another"
            " folder with output=DIR, or add overwrite=true."
        )
    files = [f"{name}{suffix}" for name in names if f"{name}{LABELS}" not in new.files for suffix in suffixes]
    there = [] if overwrite else [file for file in files if (folder / file).exists()]
    if there:
        raise UserError(
            f"'{folder / there[0]}'{f' and {len(there) - 1} more' if len(there) > 1 else ''} would be overwritten."
            " Choose another folder with output=DIR, or add overwrite=true."
        )
    return new


def write_prediction(
    stem: Path,
    classes: NDArray[Any],
    info: DatasetInfo,
    *,
    ids: Ids,
    overlay: Image.Image | None = None,
    probabilities: NDArray[np.float16] | None = None,
) -> None:
    """Writes what was asked for of one image.

    Args:
        stem: path of the files without their endings.
        classes: `(H, W)` integer.
        info: classes and colours.
        ids: of the label PNG.
        overlay: the picture, where wanted.
        probabilities: `(K, H, W)`, where wanted.

    Raises:
        UserError: the disk refuses.
    """
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_labels(Path(f"{stem}{LABELS}"), classes, info, ids=ids)
        if overlay is not None:
            save_whole(overlay, Path(f"{stem}{OVERLAY}"))
        if probabilities is not None:
            part = stem.with_name(f".{os.getpid()}{PROBABILITIES}")
            np.savez_compressed(part, probabilities=probabilities, classes=np.array(info.classes))
            part.replace(f"{stem}{PROBABILITIES}")
    except OSError as error:
        raise UserError(
            f"'{stem}{LABELS}' cannot be written: {error.strerror or error}. Free some space, or choose another folder"
            " with output=DIR."
        ) from error


def overlay_picture(raw: Tensor, classes: NDArray[Any], info: DatasetInfo) -> Image.Image:
    """The image tinted with its classes, a legend of those that occur below; at most `LONGEST` pixels long."""
    from segladder.viz import legend, overlay

    raw, classes = reduced(raw, classes, step=-(-max(classes.shape) // LONGEST))
    tinted = overlay(raw.numpy(), classes, info.palette, ignore_index=info.ignore_index, layout="CHW")
    present = [index for index in np.unique(classes).tolist() if index < info.num_classes]
    strip = legend(
        [(info.classes[index], info.palette[index]) for index in present], width=max(tinted.shape[1], _NARROWEST)
    )
    sheet = Image.new("RGB", (strip.shape[1], tinted.shape[0] + strip.shape[0]), (255, 255, 255))
    sheet.paste(Image.fromarray(tinted), (0, 0))
    sheet.paste(Image.fromarray(strip), (0, tinted.shape[0]))
    return sheet


def objects_picture(raw: Tensor, found: Instances, info: DatasetInfo) -> Image.Image:
    """The image with the objects that are at least half sure: colour, outline, box, class and score."""
    from segladder.viz import instance_overlay

    return Image.fromarray(instance_overlay(raw.numpy(), found, info, longest=LONGEST))


def reduced(raw: Tensor, classes: NDArray[Any], *, step: int) -> tuple[Tensor, NDArray[Any]]:
    """Image and classes with one pixel for each block of `step` by `step`: its mean, and the class in its middle."""
    if step <= 1:
        return raw, classes
    C, H, W = raw.shape
    down, right = min(step, H), min(step, W)
    lines, columns = H // down, W // right
    # line by line: a second image in floats would take four times the memory of the first
    rows = [
        raw[:, top : top + down, : columns * right].float().reshape(C, down, columns, right).mean((1, 3))
        for top in range(0, lines * down, down)
    ]
    middles = classes[down // 2 :: down, right // 2 :: right][:lines, :columns]
    return torch.stack(rows, dim=1).to(raw.dtype), middles
