"""Predicted images in W&B's own form: overlays of classes and boxes with scores that its pages switch and filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segladder.masks import paint
from segladder.types import DatasetInfo, Instances, Objects
from segladder.viz import GridRow, InstanceRow, confident, match, to_rgb

MOST_BOXES = 300
"""Boxes of one image, the surest first: a page with many more is slow to answer."""

SURE = 0.5
"""Least score of an object in the mask of a prediction; boxes of any score are there, for the page to filter."""

IGNORED = 255
"""W&B's masks are of bytes: ignored pixels, and classes past the 255th."""


class Examples(NamedTuple):
    """What is logged of some images."""

    images: list[Any]
    """`wandb.Image` of each, with truth and prediction to switch on."""
    table: Any
    """`wandb.Table` with a line for each."""


class _Picture(NamedTuple):
    """One image and what lies over it."""

    section: str
    image_id: str
    numbers: list[float | int | None]
    rgb: NDArray[np.uint8]
    overlays: dict[str, dict[str, Any]]
    """`truth` (where there is one) and `prediction` -> `masks` and `boxes`, as far as there are any."""


def class_map_examples(rows: Sequence[GridRow], info: DatasetInfo) -> Examples:
    """Class maps as masks that name the classes, with the image's IoU."""
    names = _names(info)
    pictures = []
    for row in rows:
        sides = {"truth": row.truth, "prediction": row.pred}
        overlays = {side: {"masks": _mask(labels, info, names)} for side, labels in sides.items() if labels is not None}
        rgb = to_rgb(row.image, size=np.shape(row.pred))
        pictures.append(_Picture(row.section, row.image_id, [row.iou], rgb, overlays))
    return _examples(pictures, ["iou"], names)


def object_examples(rows: Sequence[InstanceRow], info: DatasetInfo) -> Examples:
    """Objects as boxes with class and score and masks of their classes, with the image's F1 and how it came about."""
    names = _names(info)
    pictures = []
    for row in rows:
        sides = {"truth": row.truth, "prediction": row.found}
        overlays = {
            side: {"boxes": {"box_data": _boxes(objects, names), "class_labels": names}}
            | ({} if objects.masks is None else {"masks": _mask(_classes_of(objects, info), info, names)})
            for side, objects in sides.items()
            if objects is not None
        }
        rgb = to_rgb(row.image, size=row.found.size)
        pictures.append(_Picture(row.section, row.image_id, [row.score, *_counts(row)], rgb, overlays))
    return _examples(pictures, ["f1", "hits", "missed", "false_alarms"], names)


def _examples(pictures: Sequence[_Picture], numbers: Sequence[str], names: dict[int, str]) -> Examples:
    import wandb

    classes = wandb.Classes([{"id": index, "name": name} for index, name in names.items()])  # type: ignore[attr-defined]
    images, lines = [], []
    for picture in pictures:
        overlays = picture.overlays
        caption = f"{picture.section}: {picture.image_id}"
        images.append(
            wandb.Image(
                picture.rgb, caption=caption, boxes=_layers("boxes", overlays), masks=_layers("masks", overlays)
            )
        )
        alone = {
            side: wandb.Image(
                picture.rgb,
                classes=classes,
                boxes=_layers("boxes", {side: overlay}),
                masks=_layers("masks", {side: overlay}),
            )
            for side, overlay in overlays.items()
        }
        plain = wandb.Image(picture.rgb)
        lines.append(
            [picture.section, picture.image_id, *picture.numbers, plain, alone.get("truth"), alone["prediction"]]
        )
    columns: list[str | int] = ["section", "image_id", *numbers, "input", "truth", "prediction"]
    return Examples(images, wandb.Table(columns=columns, data=lines))


def _layers(kind: str, overlays: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The masks, or boxes, by side."""
    return {side: overlay[kind] for side, overlay in overlays.items() if kind in overlay} or None


def _names(info: DatasetInfo) -> dict[int, str]:
    return dict(enumerate(info.classes)) | {IGNORED: "ignored"}


def _mask(labels: ArrayLike, info: DatasetInfo, names: dict[int, str]) -> dict[str, Any]:
    known = np.asarray(labels)
    return {
        "mask_data": np.where((known == info.ignore_index) | (known > IGNORED), IGNORED, known),
        "class_labels": names,
    }


def _boxes(objects: Instances | Objects, names: dict[int, str]) -> list[dict[str, Any]]:
    """Each object as W&B wants a box, in whole pixels."""
    scores = objects.scores if isinstance(objects, Instances) else np.ones(len(objects))
    data = []
    for index in np.argsort(-scores, kind="stable")[:MOST_BOXES].tolist():
        label = int(objects.labels[index])
        x1, y1, x2, y2 = (round(value) for value in objects.boxes[index].tolist())
        box: dict[str, Any] = {
            "position": {"minX": x1, "minY": y1, "maxX": x2, "maxY": y2},
            "domain": "pixel",
            "class_id": label,
            "box_caption": names[label],
        }
        if isinstance(objects, Instances):
            box |= {"box_caption": f"{names[label]} {scores[index]:.2f}", "scores": {"score": float(scores[index])}}
        elif objects.iscrowd[index]:
            box["box_caption"] = f"crowd: {names[label]}"
        data.append(box)
    return data


def _classes_of(objects: Instances | Objects, info: DatasetInfo) -> NDArray[np.int32]:
    """The class of the object at each pixel, `(H, W)`; elsewhere the background, or ignored where there is none."""
    if isinstance(objects, Instances):
        objects = confident(objects, SURE)
        order = np.argsort(objects.scores, kind="stable")
    else:
        order = np.argsort(~objects.iscrowd, kind="stable")
    fill = 0 if info.classes[0] == "background" else info.ignore_index
    masks = objects.masks or []
    return paint([masks[i] for i in order.tolist()], objects.labels[order].tolist(), objects.size, fill=fill)


def _counts(row: InstanceRow) -> list[float | int | None]:
    """Hits, misses and false alarms; None where there is no truth."""
    if row.truth is None:
        return [None, None, None]
    matching = match(confident(row.found, SURE), row.truth)
    return [int((matching.hit >= 0).sum()), int(matching.missed.sum()), int(matching.false.sum())]
